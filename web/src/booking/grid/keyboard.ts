/*
 * What a key means with the focus on a cell. The WAI-ARIA grid pattern (arrows, Home and End, with Ctrl to the corners, PageUp and
 * PageDown by a screen, no wrapping) and ours: Alt with PageUp and PageDown by a day, Enter or Space opens, N next free time, U
 * latest change, P pause. Pure: the move itself is the engine's.
 */
import { isOpen, type Cells } from "./cells.js";

export interface Key {
	readonly key: string;
	readonly ctrlKey: boolean;
	readonly altKey: boolean;
	readonly metaKey: boolean;
}

export interface Position {
	readonly cell: number;
	readonly rows: number;
	readonly columns: number;
	readonly rtl: boolean;
	/** Rows of a screen. */
	readonly screen: number;
}

export type Move = number | "open" | "day-before" | "day-after" | "next" | "latest" | "pause" | "leave";

const LETTERS: Readonly<Record<string, Move>> = { n: "next", u: "latest", p: "pause" };

/** A number is the cell to go to; null: not ours. */
export function moveFor({ key, ctrlKey, altKey, metaKey }: Key, { cell, rows, columns, rtl, screen }: Position): Move | null {
	const row = Math.floor(cell / columns);
	const column = cell % columns;
	const at = (nextRow: number, nextColumn: number): number =>
		Math.max(0, Math.min(nextRow, rows - 1)) * columns + Math.max(0, Math.min(nextColumn, columns - 1));
	const page = key === "PageUp" || key === "PageDown";
	if (metaKey || (altKey && !page) || (ctrlKey && key !== "Home" && key !== "End")) return null;
	const onward = rtl ? -1 : 1;
	switch (key) {
		case "ArrowUp":
			return at(row - 1, column);
		case "ArrowDown":
			return at(row + 1, column);
		case "ArrowLeft":
			return at(row, column - onward);
		case "ArrowRight":
			return at(row, column + onward);
		case "Home":
			return at(ctrlKey ? 0 : row, 0);
		case "End":
			return at(ctrlKey ? rows - 1 : row, columns - 1);
		case "PageUp":
			return altKey ? "day-before" : at(row - screen, column);
		case "PageDown":
			return altKey ? "day-after" : at(row + screen, column);
		case "Enter":
		case " ":
			return "open";
		case "Escape":
			return "leave";
		default:
			return LETTERS[key.toLowerCase()] ?? null;
	}
}

/** Down the column, then the next one: through a day in a calendar, to the next earliest time in a timeline. -1: nothing is free. */
export function nextFree({ layout, state }: Cells, from: number): number {
	const { rows, columns } = layout;
	const total = rows * columns;
	const start = from < 0 ? -1 : (from % columns) * rows + Math.floor(from / columns);
	for (let n = 1; n <= total; n++) {
		const at = (start + n) % total;
		const cell = (at % rows) * columns + Math.floor(at / rows);
		if (isOpen(state[cell])) return cell;
	}
	return -1;
}
