/*
 * What people are told about how fresh the times are. The client knows at every moment what is so (`Status`); told as it comes, a
 * server's restart would flicker through four words in a second. So this keeps the last word until the evidence has lasted
 * (patience.ts), and never says less than is known:
 *
 *   loading ──10 s, refused──▶ error            rows or not decides between these two and the rest
 *   live ──2 s behind, 5 s silent──▶ delayed ──30 s silent──▶ stale        what the server itself says counts at once
 *   any ──no connection for 10 s, no network──▶ offline
 *   delayed ──3 good seconds──▶ live            the others end with the first good word
 *
 * `judge` is that picture; the rest remembers since when.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Availability, Environment, Status, StatusState } from "../sync/index.js";
import { PATIENCE } from "./patience.js";

/** `state` is what people are told; the rest is as the client says it. */
export interface Told extends Status {
	/** When the rows were certainly right (environment.now, ms). */
	readonly goodAt: number;
}

export interface Evidence {
	readonly status: Status;
	readonly told: StatusState;
	/** Since when these rows have been waited for, all has been well, and there has been no connection; ms ago. */
	readonly waitingMs: number;
	readonly goodMs: number;
	readonly deadMs: number;
}

export function judge({ status, told, waitingMs, goodMs, deadMs }: Evidence): StatusState {
	switch (status.state) {
		case "loading":
		case "error":
			if (status.problem || waitingMs >= PATIENCE.giveUpMs || deadMs >= PATIENCE.deadMs) return "error";
			return told === "error" ? "error" : "loading";
		case "unavailable":
		case "stale":
			return status.state;
		case "offline":
			return deadMs >= PATIENCE.deadMs ? "offline" : aged(status, told);
		case "delayed":
			return aged(status, told);
		case "live":
			if (!isGood(status)) return aged(status, "delayed");
			return told === "delayed" && goodMs < PATIENCE.goodMs ? "delayed" : "live";
	}
}

const isGood = (status: Status): boolean =>
	status.state === "live" && status.lagMs < PATIENCE.lagMs && status.ageMs < PATIENCE.quietMs;

/** A connection that is being mended says nothing of its own: the rows' age does. */
function aged(status: Status, told: StatusState): StatusState {
	if (told === "offline") return told;
	if (status.ageMs >= PATIENCE.staleMs) return "stale";
	if (status.ageMs >= PATIENCE.quietMs || status.lagMs >= PATIENCE.lagMs) return "delayed";
	return told === "loading" || told === "error" ? "live" : told;
}

export interface Freshness {
	readonly told: ReadonlySignal<Told>;
	/** How far the feed is behind and how old the rows are, at this moment. */
	now(): Status;
	/** Judge other rows from now on. */
	follow(rows: Pick<Availability, "status" | "onStatus">): void;
	/** The browser says whether there is a network: without one nobody waits. */
	network(there: boolean): void;
	/** Nobody looks: nothing is judged until somebody does. */
	look(looking: boolean): void;
}

const LOOK_MS = 1_000;
const NOTHING: Status = { state: "loading", lagMs: 0, ageMs: 0 };

/** `slept`: this computer was asleep; what is on the screen has to be checked. */
export function createFreshness(environment: Pick<Environment, "now" | "after">, slept: () => void): Freshness {
	const started = environment.now();
	const told = signal<Told>({ ...NOTHING, goodAt: started });
	let rows: Pick<Availability, "status" | "onStatus"> | null = null;
	let leave: () => void = () => {};
	let waitingSince = started;
	let goodSince: number | null = null;
	let deadSince: number | null = null;
	let networked = true;
	let looking = true;
	let checkedAt = started;
	let cancel: () => void = () => {};
	/** When `weigh` is called again at the latest; null: that is not arranged. */
	let due: number | null = null;

	const weigh = (): void => {
		if (!rows || !looking) return;
		const now = environment.now();
		if (due !== null && now - due >= PATIENCE.sleptMs) {
			disarm();
			glance();
			slept();
		}
		const status = rows.status();
		if (now < checkedAt && !isGood(status)) return wait();
		const dead = status.state === "offline" || (status.state === "error" && !status.problem);
		goodSince = isGood(status) ? (goodSince ?? now) : null;
		deadSince = !dead ? null : (deadSince ?? now);
		const since = (instant: number | null): number => (instant === null ? 0 : now - instant);
		const state = judge({
			status,
			told: told.peek().state,
			waitingMs: now - waitingSince,
			goodMs: since(goodSince),
			deadMs: dead && !networked ? Infinity : since(deadSince),
		});
		publish({ ...status, state, goodAt: now - status.ageMs });
		wait();
	};
	const publish = (next: Told): void => {
		const last = told.peek();
		const same = next.state === last.state && next.problem === last.problem;
		// Live is live; of the others the age is on the screen.
		if (same && (next.state === "live" || Math.abs(next.goodAt - last.goodAt) < 1_000)) return;
		told.value = next;
	};
	const glance = (): void => void (checkedAt = environment.now() + PATIENCE.glanceMs);
	/** One timer looks again; messages do not move it, so that a storm of them costs nothing. */
	const wait = (): void => {
		if (due !== null) return;
		due = environment.now() + LOOK_MS;
		cancel = environment.after(LOOK_MS, () => {
			weigh();
			disarm();
			wait();
		});
	};
	const disarm = (): void => {
		cancel();
		due = null;
	};

	return {
		told,
		now: () => rows?.status() ?? NOTHING,
		follow(next) {
			leave();
			disarm();
			rows = next;
			waitingSince = environment.now();
			goodSince = null;
			leave = next.onStatus(weigh);
			if (told.peek().state === "error") told.value = { ...NOTHING, goodAt: waitingSince };
			weigh();
		},
		network(there) {
			networked = there;
			weigh();
		},
		look(at) {
			if (at && !looking) glance();
			looking = at;
			disarm();
			weigh();
		},
	};
}
