/*
 * A world driven by hand: time passes when the test says so, frames are drawn when it says so, and the other end of every
 * connection is the test.
 */
import type { Slot } from "../src/sync/decode.js";
import type { Environment } from "../src/sync/environment.js";
import type { Connect, Subscribe, TransportEvents } from "../src/sync/transport.js";

interface Timer {
	at: number;
	run: () => void;
}

export class FakeWorld implements Environment {
	time = 1_000_000;
	chance = 0.5;
	private timers: Timer[] = [];
	private frames: (() => void)[] = [];

	now(): number {
		return this.time;
	}
	after(ms: number, run: () => void): () => void {
		const timer = { at: this.time + ms, run };
		this.timers.push(timer);
		return () => {
			this.timers = this.timers.filter((other) => other !== timer);
		};
	}
	frame(run: () => void): void {
		this.frames.push(run);
	}
	random(): number {
		return this.chance;
	}
	paint(): void {
		for (const run of this.frames.splice(0)) run();
	}
	/** Timers fire in order, at their own instant; those that were slept through, late. */
	pass(ms: number): void {
		const end = this.time + ms;
		for (;;) {
			const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
			if (!due) break;
			this.timers = this.timers.filter((timer) => timer !== due);
			this.time = Math.max(this.time, due.at);
			due.run();
		}
		this.time = end;
	}
	/** The tab sleeps: time goes on, timers do not. */
	sleep(ms: number): void {
		this.time += ms;
	}
	get pending(): number {
		return this.timers.length;
	}
}

export class FakeServer {
	readonly asked: Subscribe[] = [];
	readonly left: string[] = [];
	connections = 0;
	closed = 0;
	events: TransportEvents | null = null;

	readonly connect: Connect = (events) => {
		this.connections += 1;
		this.events = events;
		return {
			// A copy: `after` is what it was when it was asked for.
			subscribe: (request) => void this.asked.push({ ...request }),
			unsubscribe: (id) => void this.left.push(id),
			close: () => void (this.closed += 1),
		};
	};
	get last(): Subscribe {
		const request = this.asked[this.asked.length - 1];
		if (!request) throw new Error("nothing was asked");
		return request;
	}
	open(): void {
		this.events?.opened();
	}
	lose(): void {
		this.events?.closed();
	}
	snapshot(position: string, rows: readonly Slot[]): void {
		this.events?.message({ type: "snapshot", id: this.last.id, position, rows });
	}
	delta(from: string, to: string, upsert: readonly Slot[], remove: readonly string[] = []): void {
		this.events?.message({ type: "delta", id: this.last.id, from, to, upsert, remove });
	}
	tick(state: "live" | "delayed" | "stale" | "unavailable" = "live", lagMs = 0, ageMs = 0): void {
		this.events?.message({ type: "status", state, lag_ms: lagMs, age_ms: ageMs });
	}
	reset(): void {
		this.events?.message({ type: "reset", id: this.last.id, reason: "too old" });
	}
	refuse(): void {
		this.events?.message({
			type: "error",
			id: this.last.id,
			code: "not-found", status: 404, title: "", detail: "No such service", retryable: false,
		});
	}
}

export const slot = (id: string, remaining = 1, start = "2026-11-20T10:00:00Z"): Slot => ({
	id,
	service: "1",
	resource: "1",
	start,
	end: "2026-11-20T11:00:00Z",
	startMs: Date.parse(start),
	endMs: Date.parse("2026-11-20T11:00:00Z"),
	capacity: 1,
	remaining,
	state: remaining > 0 ? "available" : "booked",
});
