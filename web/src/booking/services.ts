/* The page's one connection and its calls, made when first asked for. */
import { browserEnvironment, createApi, createLiveClient, sseTransport, webSocketTransport } from "../sync/index.js";
import type { Api, Environment, LiveClient } from "../sync/index.js";

export const environment: Environment = browserEnvironment();

export const api: Api = createApi({
	base: "",
	environment,
	fetch: (input, init) => fetch(input, init),
	newKey: randomKey,
	storage: sessionStorage,
});

export function connectLive(): LiveClient {
	const socketAddress = new URL("/v1/live", location.href);
	socketAddress.protocol = location.protocol === "https:" ? "wss:" : "ws:";
	const client = createLiveClient(environment, [webSocketTransport(socketAddress.href), sseTransport("/v1/live/sse")]);
	addEventListener("online", () => client.wake());
	addEventListener("offline", () => client.offline());
	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState === "visible") client.wake();
	});
	// A page that comes out of the back/forward cache has a dead socket and throttled timers.
	addEventListener("pageshow", (event) => {
		if (event.persisted) client.wake();
	});
	return client;
}

/** 128 random bits. crypto.randomUUID exists in secure contexts only, and a venue's server may be plain http in its own network. */
function randomKey(): string {
	return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
