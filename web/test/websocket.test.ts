import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventLike } from "../src/sync/platform.js";
import { webSocketTransport } from "../src/sync/websocket.js";

test("a rate is a member of the subscribe message", () => {
	const sent: string[] = [];
	class Socket {
		readyState = 1;
		addEventListener(_type: string, _listener: (event: EventLike) => void): void {}
		send(text: string): void {
			sent.push(text);
		}
		close(): void {}
	}
	const transport = webSocketTransport("ws://host/v1/live", Socket)({ opened() {}, message() {}, closed() {} });
	const query = { service: "1", from: "2026-11-16", to: "2026-11-22" };
	transport.subscribe({ id: "1", query: { ...query, maxPerS: 0.5 }, after: null });
	transport.subscribe({ id: "2", query, after: null });
	assert.deepEqual(sent.map((text) => JSON.parse(text) as unknown), [
		{ type: "subscribe", id: "1", topic: "availability", ...query, max_per_s: 0.5 },
		{ type: "subscribe", id: "2", topic: "availability", ...query },
	]);
});
