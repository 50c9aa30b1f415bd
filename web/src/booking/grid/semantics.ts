/*
 * The grid as elements, for the keyboard, for assistive technology and for whoever looks into the page: heads as text, and over the
 * canvas a transparent gridcell for every cell that can be seen. A small grid has all its cells as elements; a large one has
 * those in the window, and always the cell that holds the tab stop: an element that loses the focus by being recycled would leave the
 * keyboard nowhere.
 */
import { CLOSED, nameOf, type Cells } from "./cells.js";
import { columnX, type Geometry, type Span } from "./geometry.js";
import { element, type Heads } from "./heads.js";

/** A grid with no more cells than this is all elements; more are never made at once. */
const CELLS_MAX = 1_200;

export interface Semantics {
	readonly root: HTMLElement;
	arrange(g: Geometry): void;
	/** Have elements for these cells, and for no others but the tab stop. */
	show(span: Span): void;
	/** Say what these cells are now. */
	patch(cells: Iterable<number>): void;
	/** Move the tab stop; its element. */
	stop(cell: number): HTMLElement;
	at(cell: number): HTMLElement | undefined;
}

export function createSemantics(cells: Cells, heads: Heads, labelOf: (cell: number) => string): Semantics {
	const { layout } = cells;
	const { columns } = layout;
	const lines = heads.rows.map((head, row) => {
		const line = element("row", "row", head);
		line.setAttribute("aria-rowindex", String(row + heads.top.length + 1));
		return line;
	});
	const root = element("grid", "grid", ...heads.top, ...lines);
	root.setAttribute("aria-rowcount", String(layout.rows + heads.top.length));
	root.setAttribute("aria-colcount", String(columns + 1));
	root.setAttribute("aria-describedby", "grid-help");
	const mounted = new Map<number, HTMLElement>();
	const spare: HTMLElement[] = [];
	let geometry: Geometry | null = null;
	let stop = 0;

	const describe = (cell: number, made: HTMLElement): void => {
		const id = cells.ids[cell];
		const state = cells.state[cell] ?? CLOSED;
		const name = nameOf(state);
		made.className = `cell cell-${name}${(cells.ring[cell] ?? 0) > 0 ? " is-updated" : ""}`;
		made.setAttribute("aria-label", labelOf(cell));
		if (id === undefined) {
			delete made.dataset["slot"];
			delete made.dataset["state"];
			return;
		}
		made.dataset["slot"] = id;
		made.dataset["state"] = nameOf(cells.said[cell] ?? CLOSED);
	};
	const put = (cell: number, made: HTMLElement): void => {
		if (geometry) made.style.insetInlineStart = `${columnX(geometry, cell % columns)}px`;
	};
	const make = (cell: number): HTMLElement => {
		const made = spare.pop() ?? element("gridcell", "");
		made.tabIndex = cell === stop ? 0 : -1;
		made.dataset["cell"] = String(cell);
		made.setAttribute("aria-colindex", String((cell % columns) + 2));
		describe(cell, made);
		put(cell, made);
		mounted.set(cell, made);
		return made;
	};
	/** Among the row's other cells, in the order of the columns. */
	const insert = (cell: number): HTMLElement => {
		const made = mounted.get(cell) ?? make(cell);
		if (made.parentElement) return made;
		const line = lines[Math.floor(cell / columns)];
		const after = [...(line?.children ?? [])].find((other) => Number((other as HTMLElement).dataset["cell"] ?? -1) > cell);
		line?.insertBefore(made, after ?? null);
		return made;
	};
	/** From the last to the first, so that cells already there are never moved: moving would take the focus from them. */
	const fill = (row: number, first: number, last: number): void => {
		const stopColumn = Math.floor(stop / columns) === row ? stop % columns : -1;
		let next: Node | null = stopColumn > last ? (mounted.get(stop) ?? null) : null;
		for (let column = last; column >= first; column--) {
			const cell = row * columns + column;
			const made = mounted.get(cell) ?? make(cell);
			if (made.nextSibling !== next || !made.parentElement) lines[row]?.insertBefore(made, next);
			next = made;
		}
	};

	return {
		root,
		arrange(g) {
			geometry = g;
			heads.arrange(g);
			for (const [cell, made] of mounted) put(cell, made);
		},
		show(span) {
			const all = layout.rows * columns <= CELLS_MAX;
			const { firstRow, firstColumn } = all ? { firstRow: 0, firstColumn: 0 } : span;
			const lastColumn = all ? columns - 1 : span.lastColumn;
			const width = Math.max(1, lastColumn - firstColumn + 1);
			const lastRow = all ? layout.rows - 1 : Math.min(span.lastRow, firstRow + Math.ceil(CELLS_MAX / width) - 1);
			for (const [cell, made] of mounted) {
				const [row, column] = [Math.floor(cell / columns), cell % columns];
				const inside = row >= firstRow && row <= lastRow && column >= firstColumn && column <= lastColumn;
				if (inside || cell === stop) continue;
				made.remove();
				mounted.delete(cell);
				spare.push(made);
			}
			for (let row = firstRow; row <= lastRow; row++) fill(row, firstColumn, lastColumn);
		},
		patch(changed) {
			for (const cell of changed) {
				const made = mounted.get(cell);
				if (made) describe(cell, made);
			}
		},
		stop(cell) {
			const before = mounted.get(stop);
			if (before && stop !== cell) before.tabIndex = -1;
			stop = cell;
			const made = insert(cell);
			made.tabIndex = 0;
			return made;
		},
		at: (cell) => mounted.get(cell),
	};
}
