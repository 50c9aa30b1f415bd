/* Everything of the grid that follows from the window and the theme: sizes, colours, and how much can be said in a cell. */
import { text } from "../text/index.js";
import type { VenueModel } from "../model.js";
import type { Axes } from "./axes.js";
import { isOpen } from "./cells.js";
import { createFaces, type Style } from "./faces.js";
import { measure, type Geometry } from "./geometry.js";
import { stateWords } from "./labels.js";
import { createPainter, type Painter } from "./paint.js";
import { readPalette } from "./palette.js";

export interface Fit {
	readonly geometry: Geometry;
	readonly painter: Painter;
	/** Is the "Updated" tag painted inside the cells? */
	readonly tagged: boolean;
}

interface Place {
	readonly host: HTMLElement;
	readonly field: HTMLElement;
	readonly canvas: HTMLCanvasElement;
	readonly rtl: boolean;
}

interface Conditions {
	readonly coarse: boolean;
	readonly still: boolean;
	/** The times may no longer be right. */
	readonly dated: boolean;
}

export function createFit({ host, field, canvas, rtl }: Place, { layout, cells }: Axes, { format }: VenueModel, { coarse, still, dated }: Conditions): Fit {
	const geometry = measure(layout, { width: host.clientWidth, windowHeight: innerHeight, ratio: devicePixelRatio, coarse });
	tell(field, geometry);
	const style: Style = {
		palette: readPalette(host),
		font: getComputedStyle(host).fontFamily,
		rtl,
		dated,
		updated: text.updated,
		said: (state, remaining) => (geometry.wordy ? stateWords(state, remaining) : isOpen(state) ? format.number(remaining) : ""),
	};
	const faces = createFaces(geometry, style);
	const times = layout.lines.map((line) => (geometry.roomy ? format.time(line.example) : ""));
	const timeOf = geometry.roomy ? (cell: number): string => times[layout.placeOf(cell).line] ?? "" : (): string => "";
	return { geometry, painter: createPainter(canvas, { geometry, cells, faces, style, still, timeOf }), tagged: faces.hasTag };
}

/** The sizes, for style/grid.css. */
function tell(field: HTMLElement, g: Geometry): void {
	const sizes = {
		width: g.width,
		height: g.height,
		head: g.headInline,
		days: g.headDays,
		split: g.headSplit,
		column: g.column,
		row: g.row,
		margin: g.margin,
		day: g.perDay * g.column,
	};
	for (const [name, px] of Object.entries(sizes)) field.style.setProperty(`--grid-${name}`, `${px}px`);
}
