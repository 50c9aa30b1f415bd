/*
 * The picture: a canvas a little larger than what can be seen, which lies in the scrolled field and so moves with it, heads and
 * all, without a line of script. Only when its margin is used up is it moved and painted anew; in between, only cells that changed are.
 */
import { RING_FULL, type Cells } from "./cells.js";
import { boxOf, columnX, rowY, spanOf, type Box, type Geometry } from "./geometry.js";
import type { Faces, Style } from "./faces.js";

/** Beyond what can be seen, on each side, CSS pixels; and what of it may be used up before the canvas moves. */
const MARGIN = 192;
const USED = 128;

export interface Painter {
	/** Paint everything that can be seen through `view`. */
	all(view: Box): void;
	/** Has the view left what is painted? */
	leaves(view: Box): boolean;
	cells(dirty: Iterable<number>): void;
}

export interface Scene {
	readonly geometry: Geometry;
	readonly cells: Cells;
	readonly faces: Faces;
	readonly style: Style;
	/** Dotted rings that stand still. */
	readonly still: boolean;
	timeOf(cell: number): string;
}

export function createPainter(canvas: HTMLCanvasElement, scene: Scene): Painter {
	const { geometry: g, cells, faces, style } = scene;
	const { rtl, palette } = style;
	const ctx = canvas.getContext("2d", { alpha: false });
	const device = (px: number): number => Math.round(px * g.ratio);
	const width = device(g.column);
	const height = device(g.row);
	/** What the canvas covers, in field coordinates (x from the inline start). */
	let origin: Box = { x: 0, y: 0, width: 0, height: 0 };

	const place = (view: Box): void => {
		const snap = (px: number): number => Math.round(px * g.ratio) / g.ratio;
		const x = snap(Math.max(0, view.x - MARGIN));
		const y = snap(Math.max(0, view.y - MARGIN));
		origin = {
			x,
			y,
			width: snap(Math.min(g.width, view.x + view.width + MARGIN) - x),
			height: snap(Math.min(g.height, view.y + view.height + MARGIN) - y),
		};
		const [w, h] = [device(origin.width), device(origin.height)];
		// Setting a size empties the canvas and costs its memory again: only when it is another one.
		if (canvas.width !== w) canvas.width = w;
		if (canvas.height !== h) canvas.height = h;
		canvas.style.width = `${w / g.ratio}px`;
		canvas.style.height = `${h / g.ratio}px`;
		canvas.style.insetInlineStart = `${x}px`;
		canvas.style.top = `${y}px`;
	};

	/** Inside the cell's own box, so that a neighbour never needs painting: 2 px outside, 1 px inside. */
	const ring = (x: number, y: number, step: number): void => {
		if (!ctx) return;
		const [outer, inner] = [device(2), Math.max(1, device(1))];
		ctx.globalAlpha = step / RING_FULL;
		if (scene.still) ctx.setLineDash([outer, outer]);
		for (const [colour, at, line] of [
			[palette["ring-inner"], outer, inner],
			[palette["ring-outer"], 0, outer],
		] as const) {
			ctx.strokeStyle = colour;
			ctx.lineWidth = line;
			ctx.beginPath();
			ctx.roundRect(x + at + line / 2, y + at + line / 2, width - 2 * at - line, height - 2 * at - line, device(g.row < 30 ? 4 : 7) - at / 2);
			ctx.stroke();
		}
		ctx.setLineDash([]);
		ctx.globalAlpha = 1;
	};

	const paint = (cell: number, x: number, y: number): void => {
		const step = cells.ring[cell] ?? 0;
		ctx?.drawImage(faces.face(cells.state[cell] ?? 0, cells.remaining[cell] ?? 0, scene.timeOf(cell), step > 0), x, y);
		if (step > 0) ring(x, y, step);
	};
	const leftOf = (x: number): number => (rtl ? device(origin.width) - device(x - origin.x) - width : device(x - origin.x));

	return {
		all(view) {
			place(view);
			if (!ctx) return;
			ctx.fillStyle = palette.raised;
			ctx.fillRect(0, 0, canvas.width, canvas.height);
			const span = spanOf(g, origin);
			for (let column = span.firstColumn; column <= span.lastColumn; column++) {
				const x = leftOf(columnX(g, column));
				for (let row = span.firstRow; row <= span.lastRow; row++)
					paint(row * g.columns + column, x, device(rowY(g, row) - origin.y));
			}
		},
		leaves(view) {
			const slack = MARGIN - USED;
			return (
				view.x < origin.x + (origin.x > 0 ? slack : 0) ||
				view.y < origin.y + (origin.y > 0 ? slack : 0) ||
				view.x + view.width > origin.x + origin.width - (origin.x + origin.width < g.width - 1 ? slack : 0) ||
				view.y + view.height > origin.y + origin.height - (origin.y + origin.height < g.height - 1 ? slack : 0)
			);
		},
		cells(dirty) {
			for (const cell of dirty) {
				const box = boxOf(g, cell);
				if (box.x + box.width <= origin.x || box.x >= origin.x + origin.width) continue;
				if (box.y + box.height <= origin.y || box.y >= origin.y + origin.height) continue;
				paint(cell, leftOf(box.x), device(box.y - origin.y));
			}
		},
	};
}
