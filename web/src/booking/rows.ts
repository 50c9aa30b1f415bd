/*
 * What the screen shows of the rows: all of them, as they change, or, while the visitor has paused, as they stood at that moment with
 * what has changed since held back. Views read and listen here and never at the client's store, so that none of them can forget
 * the pause. What must be true rather than calm (is the open slot still free?) listens to the store itself.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import { sameSlot, type Slot, type SlotBatch, type SlotChange, type SlotStore } from "../sync/index.js";

export interface Rows {
	get(id: string): Slot | undefined;
	/** In the server's order: by start, then resource. The same array until something changes. */
	all(): readonly Slot[];
	/** One batch per frame at most. After a pause: all that waited, as one. */
	subscribe(listener: (batch: SlotBatch) => void): () => void;
	readonly paused: ReadonlySignal<boolean>;
	/** How many slots changed during the pause. */
	readonly waiting: ReadonlySignal<number>;
	pause(): void;
	resume(): void;
	/** Show other rows from now on. */
	follow(store: SlotStore): void;
}

const NOTHING: readonly Slot[] = [];

export function createRows(): Rows {
	const paused = signal(false);
	const waiting = signal(0);
	const listeners = new Set<(batch: SlotBatch) => void>();
	let store: SlotStore | null = null;
	let leave: () => void = () => {};
	let shown = false;
	/** The rows as they stood, and what they do not show yet. */
	let frozen: readonly Slot[] | null = null;
	let held = new Map<string, SlotChange>();

	const tell = (batch: SlotBatch): void => {
		for (const listener of [...listeners]) listener(batch);
	};
	const hold = (changes: ReadonlyMap<string, SlotChange>): void => {
		for (const [id, change] of changes) {
			const before = held.has(id) ? held.get(id)?.before : change.before;
			if (before && change.after && sameSlot(before, change.after)) held.delete(id);
			else held.set(id, { before, after: change.after });
		}
		waiting.value = held.size;
	};
	const letGo = (): void => {
		frozen = null;
		held = new Map();
		waiting.value = 0;
	};

	return {
		get: (id) => (frozen && held.has(id) ? held.get(id)?.before : store?.get(id)),
		all: () => frozen ?? store?.all() ?? NOTHING,
		subscribe(listener) {
			listeners.add(listener);
			return () => void listeners.delete(listener);
		},
		paused,
		waiting,
		pause() {
			paused.value = true;
			if (store && shown) frozen = store.all();
		},
		resume() {
			paused.value = false;
			const changes = held;
			letGo();
			if (changes.size > 0) tell({ origin: "live", changes });
		},
		follow(next) {
			leave();
			letGo();
			store = next;
			shown = false;
			leave = next.subscribe((batch) => {
				if (frozen) return hold(batch.changes);
				// The first picture of other rows is shown also during a pause; what changes in it then waits.
				shown = true;
				if (paused.peek()) frozen = next.all();
				tell(batch);
			});
		},
	};
}
