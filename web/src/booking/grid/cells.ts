/*
 * What each cell shows, in typed arrays by cell number: 67,200 cells change 500 times a second without making any garbage. A change
 * marks its cell dirty; the painter reads the arrays when it paints, so of several changes in one frame the last one wins.
 *
 * A ring round a cell says that it changed before the viewer's eyes. It stands still for 3.1 s and fades in steps for 0.9 s; a cell that
 * changes again meanwhile keeps its ring, so that no ring can blink, whatever happens. Nothing has a ring until it is given one.
 */
import type { Slot, SlotState } from "../../sync/index.js";
import { ELSEWHERE, NOWHERE, type Layout } from "./layout.js";

export const CLOSED = 0;
export const AVAILABLE = 1;
export const LIMITED = 2;
export const BOOKED = 3;
export const HOLDING = 4;
export const MINE = 5;

const NAMES = ["closed", "available", "limited", "booked", "holding", "mine"] as const;
export const nameOf = (state: number): (typeof NAMES)[number] => NAMES[state] ?? "closed";
export const isOpen = (state: number | undefined): boolean => state === AVAILABLE || state === LIMITED;

const CODES: Readonly<Record<SlotState, number>> = { available: AVAILABLE, limited: LIMITED, booked: BOOKED };

export const RING_MS = 4_000;
const FADE_MS = 900;
/** A full ring; below that it is fading, 0 is none. */
export const RING_FULL = 9;

export interface Cells {
	readonly layout: Layout;
	/** By cell, one of the codes above: what is shown, and what the feed says (never "mine" or "holding"). */
	readonly state: Uint8Array;
	readonly said: Uint8Array;
	readonly remaining: Uint16Array;
	/** RING_FULL … 0 */
	readonly ring: Uint8Array;
	readonly ids: readonly (string | undefined)[];
	/** -1: this slot has no cell. */
	cellOf(id: string): number;
	/** false: there is no cell for it, the axes must be made again. */
	put(slot: Slot): boolean;
	remove(id: string): void;
	/** The slot that is being asked for, and those that are the visitor's. */
	own(holding: string | null, mine: ReadonlySet<string>): void;
	mark(id: string, at: number): void;
	/** Move every ring on; when to come again (ms from now), or null when none is left. */
	age(now: number, still: boolean): number | null;
	/** Cells with a ring, in the order they got it. */
	marked(): Iterable<number>;
	/** Hand over the dirty cells and forget them. */
	drain(each: (cell: number) => void): void;
}

export function createCells(layout: Layout, onDirty: () => void): Cells {
	const count = layout.rows * layout.columns;
	const state = new Uint8Array(count);
	const said = new Uint8Array(count);
	const remaining = new Uint16Array(count);
	const ring = new Uint8Array(count);
	const ids = new Array<string | undefined>(count).fill(undefined);
	const places = new Map<string, number>();
	/** When each ring was given, oldest first. */
	const stamps = new Map<number, number>();
	const isDirty = new Uint8Array(count);
	const dirty: number[] = [];
	let holding: string | null = null;
	let mine: ReadonlySet<string> = new Set();

	const touch = (cell: number): void => {
		if (isDirty[cell] === 1) return;
		isDirty[cell] = 1;
		dirty.push(cell);
		onDirty();
	};
	const shown = (id: string, cell: number): number => (mine.has(id) ? MINE : id === holding ? HOLDING : (said[cell] ?? CLOSED));
	const refresh = (id: string | null): void => {
		const cell = id === null ? undefined : places.get(id);
		if (id === null || cell === undefined) return;
		state[cell] = shown(id, cell);
		touch(cell);
	};
	return {
		layout,
		state,
		said,
		remaining,
		ring,
		ids,
		cellOf: (id) => places.get(id) ?? -1,
		put(slot) {
			let cell = places.get(slot.id);
			if (cell === undefined) {
				cell = layout.cellOf(slot);
				if (cell === ELSEWHERE) return true;
				if (cell === NOWHERE || ids[cell] !== undefined) return false;
				places.set(slot.id, cell);
				ids[cell] = slot.id;
			}
			said[cell] = CODES[slot.state];
			state[cell] = shown(slot.id, cell);
			remaining[cell] = slot.remaining;
			touch(cell);
			return true;
		},
		remove(id) {
			const cell = places.get(id);
			if (cell === undefined) return;
			places.delete(id);
			stamps.delete(cell);
			ids[cell] = undefined;
			state[cell] = said[cell] = ring[cell] = CLOSED;
			touch(cell);
		},
		own(nextHolding, nextMine) {
			const before = [holding, ...mine];
			holding = nextHolding;
			mine = nextMine;
			for (const id of new Set([...before, holding, ...mine])) refresh(id);
		},
		mark(id, at) {
			const cell = places.get(id);
			if (cell === undefined) return;
			stamps.delete(cell);
			stamps.set(cell, at);
			if (ring[cell] === RING_FULL) return;
			ring[cell] = RING_FULL;
			touch(cell);
		},
		age(now, still) {
			for (const [cell, at] of stamps) {
				const left = RING_MS - (now - at);
				const step = left <= 0 ? 0 : still || left >= FADE_MS ? RING_FULL : Math.ceil((left / FADE_MS) * (RING_FULL - 1));
				if (ring[cell] !== step) {
					ring[cell] = step;
					touch(cell);
				}
				if (step === 0) stamps.delete(cell);
				// Younger ones come behind it.
				else if (step === RING_FULL) return still ? left : left - FADE_MS;
			}
			return stamps.size > 0 ? FADE_MS / (RING_FULL - 1) : null;
		},
		marked: () => stamps.keys(),
		drain(each) {
			for (const cell of dirty) {
				isDirty[cell] = 0;
				each(cell);
			}
			dirty.length = 0;
		},
	};
}
