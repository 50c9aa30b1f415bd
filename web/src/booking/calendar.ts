/*
 * From the rows of a subscription to what a calendar draws: columns (day × resource), rows (wall-clock starts) and the slot,
 * if any, where they meet. Pure.
 */
import type { Resource, Slot } from "../sync/index.js";
import type { LocalDate, Zone } from "./dates.js";

export interface Column {
	readonly key: string;
	readonly date: LocalDate;
	readonly resource: Resource;
}

export interface Line {
	/** Minutes after midnight; the second pass through an autumn hour sorts behind the first. */
	readonly key: number;
	readonly minutes: number;
	/** An instant with this wall time, for its label. */
	readonly example: string;
}

export interface Calendar {
	readonly days: readonly LocalDate[];
	readonly columns: readonly Column[];
	readonly lines: readonly Line[];
	slotAt(column: Column, line: Line): Slot | undefined;
	readonly count: number;
}

const SECOND_PASS = 1_440;

export function createCalendar(
	slots: readonly Slot[],
	days: readonly LocalDate[],
	resources: readonly Resource[],
	zone: Zone,
): Calendar {
	const columns = days.flatMap((date) => resources.map((resource) => ({ key: `${date}/${resource.id}`, date, resource })));
	const known = new Set(columns.map((column) => column.key));
	const cells = new Map<string, Slot>();
	const lines = new Map<number, Line>();
	// Slots come by start, so of two with the same wall time the first pass comes first.
	for (const slot of slots) {
		const wall = zone.wall(Date.parse(slot.start));
		const column = `${wall.date}/${slot.resource}`;
		if (!known.has(column)) continue;
		let key = wall.minutes;
		if (cells.has(`${column}/${key}`)) key += SECOND_PASS;
		cells.set(`${column}/${key}`, slot);
		if (!lines.has(key)) lines.set(key, { key, minutes: wall.minutes, example: slot.start });
	}
	// The hour that an autumn night has twice: its second pass comes behind the whole of its first, before the next hour.
	const twice = Math.max(-1, ...[...lines.keys()].filter((key) => key >= SECOND_PASS)) - SECOND_PASS;
	const resumes = twice < 0 ? Infinity : (Math.floor(twice / 60) + 1) * 60;
	const order = (line: Line): number => line.key + (line.key < SECOND_PASS && line.minutes >= resumes ? 2 * SECOND_PASS : 0);
	return {
		days,
		columns,
		lines: [...lines.values()].sort((a, b) => order(a) - order(b)),
		slotAt: (column, line) => cells.get(`${column.key}/${line.key}`),
		count: cells.size,
	};
}

/** How many of each day's slots can still be booked. */
export function freeByDay(slots: readonly Slot[], zone: Zone): ReadonlyMap<LocalDate, number> {
	const free = new Map<LocalDate, number>();
	for (const slot of slots) {
		if (slot.state === "booked") continue;
		const { date } = zone.wall(Date.parse(slot.start));
		free.set(date, (free.get(date) ?? 0) + 1);
	}
	return free;
}

export type PartOfDay = "morning" | "afternoon" | "evening";

export const partOfDay = (minutes: number): PartOfDay =>
	minutes < 720 ? "morning" : minutes < 1_020 ? "afternoon" : "evening";
