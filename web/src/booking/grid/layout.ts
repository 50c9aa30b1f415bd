/*
 * Where a slot stands: from the rows of a subscription to the axes of a grid. Pure.
 *
 * Few resources make a calendar: columns are days, split by resource, rows are starts. Many make a timeline: rows are resources,
 * columns are days, split by start. Both are one thing with the axes exchanged, so a cell is a number (row × columns + column) and
 * everything else (painting, names, keys) works on numbers.
 *
 * A week of a city's courts has 67,200 slots but only 336 different starts: clocks are asked once per start, not per slot.
 */
import type { Resource, Slot } from "../../sync/index.js";
import type { LocalDate, Zone } from "../dates.js";

/** A start as the clock on the wall shows it. */
export interface Line {
	/** Minutes after midnight; the second pass through an autumn hour has 1,440 more. */
	readonly key: number;
	readonly minutes: number;
	/** An instant with this wall time, for its label. */
	readonly example: number;
}

export interface Place {
	readonly day: number;
	readonly resource: number;
	readonly line: number;
}

export interface Layout {
	/** "days": columns are days × resources. "timeline": rows are resources. */
	readonly kind: "days" | "timeline";
	readonly days: readonly LocalDate[];
	readonly resources: readonly Resource[];
	readonly lines: readonly Line[];
	readonly rows: number;
	readonly columns: number;
	/** Columns of one day. */
	readonly perDay: number;
	/** ELSEWHERE: another day or resource. NOWHERE: it belongs here, but these axes have no line for it. */
	cellOf(slot: Slot): number;
	cellAt(place: Place): number;
	placeOf(cell: number): Place;
}

export const ELSEWHERE = -1;
export const NOWHERE = -2;

/** With more resources than this a week is read along the time of each, not day by day. */
const FEW_RESOURCES = 4;
const SECOND_PASS = 1_440;
/** By how much clocks are put back; Lord Howe does it by half an hour. */
const SHIFTS_MS = [3_600_000, 1_800_000, 7_200_000];

/** `fitting`: how many columns of a calendar have room side by side. */
export function createLayout(
	slots: readonly Slot[],
	days: readonly LocalDate[],
	resources: readonly Resource[],
	zone: Zone,
	fitting = Infinity,
): Layout {
	const kind = resources.length <= FEW_RESOURCES || (days.length === 1 && resources.length <= fitting) ? "days" : "timeline";
	const dayOf = new Map(days.map((date, index) => [date, index]));
	const resourceOf = new Map(resources.map((resource, index) => [resource.id, index]));
	/** Of each start: its day (-1: not shown) and its line's key. */
	const starts = new Map<number, { readonly day: number; readonly key: number }>();
	const startAt = (ms: number): { readonly day: number; readonly key: number } => {
		const known = starts.get(ms);
		if (known) return known;
		const wall = zone.wall(ms);
		const again = SHIFTS_MS.some((shift) => {
			const earlier = zone.wall(ms - shift);
			return earlier.minutes === wall.minutes && earlier.date === wall.date;
		});
		const start = { day: dayOf.get(wall.date) ?? -1, key: wall.minutes + (again ? SECOND_PASS : 0) };
		starts.set(ms, start);
		return start;
	};
	const found = new Map<number, Line>();
	for (const slot of slots) {
		const { day, key } = startAt(slot.startMs);
		if (day >= 0 && !found.has(key) && resourceOf.has(slot.resource))
			found.set(key, { key, minutes: key % SECOND_PASS, example: slot.startMs });
	}
	const lines = inOrder([...found.values()]);
	const lineOf = new Map(lines.map((line, index) => [line.key, index]));

	const perDay = kind === "days" ? resources.length : lines.length;
	const columns = days.length * perDay;
	const cellAt = ({ day, resource, line }: Place): number =>
		kind === "days" ? line * columns + day * perDay + resource : resource * columns + day * perDay + line;
	return {
		kind,
		days,
		resources,
		lines,
		rows: kind === "days" ? lines.length : resources.length,
		columns,
		perDay,
		cellAt,
		cellOf(slot) {
			const { day, key } = startAt(slot.startMs);
			const line = lineOf.get(key);
			const resource = resourceOf.get(slot.resource);
			if (day < 0 || resource === undefined) return ELSEWHERE;
			return line === undefined ? NOWHERE : cellAt({ day, resource, line });
		},
		placeOf(cell) {
			const row = Math.floor(cell / columns);
			const column = cell % columns;
			const day = Math.floor(column / perDay);
			return kind === "days" ? { day, resource: column % perDay, line: row } : { day, resource: row, line: column % perDay };
		},
	};
}

/** By the clock; the hour that an autumn night has twice: its second pass comes behind the whole of its first, before the next hour. */
function inOrder(lines: readonly Line[]): readonly Line[] {
	const twice = Math.max(-1, ...lines.map((line) => line.key).filter((key) => key >= SECOND_PASS)) - SECOND_PASS;
	const resumes = twice < 0 ? Infinity : (Math.floor(twice / 60) + 1) * 60;
	const rank = (line: Line): number => line.key + (line.key < SECOND_PASS && line.minutes >= resumes ? 2 * SECOND_PASS : 0);
	return [...lines].sort((a, b) => rank(a) - rank(b));
}
