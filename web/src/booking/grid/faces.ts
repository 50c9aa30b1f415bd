/*
 * What a cell looks like, drawn once per look and kept: a full repaint copies small pictures instead of drawing text and paths for
 * thousands of cells. A look is a state, a number, a time (where there is room for it), the "Updated" tag and whether all of it is out of date.
 */
import { AVAILABLE, BOOKED, CLOSED, HOLDING, isOpen, LIMITED, MINE } from "./cells.js";
import type { Geometry } from "./geometry.js";
import type { Palette, Token } from "./palette.js";

export interface Style {
	readonly palette: Palette;
	readonly font: string;
	readonly rtl: boolean;
	/** Dashed outlines: the times may no longer be right. */
	readonly dated: boolean;
	readonly updated: string;
	/** What a cell says beside its sign: a number, or words where they have room; "": nothing. */
	said(state: number, remaining: number): string;
}

export interface Faces {
	face(state: number, remaining: number, time: string, tagged: boolean): HTMLCanvasElement;
	/** Does the "Updated" tag have room inside a cell? */
	readonly hasTag: boolean;
}

const LOOKS: Readonly<Record<number, readonly [fill: Token, ink: Token, edge: Token]>> = {
	[CLOSED]: ["closed-cell", "closed-cell", "closed-cell"],
	[AVAILABLE]: ["available", "available-ink", "available-edge"],
	[LIMITED]: ["limited", "limited-ink", "limited-edge"],
	[BOOKED]: ["booked", "booked-ink", "booked-edge"],
	[HOLDING]: ["accent-tint", "accent", "accent"],
	[MINE]: ["accent", "accent-ink", "accent"],
};

/** Drawn in a 12 × 12 box; filled or stroked. */
const CROSS = "M2.5 2.5l7 7M9.5 2.5l-7 7";
const STAR = "M6 .8l1.6 3.3 3.6.5-2.6 2.5.6 3.6L6 9l-3.2 1.7.6-3.6L.8 4.6l3.6-.5z";
const HALF = "M6 1.4a4.6 4.6 0 010 9.2z";
const CIRCLE = "M10.6 6a4.6 4.6 0 11-9.2 0 4.6 4.6 0 019.2 0z";
const DOTS = "M2 6h.01M6 6h.01M10 6h.01";
const GLYPH = 11;
/** More looks than this are not worth keeping (a zone with odd numbers everywhere); they are made again. */
const KEPT = 4_000;

