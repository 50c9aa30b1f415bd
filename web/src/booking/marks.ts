/*
 * What changed before the viewer's eyes: each slot is marked for a while. Too many at once would be noise, so they are said in one
 * line instead.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Environment } from "../sync/index.js";

export const MARK_MS = 4_000;
/** More changes than this in one frame are said in one line instead of marked one by one. */
export const MARKS_MAX = 200;
/** With more marks than this, `ids` follows at this pace rather than with every frame. */
const CALM_COUNT = 200;
const CALM_MS = 250;

export interface Marks {
	/** When it was marked (environment.now, ms); undefined: it is not. */
	at(id: string): number | undefined;
	/** All that are marked, for views that draw themselves again as a whole. */
	readonly ids: ReadonlySignal<ReadonlySet<string>>;
	/** The newest of all that have been marked. */
	readonly latest: ReadonlySignal<string | null>;
	/** How many changed at once, when they were too many to mark; 0: none lately. */
	readonly refreshed: ReadonlySignal<number>;
	add(ids: readonly string[]): void;
	clear(): void;
}

export function createMarks(environment: Pick<Environment, "now" | "after">): Marks {
	/** In the order they were marked, so the oldest comes first. */
	const stamps = new Map<string, number>();
	const ids = signal<ReadonlySet<string>>(new Set());
	const latest = signal<string | null>(null);
	const refreshed = signal(0);
	let cancelSweep: (() => void) | null = null;
	let cancelTell: (() => void) | null = null;
	let cancelRefreshed: () => void = () => {};

	const publish = (): void => {
		cancelTell = null;
		ids.value = new Set(stamps.keys());
	};
	const tell = (): void => {
		if (stamps.size <= CALM_COUNT && cancelTell === null) publish();
		else cancelTell ??= environment.after(CALM_MS, publish);
	};
	const sweep = (): void => {
		cancelSweep = null;
		const now = environment.now();
		for (const [id, at] of stamps) {
			if (now - at < MARK_MS) {
				cancelSweep = environment.after(Math.max(CALM_MS, at + MARK_MS - now), sweep);
				break;
			}
			stamps.delete(id);
		}
		tell();
	};

	return {
		at: (id) => stamps.get(id),
		ids,
		latest,
		refreshed,
		add(fresh) {
			const newest = fresh[fresh.length - 1];
			if (newest === undefined) return;
			latest.value = newest;
			if (fresh.length > MARKS_MAX) {
				refreshed.value = fresh.length;
				cancelRefreshed();
				cancelRefreshed = environment.after(MARK_MS, () => (refreshed.value = 0));
				return;
			}
			const now = environment.now();
			for (const id of fresh) {
				stamps.delete(id);
				stamps.set(id, now);
			}
			cancelSweep ??= environment.after(MARK_MS, sweep);
			tell();
		},
		clear() {
			stamps.clear();
			cancelSweep?.();
			cancelSweep = null;
			publish();
		},
	};
}
