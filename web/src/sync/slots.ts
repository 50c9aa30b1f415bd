/*
 * The rows of one subscription: slots by id, and who wants to know what changed. Notifications come once per frame however
 * many messages arrived; each says whether the change is news (live) or only the picture being drawn (snapshot), so that a
 * screen marks what changed before the viewer's eyes and nothing else.
 *
 * A week may have 67,200 slots of which 500 change in a second. So the order is kept: slots that changed in place are put
 * where a binary search finds them, in a copy, once for however many patches came since somebody looked; only slots that came
 * or went cost a new sort. An index from id to place was rejected: it costs more to rebuild than all the searches.
 */
import type { Slot } from "./decode.js";
import type { Environment } from "./environment.js";

export interface SlotChange {
	readonly before: Slot | undefined;
	readonly after: Slot | undefined;
}

export interface SlotBatch {
	readonly origin: "snapshot" | "live";
	readonly changes: ReadonlyMap<string, SlotChange>;
}

export interface SlotStore {
	get(id: string): Slot | undefined;
	/** In the server's order: by start, then resource. The same array until something changes. */
	all(): readonly Slot[];
	replace(rows: readonly Slot[]): void;
	patch(upsert: readonly Slot[], remove: readonly string[]): void;
	subscribe(listener: (batch: SlotBatch) => void): () => void;
}

/** Do both say the same of one time? */
export const sameSlot = (a: Slot, b: Slot): boolean =>
	a.remaining === b.remaining && a.state === b.state && a.capacity === b.capacity && a.end === b.end;

/** Total, so that a slot has one place: slots of one start and resource are told apart by their id. */
const byStart = (a: Slot, b: Slot): number =>
	a.startMs - b.startMs || compareIds(a.resource, b.resource) || compareIds(a.id, b.id);

/** Where `slot`, or another state of it, stands. */
function placeOf(slot: Slot, sorted: readonly Slot[]): number {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (byStart(sorted[middle] as Slot, slot) < 0) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** Ids are decimal numbers as text: shorter is smaller. */
const compareIds = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

export function createSlotStore(environment: Pick<Environment, "frame">): SlotStore {
	const slots = new Map<string, Slot>();
	const listeners = new Set<(batch: SlotBatch) => void>();
	/** What all() said last; null when slots have come or gone since. */
	let sorted: readonly Slot[] | null = null;
	/** Slots that changed in place since then. */
	const touched = new Set<string>();
	let snapshot: Map<string, SlotChange> | null = null;
	let live: Map<string, SlotChange> | null = null;

	const flush = (): void => {
		const batches: SlotBatch[] = [];
		if (snapshot) batches.push({ origin: "snapshot", changes: snapshot });
		if (live) {
			for (const [id, { before, after }] of live) if (before === after || (before && after && sameSlot(before, after))) live.delete(id);
			if (live.size > 0) batches.push({ origin: "live", changes: live });
		}
		snapshot = null;
		live = null;
		for (const batch of batches) for (const listener of [...listeners]) listener(batch);
	};
	const note = (changes: Map<string, SlotChange>, id: string, before: Slot | undefined, after: Slot | undefined): void => {
		changes.set(id, { before: changes.has(id) ? changes.get(id)?.before : before, after });
	};
	const put = (changes: Map<string, SlotChange>, slot: Slot): void => {
		const before = slots.get(slot.id);
		if (before && sameSlot(before, slot)) return;
		slots.set(slot.id, slot);
		if (before) touched.add(slot.id);
		else sorted = null;
		note(changes, slot.id, before, slot);
	};
	const drop = (changes: Map<string, SlotChange>, id: string): void => {
		const before = slots.get(id);
		if (!before) return;
		slots.delete(id);
		sorted = null;
		note(changes, id, before, undefined);
	};
	const schedule = (): void => {
		if (!snapshot && !live) environment.frame(flush);
	};

	const all = (): readonly Slot[] => {
		if (!sorted) sorted = [...slots.values()].sort(byStart);
		else if (touched.size > 0) {
			const copy = sorted.slice();
			for (const id of touched) {
				const slot = slots.get(id);
				if (slot) copy[placeOf(slot, copy)] = slot;
			}
			sorted = copy;
		}
		touched.clear();
		return sorted;
	};

	return {
		get: (id) => slots.get(id),
		all,
		replace(rows) {
			schedule();
			// Listeners hear of every snapshot, also of an empty one: it is what ends "loading".
			const changes = snapshot ?? new Map<string, SlotChange>();
			if (live) for (const [id, change] of live) note(changes, id, change.before, change.after);
			live = null;
			const kept = new Set(rows.map((row) => row.id));
			for (const id of [...slots.keys()]) if (!kept.has(id)) drop(changes, id);
			for (const row of rows) put(changes, row);
			snapshot = changes;
		},
		patch(upsert, remove) {
			const changes = live ?? new Map<string, SlotChange>();
			for (const id of remove) drop(changes, id);
			for (const slot of upsert) put(changes, slot);
			if (changes.size === 0) return;
			schedule();
			live = changes;
		},
		subscribe(listener) {
			listeners.add(listener);
			return () => void listeners.delete(listener);
		},
	};
}
