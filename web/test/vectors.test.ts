/*
 * The golden sessions that the server's tests play too (protocol/vectors/live-sessions.json), from the client's side and over
 * both roads: given exactly those bytes, the client must show `view` at `position`.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { asObject, decodeSlot, listOf, parseJson } from "../src/sync/decode.js";
import { createLiveClient, type Availability } from "../src/sync/live.js";
import { sseTransport, webSocketTransport, type Connect } from "../src/sync/transport.js";
import { FakeWorld } from "./fake.js";

const QUERY = { service: "1", resource: "2", from: "2026-11-16", to: "2026-11-22", durationMin: 30, party: 2 };

/** The other end of whichever road. */
interface Road {
	readonly connect: Connect;
	open(): void;
	lose(): void;
	/** One message as the vectors write it for this road. */
	deliver(step: Step): void;
	/** `after` of the newest subscription. */
	after(): string | null;
}

interface Step {
	readonly receive: string | null;
	readonly sse: string | null;
	readonly view: unknown;
	readonly position: string | null;
}

class FakeSocket {
	static newest: FakeSocket | null = null;
	readonly OPEN = 1;
	readyState = 0;
	readonly sent: string[] = [];
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: string }) => void) | null = null;
	onclose: (() => void) | null = null;
	onerror: (() => void) | null = null;
	constructor(
		readonly url: string,
		readonly protocol: string,
	) {
		FakeSocket.newest = this;
	}
	send(text: string): void {
		this.sent.push(text);
	}
	close(): void {}
}

const webSocketRoad = (sessionId: string): Road => {
	const socket = (): FakeSocket => {
		assert.ok(FakeSocket.newest);
		return FakeSocket.newest;
	};
	const asked = (): Readonly<Record<string, unknown>> => asObject(parseJson(socket().sent.at(-1) ?? "")) ?? {};
	return {
		connect: webSocketTransport("ws://host/v1/live", FakeSocket as unknown as typeof WebSocket),
		open() {
			assert.equal(socket().protocol, "rowcast.v1+json");
			socket().readyState = 1;
			socket().onopen?.();
		},
		lose: () => socket().onclose?.(),
		deliver(step) {
			// The vectors name the subscription; the client chose a name of its own.
			const message = asObject(parseJson(step.receive ?? ""));
			assert.ok(message);
			if ("id" in message) assert.equal(message["id"], sessionId);
			socket().onmessage?.({ data: JSON.stringify("id" in message ? { ...message, id: asked()["id"] } : message) });
		},
		after: () => (asked()["after"] as string | undefined) ?? null,
	};
};

class FakeSource {
	static newest: FakeSource | null = null;
	readonly listeners = new Map<string, (event: Event) => void>();
	onopen: (() => void) | null = null;
	constructor(readonly url: string) {
		FakeSource.newest = this;
	}
	addEventListener(type: string, listener: (event: Event) => void): void {
		this.listeners.set(type, listener);
	}
	close(): void {}
}

const sseRoad = (): Road => {
	const source = (): FakeSource => {
		assert.ok(FakeSource.newest);
		return FakeSource.newest;
	};
	return {
		connect: sseTransport("/v1/live/sse", FakeSource as unknown as typeof EventSource),
		open: () => source().onopen?.(),
		lose: () => source().listeners.get("error")?.(new Event("error")),
		deliver(step) {
			const lines = (step.sse ?? "").split("\n");
			const field = (name: string): string =>
				lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join("\n");
			source().listeners.get(field("event"))?.(new MessageEvent(field("event"), { data: field("data") }));
		},
		after: () => new URL(source().url, "http://host").searchParams.get("after"),
	};
};

const word = (value: unknown): string | null => (typeof value === "string" ? value : null);

const file = asObject(parseJson(readFileSync(`${WEB_ROOT}../protocol/vectors/live-sessions.json`, "utf8")));
const sessions = listOf(file?.["sessions"], asObject);
assert.ok(sessions && sessions.length > 5);

for (const session of sessions) {
	const steps = listOf(session["steps"], (value): Step | null => {
		const step = asObject(value);
		return step && { receive: word(step["receive"]), sse: word(step["sse"]), view: step["view"], position: word(step["position"]) };
	});
	const rows = listOf(session["rows"] ?? [], (row) => decodeSlot(parseJson(String(row))));
	const id = String(session["id"]);
	const after = word(session["after"]);
	assert.ok(steps && rows);

	for (const [name, make] of [
		["WebSocket", () => webSocketRoad(id)],
		["SSE", sseRoad],
	] as const) {
		test(`${name}: ${String(session["name"])}`, () => {
			const world = new FakeWorld();
			const road = make();
			const view = createLiveClient(world, [road.connect]).availability(QUERY);
			road.open();
			if (after !== null) begin(road, world, view, after, JSON.stringify(rows), id);
			let looked = 0;
			for (const step of steps) {
				if (step.receive !== null) road.deliver(step);
				if (step.view === undefined) continue;
				const wanted = listOf(step.view, decodeSlot);
				assert.ok(wanted);
				const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
				assert.deepEqual([...view.slots.all()].sort(byId), wanted.sort(byId));
				assert.equal(view.position(), step.position);
				assert.equal(view.status().state, "live");
				looked += 1;
			}
			assert.ok(looked > 0);
		});
	}
}

/** Bring the client to the rows it resumes from, lose the connection and come back. */
function begin(road: Road, world: FakeWorld, view: Availability, after: string, rows: string, id: string): void {
	const body = `"position":${JSON.stringify(after)},"rows":${rows}}`;
	road.deliver({
		receive: `{"type":"snapshot","id":${JSON.stringify(id)},${body}`,
		sse: `event: snapshot\nid: ${after}\ndata: {"type":"snapshot",${body}\n\n`,
		view: undefined,
		position: null,
	});
	assert.equal(view.position(), after);
	road.lose();
	world.pass(1_000);
	road.open();
	assert.equal(road.after(), after);
}
