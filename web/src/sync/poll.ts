/*
 * Long-poll: the road that every proxy lets through. One loop per subscription; each answer says where the next one goes on.
 *
 * An answer is at most WAIT_S away, so that the watchdog, made for a status every 3 s, sees a working road as one. The first
 * question of a connection does not wait at all: its answer is what opens the road. A road that breaks is reported closed,
 * and the connection table makes the jittered pause; a second pause here would only add to it.
 *
 * Equal questions have equal addresses, so that a cache may ask once for a crowd: no member is this client's own, and their
 * order is fixed. What a cache has kept is a step on the way like any other.
 *
 * A rate is kept here: who asks later is told less often, and in one. So the server need not hear of it, and the same question
 * has the same address for everybody. A pause is part of the 3 s.
 *
 * Over this road the server does not say how far its own feed is behind: an answer counts as "live".
 */
import { asObject, parseJson } from "./decode.js";
import type { Environment } from "./environment.js";
import { platform, type AbortLike, type FetchLike } from "./platform.js";
import { queryString, subscribeMembers, type Connect, type Subscribe } from "./transport.js";

const WAIT_S = 3;
/**
 * So much before its time, an answer that leads to no other question is of a server that is about to leave, or of a cache that
 * kept what it may not: asking on would spin.
 */
const EARLY_MS = 1_000;
const ANSWERED = { type: "status", state: "live" };

/** Worth another connection: time-outs, too many requests, and everything that is the server's fault. */
const broken = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** `url`: address of /v1/live/poll. */
export function pollTransport(
	url: string,
	environment: Pick<Environment, "now" | "after" | "random">,
	fetch: FetchLike = (address, init) => (platform.fetch as FetchLike)(address, init),
): Connect {
	return (events) => {
		const loops = new Map<string, AbortLike>();
		let open = false;
		let done = false;

		const close = (): void => {
			done = true;
			for (const loop of loops.values()) loop.abort();
			loops.clear();
		};
		const end = (): void => {
			if (done) return;
			close();
			events.closed();
		};
		const pass = (ms: number): Promise<void> => new Promise((resolve) => environment.after(ms, resolve));
		const follow = async ({ id, query, after }: Subscribe, abort: AbortLike): Promise<void> => {
			const going = (): boolean => loops.get(id) === abort;
			let seen: string | undefined; // of what moves no position: what time alone has changed, and that nothing is new
			let pauseMs = 0;
			for (let wait = 0; going(); wait = Math.floor(WAIT_S - pauseMs / 1_000)) {
				const asked = { at: environment.now(), after, seen };
				const members = { ...subscribeMembers({ id, query, after }), max_per_s: undefined, wait, seen };
				pauseMs = 0;
				const response = await fetch(`${url}?${queryString(members)}`, { signal: abort.signal });
				const answer = parseJson(await response.text());
				if (!going()) return;
				seen = response.headers.get("Rowcast-Seen") ?? undefined;
				if (broken(response.status)) return end();
				if (!open) {
					open = true;
					events.opened();
				}
				if (!response.ok) {
					events.message({ status: response.status, ...asObject(answer), type: "error" }, id);
					await pass(WAIT_S * 1_000 * (0.5 + environment.random()));
					continue;
				}
				for (const message of Array.isArray(answer) ? (answer as readonly unknown[]) : []) {
					const { type, position, to } = asObject(message) ?? {};
					if (type === "delta" && query.maxPerS) pauseMs = Math.min(WAIT_S, 1 / query.maxPerS) * 1_000;
					if (type === "reset") after = null;
					else if (typeof (position ?? to) === "string") after = (position ?? to) as string;
					if (going()) events.message(message, id);
				}
				const led = after !== asked.after || (seen !== undefined && seen !== asked.seen);
				if (going() && !led && environment.now() - asked.at < wait * 1_000 - EARLY_MS) return end();
				if (going()) events.message(ANSWERED, id);
				if (pauseMs > 0) await pass(pauseMs);
			}
		};
		return {
			subscribe(request) {
				const abort = new platform.AbortController();
				loops.set(request.id, abort);
				follow(request, abort).catch(() => {
					if (loops.get(request.id) === abort) end();
				});
			},
			unsubscribe(id) {
				loops.get(id)?.abort();
				loops.delete(id);
			},
			close,
		};
	};
}
