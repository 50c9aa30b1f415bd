/*
 * The golden sessions that the server's tests play too (protocol/vectors/live-sessions.json), from the client's side and over
 * every road: given exactly those bytes, the client must show `view` at `position`.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { asObject, decodeSlot, listOf, parseJson } from "../src/sync/decode.js";
import { createLiveClient, type Availability } from "../src/sync/live.js";
import type { EventLike } from "../src/sync/platform.js";
import type { FetchInit, ResponseLike } from "../src/sync/platform.js";
import { pollTransport } from "../src/sync/poll.js";
import { sseTransport } from "../src/sync/sse.js";
import type { Connect } from "../src/sync/transport.js";
import { webSocketTransport } from "../src/sync/websocket.js";
import { FakeWorld } from "./fake.js";

const QUERY = { service: "1", resource: "2", from: "2026-11-16", to: "2026-11-22", durationMin: 30, party: 2 };

/** The other end of whichever road. */
interface Road {
	readonly connect: Connect;
	open(): void;
	lose(): void | Promise<void>;
	/** One message as the vectors write it for this road. */
	deliver(step: Step): void | Promise<void>;
	/** `after` of the newest subscription. */
	after(): string | null;
}

interface Step {
	readonly receive: string | null;
	readonly sse: string | null;
	readonly view: unknown;
	readonly position: string | null;
}

class FakeTarget {
	private readonly listeners = new Map<string, (event: EventLike) => void>();
	addEventListener(type: string, listener: (event: EventLike) => void): void {
		this.listeners.set(type, listener);
	}
	happen(type: string, data?: string): void {
		this.listeners.get(type)?.({ type, data });
	}
}

class FakeSocket extends FakeTarget {
	static newest: FakeSocket | null = null;
	readyState = 0;
	readonly sent: string[] = [];
	constructor(
		readonly url: string,
		readonly protocol: string,
	) {
		super();
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
		connect: webSocketTransport("ws://host/v1/live", FakeSocket),
		open() {
			assert.equal(socket().protocol, "rowcast.v1+json");
			socket().readyState = 1;
			socket().happen("open");
		},
		lose: () => socket().happen("close"),
		deliver(step) {
			// The vectors name the subscription; the client chose a name of its own.
			const message = asObject(parseJson(step.receive ?? ""));
			assert.ok(message);
			if ("id" in message) assert.equal(message["id"], sessionId);
			socket().happen("message", JSON.stringify("id" in message ? { ...message, id: asked()["id"] } : message));
		},
		after: () => (asked()["after"] as string | undefined) ?? null,
	};
};

class FakeSource extends FakeTarget {
	readonly readyState = 1;
	static newest: FakeSource | null = null;
	constructor(readonly url: string) {
		super();
		FakeSource.newest = this;
	}
	close(): void {}
}

const sseRoad = (): Road => {
	const source = (): FakeSource => {
		assert.ok(FakeSource.newest);
		return FakeSource.newest;
	};
	return {
		connect: sseTransport("/v1/live/sse", FakeSource),
		open: () => source().happen("open"),
		lose: () => source().happen("error"),
		deliver(step) {
			const lines = (step.sse ?? "").split("\n");
			const field = (name: string): string =>
				lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join("\n");
			source().happen(field("event"), field("data"));
		},
		after: () => new URL(source().url, "http://host").searchParams.get("after"),
	};
};

/** Long-poll has no words of its own in the vectors: its answers are lists of the objects without `id`, and without status. */
const pollRoad = (world: FakeWorld): Road => {
	let asked = "";
	let turn = 0;
	let answer: (response: ResponseLike) => void = () => {};
	let fail: (error: Error) => void = () => {};
	const fetch = (url: string, _init?: FetchInit): Promise<ResponseLike> =>
		new Promise((resolve, reject) => {
			asked = url;
			answer = resolve;
			fail = reject;
		});
	return {
		connect: pollTransport("/v1/live/poll", world, fetch),
		open: () => {},
		async lose() {
			fail(new Error("reset"));
			await heard();
		},
		async deliver(step) {
			const { id: _, ...message } = asObject(parseJson(step.receive ?? "")) ?? {};
			if (message["type"] === "status") return;
			answer(new Response(JSON.stringify([message]), { headers: { "Rowcast-Seen": `0.${turn++}` } }));
			await heard();
		},
		after: () => new URL(asked, "http://host").searchParams.get("after"),
	};
};

/** An answer is read over some turns of the loop. */
const heard = async (): Promise<void> => {
	for (let i = 0; i < 5; i++) await new Promise(setImmediate);
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
		["long-poll", pollRoad],
	] as const) {
		test(`${name}: ${String(session["name"])}`, async () => {
			const world = new FakeWorld();
			const road = make(world);
			const view = createLiveClient(world, [road.connect]).availability(QUERY);
			road.open();
			if (after !== null) await begin(road, world, view, after, JSON.stringify(rows), id);
			let looked = 0;
			for (const step of steps) {
				if (step.receive !== null) await road.deliver(step);
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
async function begin(road: Road, world: FakeWorld, view: Availability, after: string, rows: string, id: string): Promise<void> {
	const body = `"position":${JSON.stringify(after)},"rows":${rows}}`;
	await road.deliver({
		receive: `{"type":"snapshot","id":${JSON.stringify(id)},${body}`,
		sse: `event: snapshot\nid: ${after}\ndata: {"type":"snapshot",${body}\n\n`,
		view: undefined,
		position: null,
	});
	assert.equal(view.position(), after);
	await road.lose();
	world.pass(1_000);
	road.open();
	assert.equal(road.after(), after);
}
