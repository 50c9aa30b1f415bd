/*
 * How large a grid's cells are and where they stand, in CSS pixels from the inline start and the top of the field. Cells are whole
 * device pixels wide and high, so that all look alike and none is blurred; what is left over goes to the row heads.
 */
import type { Layout } from "./layout.js";

export interface Room {
	/** Of the scroll container and of the window. */
	readonly width: number;
	readonly windowHeight: number;
	readonly ratio: number;
	/** A finger needs larger targets. */
	readonly coarse: boolean;
}

export interface Geometry {
	/** Width of the row heads; heights of both rows of column heads (0: no second one). */
	readonly headInline: number;
	readonly headDays: number;
	readonly headSplit: number;
	readonly headBlock: number;
	readonly column: number;
	readonly row: number;
	/** Before each day's first column, except the first. */
	readonly gap: number;
	readonly perDay: number;
	readonly columns: number;
	readonly rows: number;
	readonly width: number;
	readonly height: number;
	/** Round the cell: half of what separates two. */
	readonly margin: number;
	/** Is there room for the time inside each cell? */
	readonly roomy: boolean;
	/** And for its state in words? */
	readonly wordy: boolean;
	readonly ratio: number;
}

export interface Box {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

const NARROW = 768;
/** Cells this wide have room for the time beside the number. */
const ROOMY = 76;
/** And these for what the number means. */
const WORDY = 220;
const DENSE = { column: 34, row: 26 };
/** What stands above and below the grid in the window. */
const AROUND = 300;

/** Room behind the last column and below the last row. */
const END = 6;

const clamp = (low: number, value: number, high: number): number => Math.max(low, Math.min(value, high));

export function measure(layout: Layout, room: Room): Geometry {
	const narrow = room.width < NARROW;
	const snap = (px: number): number => Math.floor(px * room.ratio + 1e-6) / room.ratio;
	const { rows, columns, perDay, days } = layout;
	const timeline = layout.kind === "timeline";
	const split = timeline || perDay > 1;
	const gap = days.length > 1 && split ? snap(timeline ? 7 : 3) : 0;
	const gaps = gap * (days.length - 1);
	const headMin = timeline ? clamp(92, room.width * 0.16, 190) : narrow ? 60 : 68;

	const columnMin = timeline ? (room.coarse ? 44 : DENSE.column) : narrow ? (columns > 8 ? 48 : 64) : columns > 8 ? 46 : ROOMY;
	// In a timeline columns grow to fill the width only; a cell wider than its day's neighbour would say nothing more.
	const column = snap(Math.max(columnMin, (room.width - headMin - gaps - END) / Math.max(1, columns)));
	const spare = room.width - headMin - gaps - END - column * columns;
	const high = room.windowHeight > 1_300 ? 60 : 44;
	const rowMin = timeline ? (room.coarse ? 36 : DENSE.row) : 30;
	const fill = (room.windowHeight - AROUND) / Math.max(1, rows);
	const row = snap(room.coarse && !timeline ? 44 : clamp(rowMin, fill, timeline ? 40 : high));

	const headInline = snap(headMin + Math.max(0, spare));
	const headDays = timeline ? 34 : split ? 44 : 56;
	const headSplit = split ? 30 : 0;
	const headBlock = headDays + headSplit;
	return {
		headInline,
		headDays,
		headSplit,
		headBlock,
		column,
		row,
		gap,
		perDay,
		columns,
		rows,
		width: headInline + column * columns + gaps + END,
		height: headBlock + row * rows + END,
		margin: row < 30 || column < 44 ? 1 : 2,
		roomy: column >= ROOMY && !timeline && !narrow,
		wordy: column >= WORDY && !timeline && !narrow,
		ratio: room.ratio,
	};
}

export const columnX = (g: Geometry, column: number): number =>
	g.headInline + column * g.column + Math.floor(column / g.perDay) * g.gap;

export const rowY = (g: Geometry, row: number): number => g.headBlock + row * g.row;

export function boxOf(g: Geometry, cell: number): Box {
	const row = Math.floor(cell / g.columns);
	return { x: columnX(g, cell - row * g.columns), y: rowY(g, row), width: g.column, height: g.row };
}

/** Sizes that are fractions of a pixel do not add up exactly. */
const whole = (n: number): number => Math.floor(n + 1e-9);

/** The column at x, or the next one when x lies in the gap between two days. May lie outside. */
function columnAt(g: Geometry, x: number): number {
	const day = g.perDay * g.column + g.gap;
	const inside = x - g.headInline;
	const index = whole(inside / day);
	return index * g.perDay + Math.min(g.perDay, whole((inside - index * day) / g.column));
}

const rowAt = (g: Geometry, y: number): number => whole((y - g.headBlock) / g.row);

/** The cell under a point; -1: none (heads, gaps, outside). */
export function cellUnder(g: Geometry, x: number, y: number): number {
	const row = rowAt(g, y);
	const column = columnAt(g, x);
	if (row < 0 || row >= g.rows || column < 0 || column >= g.columns || x < columnX(g, column)) return -1;
	return row * g.columns + column;
}

/** A rectangle of cells, both ends included. Empty when last < first. */
export interface Span {
	readonly firstRow: number;
	readonly lastRow: number;
	readonly firstColumn: number;
	readonly lastColumn: number;
}

export function spanOf(g: Geometry, box: Box): Span {
	return {
		firstRow: clamp(0, rowAt(g, box.y), g.rows),
		lastRow: clamp(-1, rowAt(g, box.y + box.height - 1e-6), g.rows - 1),
		firstColumn: clamp(0, columnAt(g, box.x), g.columns),
		lastColumn: clamp(-1, columnAt(g, box.x + box.width - 1e-6), g.columns - 1),
	};
}
