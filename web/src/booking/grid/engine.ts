/*
 * The grid at work: one scroll container, a canvas that shows the cells, elements over it that say them, and the loop between.
 *
 *   batch of rows ─▶ cells (arrays, dirty set) ─▶ canvas, in the same frame
 *                          └─▶ elements over it, 4 times a second; the focused one at once (labels.ts)
 *   scrolling     ─▶ nothing at all until the canvas' margin is used up, then one full repaint (scrolling.ts)
 *
 * The store hands over its batch inside a frame, so painting there and then shows it in that frame; asking for another frame would
 * cost 16 ms. A hidden tab gets no frames: the store gathers, and the first batch on return brings everything.
 *
 * Here are the loop and the wires. What follows from the rows is made in axes.ts, what follows from the window in fit.ts; keys are in
 * moving.ts, the pointer in pointing.ts, and what all of them share is the stage.
 */
import { effect } from "@preact/signals";
import type { SlotBatch } from "../../sync/index.js";
import type { LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import { pointed } from "../pointed.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";
import { createAxes, type Axes } from "./axes.js";
import { createFit, type Fit } from "./fit.js";
import { element } from "./heads.js";
import { nextFree } from "./keyboard.js";
import { createLabels } from "./labels.js";
import { addressOf, cellAt, createMoving } from "./moving.js";
import { watchTheme } from "./palette.js";
import { createPointing } from "./pointing.js";
import { createScrolling } from "./scrolling.js";
import { viewOf, type Stage } from "./stage.js";

const DATED: ReadonlySet<string> = new Set(["stale", "offline", "unavailable"]);

export function createGrid(host: HTMLElement, model: VenueModel, days: readonly LocalDate[]): () => void {
	const canvas = document.createElement("canvas");
	canvas.className = "grid-canvas";
	canvas.setAttribute("aria-hidden", "true");
	const field = element("", "grid-field", canvas);
	field.style.setProperty("--grid-updated", JSON.stringify(text.updated));
	host.append(field);
	const still = matchMedia("(prefers-reduced-motion: reduce)");
	const coarse = matchMedia("(pointer: coarse)");
	const rtl = getComputedStyle(host).direction === "rtl";
	let dated = false;

	/* Painting ----------------------------------------------------------------------------------------------- */

	/** A row has come that these axes have no line for. */
	let outgrown = false;
	let repaint = false;
	let frame = 0;
	let ageTimer = 0;
	const soon = (): void => {
		frame ||= requestAnimationFrame(flush);
	};
	const everything = (): void => {
		repaint = true;
		soon();
	};
	const flush = (): void => {
		cancelAnimationFrame(frame);
		frame = 0;
		if (outgrown) build();
		const dirty: number[] = [];
		stage.axes.cells.drain((cell) => dirty.push(cell));
		if (repaint) stage.fit.painter.all(viewOf(stage));
		else stage.fit.painter.cells(dirty);
		repaint = false;
		labels.changed(dirty);
		// Asked for by what has just been drained; nothing is left to do.
		cancelAnimationFrame(frame);
		frame = 0;
	};
	const keepAging = (): void => {
		clearTimeout(ageTimer);
		const next = stage.axes.cells.age(environment.now(), still.matches);
		ageTimer = next === null ? 0 : window.setTimeout(keepAging, Math.max(16, next));
	};

	/* Making ------------------------------------------------------------------------------------------------- */

	const makeAxes = (): Axes => createAxes(model, days, host.clientWidth, still.matches, soon);
	const makeFit = (axes: Axes): Fit => createFit({ host, field, canvas, rtl }, axes, model, { coarse: coarse.matches, still: still.matches, dated });
	const firstStop = ({ cells }: Axes): number => Math.max(0, nextFree(cells, -1));
	/** Put new axes on the stage. */
	const raise = (): void => {
		const { layout, semantics } = stage.axes;
		field.append(semantics.root);
		field.className = `grid-field grid-${layout.kind === "timeline" ? "timeline" : layout.perDay > 1 ? "split" : "plain"}`;
		place();
		keepAging();
	};
	const place = (): void => {
		stage.axes.semantics.arrange(stage.fit.geometry);
		stage.axes.semantics.stop(stage.stop);
		scrolling.settle();
		everything();
	};
	/** The window or the theme is another one. */
	const arrange = (): void => {
		stage.fit = makeFit(stage.axes);
		place();
	};
	const build = (): void => {
		outgrown = false;
		const { focused, stop } = stage;
		const before = addressOf(stage, stop);
		stage.axes.semantics.root.remove();
		stage.axes = makeAxes();
		stage.fit = makeFit(stage.axes);
		labels.forget();
		stage.stop = cellAt(stage, before) ?? firstStop(stage.axes);
		raise();
		if (focused) moving.focus(stage.stop);
	};

	const axes = makeAxes();
	const stage: Stage = { host, field, model, days, rtl, axes, fit: makeFit(axes), stop: firstStop(axes), focused: false };
	const labels = createLabels(stage);
	const scrolling = createScrolling(stage, everything);
	const moving = createMoving(stage, scrolling);
	const pointing = createPointing(stage);
	raise();

	/* Hearing ------------------------------------------------------------------------------------------------ */

	const onBatch = (batch: SlotBatch): void => {
		const { cells } = stage.axes;
		for (const [id, { after }] of batch.changes) {
			if (!after) cells.remove(id);
			else if (!cells.put(after)) outgrown = true;
			else {
				const at = batch.origin === "live" ? model.marks.at(id) : undefined;
				if (at !== undefined) cells.mark(id, at);
			}
		}
		if (document.hidden) return soon();
		flush();
		if (!ageTimer) keepAging();
	};
	const onVisible = (): void => {
		if (document.hidden) return;
		keepAging();
		everything();
	};
	const listeners: readonly (readonly [EventTarget, string, (event: never) => void])[] = [
		[field, "keydown", moving.onKeyDown],
		[field, "click", pointing.onClick],
		[field, "pointermove", pointing.onMove],
		[field, "pointerleave", pointing.onLeave],
		[field, "focusin", pointing.onFocus],
		[field, "focusout", pointing.onBlur],
		[host, "scroll", scrolling.onScroll],
		[host, "scroll", pointing.onScroll],
		[document, "visibilitychange", onVisible],
		[window, "resize", arrange],
		[still, "change", arrange],
	];
	for (const [target, name, run] of listeners) target.addEventListener(name, run as EventListener, { passive: name === "scroll" });
	let width = host.clientWidth;
	const sizes = new ResizeObserver(() => {
		if (host.clientWidth === width) return;
		width = host.clientWidth;
		arrange();
	});
	sizes.observe(host);
	const endings = [
		model.rows.subscribe(onBatch),
		watchTheme(arrange),
		effect(() => stage.axes.cells.own(model.holding.value, model.ours.value)),
		effect(() => {
			const now = DATED.has(model.status.value.state);
			if (now === dated) return;
			dated = now;
			arrange();
		}),
		() => sizes.disconnect(),
	];
	moving.regain();

	return () => {
		for (const [target, name, run] of listeners) target.removeEventListener(name, run as EventListener);
		for (const end of endings) end();
		labels.stop();
		scrolling.stop();
		clearTimeout(ageTimer);
		cancelAnimationFrame(frame);
		pointed.value = null;
		field.remove();
	};
}
