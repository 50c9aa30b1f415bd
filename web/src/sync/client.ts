/*
 * The client with everything at its place: three roads, one connection per browser, calls with keys, and an ear for the
 * platform (the network comes and goes, the tab is shown again). Who wants other parts takes them from index.ts.
 */
import { createApi, type Api } from "./api.js";
import { defaultEnvironment, type Environment } from "./environment.js";
import { createLiveClient, type LiveClient } from "./live.js";
import { platform, type FetchLike, type KeyStorage } from "./platform.js";
import { pollTransport } from "./poll.js";
import { platformSharing, sharedTransport } from "./shared.js";
import { sseTransport } from "./sse.js";
import type { Connect } from "./transport.js";
import { webSocketTransport } from "./websocket.js";

export type Road = "websocket" | "sse" | "poll";

export interface ClientOptions {
	/** Where Slotcast is served: "https://book.example.org". "" is the page's own origin. */
	readonly url: string;
	/** "auto" (default): WebSocket, else SSE, else long-poll, as far as this platform has them. */
	readonly transport?: "auto" | Road;
	/** One connection for all tabs of the browser, where it has Web Locks and BroadcastChannel. Default true. */
	readonly share?: boolean;
	/** Where keys of writes under way survive a reload. Default: sessionStorage where there is one, else memory. */
	readonly storage?: KeyStorage;
	readonly environment?: Environment;
}

export interface Client extends LiveClient {
	/** Calls that read and write once. */
	readonly api: Api;
}

export function createClient(options: ClientOptions): Client {
	const environment = options.environment ?? defaultEnvironment();
	const url = (options.url || platform.location?.origin || "").replace(/\/+$/, "");
	const sharing = options.share === false ? null : platformSharing(environment);
	const fetch: FetchLike = (address, init) => (platform.fetch as FetchLike)(address, init);

	const roads: Readonly<Record<Road, readonly [exists: unknown, connect: () => Connect]>> = {
		websocket: [platform.WebSocket, () => webSocketTransport(`${url.replace(/^http/, "ws")}/v1/live`)],
		sse: [platform.EventSource, () => sseTransport(`${url}/v1/live/sse`)],
		poll: [platform.fetch, () => pollTransport(`${url}/v1/live/poll`, environment, fetch)],
	};
	const wanted = options.transport ?? "auto";
	const names = (Object.keys(roads) as Road[]).filter((road) => (wanted === "auto" || wanted === road) && roads[road][0]);
	if (names.length === 0) throw new Error(`This platform has no transport "${wanted}".`);

	const live = createLiveClient(
		environment,
		names.map((road) => sharedTransport(`rowcast.v1 ${url} ${road}`, roads[road][1](), sharing)),
	);
	const stored = options.storage ?? tabStorage();
	const api = createApi({ base: url, environment, fetch, newKey, ...(stored ? { storage: stored } : {}) });

	// A page that comes out of the back/forward cache has a dead connection; a hidden one has throttled timers.
	const heard = { online: live.wake, pageshow: live.wake, visibilitychange: live.wake, offline: live.offline };
	for (const [event, run] of Object.entries(heard)) platform.addEventListener?.(event, run);
	return {
		...live,
		api,
		close() {
			for (const [event, run] of Object.entries(heard)) platform.removeEventListener?.(event, run);
			live.close();
		},
	};
}

/** A browser that keeps no site data for this page throws where it is asked for. */
function tabStorage(): KeyStorage | undefined {
	try {
		return platform.sessionStorage;
	} catch {
		return undefined;
	}
}

/**
 * 128 random bits. crypto.randomUUID exists in secure contexts only, and a venue's server may be plain http in its own network;
 * Node 18 has no global crypto at all. A key must be new, not secret.
 */
function newKey(): string {
	const bytes = Uint8Array.from({ length: 16 }, () => Math.random() * 256);
	return [...(platform.crypto?.getRandomValues(bytes) ?? bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
