import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { createClient } from "../src/sync/client.js";
import { FakeWorld } from "./fake.js";

/** What a browser has and this test lends to Node: a socket and a stream that note their address, and events of the window. */
const addresses: string[] = [];
const heard = new Map<string, Set<() => void>>();
class Noted {
	readonly readyState = 0;
	constructor(url: string) {
		addresses.push(url);
	}
	addEventListener(): void {}
	send(): void {}
	close(): void {}
}
const lend = (members: object): unknown => Object.assign(globalThis, members);
lend({
	addEventListener: (event: string, run: () => void) => void heard.set(event, (heard.get(event) ?? new Set()).add(run)),
	removeEventListener: (event: string, run: () => void) => void heard.get(event)?.delete(run),
	fetch: (url: string, init?: RequestInit) => {
		addresses.push(url);
		keys.push(new Headers(init?.headers).get("Idempotency-Key"));
		return Promise.reject(new Error("nobody is there"));
	},
});
const keys: (string | null)[] = [];
const QUERY = { service: "1", from: "2026-11-16", to: "2026-11-22" };

beforeEach(() => {
	addresses.length = keys.length = 0;
	lend({ WebSocket: Noted, EventSource: Noted });
});

const first = (options: Parameters<typeof createClient>[0]): string | undefined => {
	const client = createClient({ share: false, environment: new FakeWorld(), ...options });
	client.availability(QUERY);
	client.close();
	return addresses.splice(0)[0];
};

test("the best road that the platform has is taken, unless one is named", () => {
	assert.equal(first({ url: "https://host/" }), "wss://host/v1/live");
	assert.equal(first({ url: "http://host:8080/book" }), "ws://host:8080/book/v1/live");
	assert.match(first({ url: "https://host", transport: "sse" }) ?? "", /^https:\/\/host\/v1\/live\/sse\?topic=availability&/);
	assert.match(first({ url: "https://host", transport: "poll" }) ?? "", /^https:\/\/host\/v1\/live\/poll\?/);
	lend({ WebSocket: undefined });
	assert.match(first({ url: "https://host" }) ?? "", /\/sse\?/);
	lend({ EventSource: undefined });
	assert.match(first({ url: "https://host" }) ?? "", /\/poll\?/);
	assert.throws(() => createClient({ url: "https://host", transport: "websocket" }), /no transport "websocket"/);
});

test("the network's comings and goings are heard, until the client is closed", () => {
	const client = createClient({ url: "https://host", share: false, environment: new FakeWorld() });
	client.availability(QUERY);
	for (const run of heard.get("offline") ?? []) run();
	assert.equal(client.state(), "down");
	for (const run of heard.get("online") ?? []) run();
	assert.equal(addresses.length, 2);
	client.close();
	assert.deepEqual([...heard.values()].map((listeners) => listeners.size), [0, 0, 0, 0]);
});

test("every write has a key of its own, also where nothing can be stored and crypto is missing", async () => {
	Object.defineProperty(globalThis, "sessionStorage", {
		get() {
			throw new Error("SecurityError");
		},
	});
	Object.defineProperty(globalThis, "crypto", { value: undefined });
	// Pauses between attempts end at once.
	const environment = Object.assign(new FakeWorld(), {
		after(_ms: number, run: () => void) {
			queueMicrotask(run);
			return () => {};
		},
	});
	const client = createClient({ url: "https://host", share: false, environment });
	for (const name of ["Ana", "Eva", "Ana"]) await client.api.book("R1", { name, email: "a@b.c" });
	client.close();
	assert.equal(keys.length, 9);
	assert.equal(new Set(keys).size, 2);
	for (const key of keys) assert.match(key ?? "", /^[0-9a-f]{32}$/);
});
