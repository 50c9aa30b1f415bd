import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventLike, SourceLike } from "../src/sync/platform.js";
import { sseTransport } from "../src/sync/sse.js";

const QUERY = { service: "1", from: "2026-11-16", to: "2026-11-22" };

class Source implements SourceLike {
	static all: Source[] = [];
	readyState = 0;
	private readonly listeners = new Map<string, (event: EventLike) => void>();
	constructor(readonly url: string) {
		Source.all.push(this);
	}
	addEventListener(type: string, listener: (event: EventLike) => void): void {
		this.listeners.set(type, listener);
	}
	close(): void {
		this.readyState = 2;
	}
	open(): void {
		this.readyState = 1;
		this.listeners.get("open")?.({ type: "open" });
	}
	/** What the platform says of a stream that has ended (it tries again: 0) or of an answer that is no stream (2). */
	error(readyState: number): void {
		this.readyState = readyState;
		this.listeners.get("error")?.({ type: "error" });
	}
}

/** Two queries on one road. */
const stage = (): { said: string[]; first: Source; second: Source } => {
	Source.all = [];
	const said: string[] = [];
	const transport = sseTransport("/v1/live/sse", Source)({
		opened: () => said.push("opened"),
		message: (data, id) => said.push(`${(data as { type: string }).type} ${id}`),
		closed: () => said.push("closed"),
	});
	for (const id of ["1", "2"]) transport.subscribe({ id, query: QUERY, after: null });
	const [first, second] = Source.all as [Source, Source];
	return { said, first, second };
};

test("a rate is in the stream's address", () => {
	Source.all = [];
	const transport = sseTransport("/v1/live/sse", Source)({ opened() {}, message() {}, closed() {} });
	transport.subscribe({ id: "1", query: { ...QUERY, maxPerS: 0.5 }, after: "a.1" });
	assert.equal(new URL(Source.all[0]?.url ?? "", "http://host").searchParams.get("max_per_s"), "0.5");
});

test("a stream that the server refuses is an error of that query; the others keep theirs", () => {
	const { said, first, second } = stage();
	first.open();
	second.error(2);
	assert.deepEqual(said, ["opened", "error 2"]);
	assert.equal(first.readyState, 1);
});

test("a stream that ends after it was open, or that finds no server, ends the road", () => {
	const after = stage();
	after.first.open();
	after.second.open();
	after.second.error(2);
	const none = stage();
	none.first.open();
	none.second.error(0);
	for (const { said, first } of [after, none]) {
		assert.deepEqual(said, ["opened", "closed"]);
		assert.equal(first.readyState, 2);
	}
});

test("when the first is refused the road is closed, and another one is tried", () => {
	const { said, first } = stage();
	first.error(2);
	assert.deepEqual(said, ["closed"]);
});