export function createFaces(g: Geometry, style: Style): Faces {
	const { palette } = style;
	const kept = new Map<string, HTMLCanvasElement>();
	const size = g.roomy ? Math.min(15, Math.max(12.5, g.row * 0.29)) : g.row < 30 ? 11.5 : Math.min(14, 12.5);
	const font = `560 ${size}px ${style.font}`;
	const tagFont = `620 10.5px ${style.font}`;
	const ruler = document.createElement("canvas").getContext("2d");
	const widthOf = (words: string, face: string): number => {
		if (!ruler) return Infinity;
		ruler.font = face;
		return ruler.measureText(words).width;
	};
	const tagWidth = Math.ceil(widthOf(style.updated, tagFont)) + 8;
	/** A sign and a number of two digits. */
	const cueRoom = 22;
	const hasTag = g.roomy && g.column - 2 * (g.margin + 9) - widthOf("00:00", font) - cueRoom - 8 >= tagWidth;

	const draw = (state: number, remaining: number, time: string, tagged: boolean): HTMLCanvasElement => {
		const canvas = document.createElement("canvas");
		canvas.width = Math.round(g.column * g.ratio);
		canvas.height = Math.round(g.row * g.ratio);
		const ctx = canvas.getContext("2d", { alpha: false });
		if (!ctx) return canvas;
		ctx.scale(g.ratio, g.ratio);
		ctx.fillStyle = palette.raised;
		ctx.fillRect(0, 0, g.column, g.row);
		ctx.font = font;
		ctx.textBaseline = "middle";
		ctx.lineCap = "round";
		body(ctx, state);
		if (state !== CLOSED) words(ctx, state, remaining, time, tagged);
		return canvas;
	};

	const body = (ctx: CanvasRenderingContext2D, state: number): void => {
		const [fill, , edge] = LOOKS[state] ?? ["closed-cell", "closed-cell", "closed-cell"];
		const inset = g.margin;
		const radius = state === CLOSED ? 3 : g.row < 30 ? 4 : 7;
		const path = (shrink: number): void => {
			const at = inset + shrink;
			ctx.beginPath();
			ctx.roundRect(at, at, g.column - 2 * at, g.row - 2 * at, radius - shrink);
		};
		ctx.save();
		path(0);
		ctx.fillStyle = palette[fill];
		ctx.fill();
		ctx.clip();
		if (state === LIMITED) hatch(ctx);
		ctx.restore();
		if (state === CLOSED) return;
		path(0.5);
		ctx.lineWidth = 1;
		ctx.strokeStyle = palette[edge];
		if (style.dated || state === HOLDING) {
			// The dashes need a ground that tells them from the edge.
			if (style.dated) ctx.strokeStyle = palette.raised;
			ctx.stroke();
			ctx.setLineDash([4, 3]);
			ctx.strokeStyle = palette[style.dated ? "control-edge" : edge];
		}
		ctx.stroke();
		ctx.setLineDash([]);
	};

	const hatch = (ctx: CanvasRenderingContext2D): void => {
		ctx.strokeStyle = palette["limited-hatch"];
		ctx.lineWidth = 2;
		ctx.beginPath();
		for (let x = -g.row; x < g.column + g.row; x += 7 * Math.SQRT2) {
			ctx.moveTo(x, g.row);
			ctx.lineTo(x + g.row, 0);
		}
		ctx.stroke();
	};

	const glyph = (ctx: CanvasRenderingContext2D, state: number, x: number): void => {
		ctx.save();
		ctx.translate(x, (g.row - GLYPH) / 2);
		ctx.scale(GLYPH / 12, GLYPH / 12);
		ctx.lineWidth = state === HOLDING ? 2.4 : 1.7;
		if (state === BOOKED) ctx.stroke(new Path2D(CROSS));
		else if (state === MINE) ctx.fill(new Path2D(STAR));
		else if (state === HOLDING) ctx.stroke(new Path2D(DOTS));
		else {
			ctx.stroke(new Path2D(CIRCLE));
			ctx.fill(new Path2D(HALF));
		}
		ctx.restore();
	};

	/** Time at the start, cue at the end; where there is no room for the time, the cue in the middle. */
	const words = (ctx: CanvasRenderingContext2D, state: number, remaining: number, time: string, tagged: boolean): void => {
		const [, ink] = LOOKS[state] ?? ["closed-cell", "closed-cell"];
		ctx.fillStyle = ctx.strokeStyle = palette[ink];
		const signed = state !== AVAILABLE;
		const number = style.said(state, remaining);
		const numberWidth = number ? widthOf(number, font) : 0;
		const cue = (signed ? GLYPH : 0) + (signed && number ? 3 : 0) + numberWidth;
		const pad = g.margin + 9;
		const mirror = (x: number, width: number): number => (style.rtl ? g.column - x - width : x);
		const start = time ? g.column - pad - cue : (g.column - cue) / 2;
		if (signed) glyph(ctx, state, mirror(start, GLYPH));
		ctx.textAlign = "left";
		const middle = g.row / 2 + 0.5;
		if (number) ctx.fillText(number, mirror(start + cue - numberWidth, numberWidth), middle);
		if (time) ctx.fillText(time, mirror(pad, widthOf(time, font)), middle);
		if (tagged && hasTag) tag(ctx, mirror(start - tagWidth - 4, tagWidth));
	};

	const tag = (ctx: CanvasRenderingContext2D, x: number): void => {
		const height = 18;
		const y = Math.round((g.row - height) / 2);
		ctx.beginPath();
		ctx.roundRect(x, y, tagWidth, height, 6);
		ctx.fillStyle = palette.accent;
		ctx.fill();
		ctx.fillStyle = palette["accent-ink"];
		ctx.font = tagFont;
		ctx.fillText(style.updated, x + 4, g.row / 2 + 0.5);
		ctx.font = font;
	};

	return {
		hasTag,
		face(state, remaining, time, tagged) {
			const number = isOpen(state) ? remaining : 0;
			const key = `${state}|${number}|${state === CLOSED ? "" : time}|${tagged && hasTag ? 1 : 0}`;
			let face = kept.get(key);
			if (!face) {
				if (kept.size >= KEPT) kept.clear();
				face = draw(state, number, time, tagged);
				kept.set(key, face);
			}
			return face;
		},
	};
}

