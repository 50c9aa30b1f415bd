/*
 * The grid at work: one scroll container, a canvas that shows the cells, elements over it that say them, and the loop between.
 *
 *   batch of rows ─▶ cells (arrays, dirty set) ─▶ canvas, in the same frame
 *                          └─▶ elements over it, 4 times a second; the focused one at once
 *   scrolling     ─▶ nothing at all until the canvas' margin is used up, then one full repaint
 *
 * The store hands over its batch inside a frame, so painting there and then shows it in that frame; asking for another frame would
 * cost 16 ms. A hidden tab gets no frames: the store gathers, and the first batch on return brings everything.
 */
import { effect } from "@preact/signals";
import type { SlotBatch } from "../../sync/index.js";
import { daysBetween, type LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import { pointed } from "../pointed.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";
import { CLOSED, createCells, isOpen, nameOf, type Cells } from "./cells.js";
import { createFaces, type Style } from "./faces.js";
import { boxOf, cellUnder, measure, spanOf, type Box, type Geometry } from "./geometry.js";
import { createHeads, element, type Heads } from "./heads.js";
import { moveFor, nextFree } from "./keyboard.js";
import { createLayout, type Layout } from "./layout.js";
import { createPainter, type Painter } from "./paint.js";
import { readPalette, watchTheme } from "./palette.js";
import { createSemantics, type Semantics } from "./semantics.js";

const LABELS_MS = 250;
const SETTLED_MS = 120;
/** With more marks than this a word on each would be noise; the row heads count them. */
const TAGS_MAX = 12;
/** A calendar of a day has its resources side by side while each gets this much. */
const SIDE_BY_SIDE = 64;
const DATED: ReadonlySet<string> = new Set(["stale", "offline", "unavailable"]);

const sayState = (state: number, remaining: number): string => (isOpen(state) ? text.left(remaining) : text.state[nameOf(state)]);

/** Where the focus goes when the rows of another week have come: keys went there, and the grid was made anew meanwhile. */
let regain: { readonly date: LocalDate; readonly resource: string; readonly key: number } | null = null;

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

	let layout: Layout;
	let cells: Cells;
	let heads: Heads;
	let semantics: Semantics;
	let geometry: Geometry;
	let painter: Painter;
	let tagged = false;
	let stop = 0;
	let focused = false;
	let dated = false;

	let outgrown = false;
	let repaint = false;
	let frame = 0;
	let ageTimer = 0;
	let labelTimer = 0;
	let labelled = -Infinity;
	const unsaid = new Set<number>();
	let settleTimer = 0;
	let under = -1;

	const view = (): Box => ({ x: Math.abs(host.scrollLeft), y: host.scrollTop, width: host.clientWidth, height: host.clientHeight });

	/* Making ------------------------------------------------------------------------------------------------- */

	const build = (): void => {
		const before = semantics ? keyOf(stop) : null;
		outgrown = false;
		const rows = model.rows.all();
		layout = createLayout(rows, days, model.resources.peek(), model.zone, Math.floor(host.clientWidth / SIDE_BY_SIDE));
		cells = createCells(layout, () => soon());
		for (const slot of rows) cells.put(slot);
		cells.own(model.holding.peek(), model.ours());
		for (const id of model.marks.ids.peek()) cells.mark(id, model.marks.at(id) ?? 0);
		cells.age(environment.now(), still.matches);
		semantics?.root.remove();
		heads = createHeads(layout, model);
		semantics = createSemantics(cells, heads, labelOf);
		semantics.root.setAttribute("aria-label", text.gridLabel(model.choice.service.peek().name, model.format.week(days[0] ?? "", days[days.length - 1] ?? "")));
		field.append(semantics.root);
		field.className = `grid-field grid-${layout.kind === "timeline" ? "timeline" : layout.perDay > 1 ? "split" : "plain"}`;
		unsaid.clear();
		stop = (before && cellOfKey(before)) ?? Math.max(0, nextFree(cells, -1));
		arrange();
		if (before && focused) focusCell(stop);
		keepAging();
	};
	const keyOf = (cell: number): typeof regain => {
		const { day, resource, line } = layout.placeOf(cell);
		return { date: days[day] ?? "", resource: layout.resources[resource]?.id ?? "", key: layout.lines[line]?.key ?? 0 };
	};
	const cellOfKey = ({ date, resource, key }: NonNullable<typeof regain>): number | null => {
		const place = {
			day: days.indexOf(date),
			resource: layout.resources.findIndex((item) => item.id === resource),
			line: Math.max(0, layout.lines.findIndex((line) => line.key === key)),
		};
		return place.day < 0 || place.resource < 0 ? null : layout.cellAt(place);
	};

	/** Sizes, colours and words: everything that follows from the window and the theme. */
	const arrange = (): void => {
		geometry = measure(layout, {
			width: host.clientWidth,
			windowHeight: innerHeight,
			ratio: devicePixelRatio,
			coarse: coarse.matches,
		});
		const g = geometry;
		for (const [name, px] of Object.entries({ width: g.width, height: g.height, head: g.headInline, days: g.headDays, split: g.headSplit, column: g.column, row: g.row, margin: g.margin, day: g.perDay * g.column }))
			field.style.setProperty(`--grid-${name}`, `${px}px`);
		const style: Style = {
			palette: readPalette(host),
			font: getComputedStyle(host).fontFamily,
			rtl,
			dated,
			updated: text.updated,
			said: (state, remaining) => (g.wordy ? sayState(state, remaining) : isOpen(state) ? model.format.number(remaining) : ""),
		};
		const faces = createFaces(g, style);
		tagged = faces.hasTag;
		const times = layout.lines.map((line) => (g.roomy ? model.format.time(line.example) : ""));
		const timeOf = g.roomy ? (cell: number): string => times[layout.placeOf(cell).line] ?? "" : (): string => "";
		painter = createPainter(canvas, { geometry: g, cells, faces, style, still: still.matches, timeOf });
		semantics.arrange(g);
		semantics.stop(stop);
		settle();
		everything();
	};

	/* Painting ----------------------------------------------------------------------------------------------- */

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
		cells.drain((cell) => dirty.push(cell));
		if (repaint) painter.all(view());
		else painter.cells(dirty);
		repaint = false;
		for (const cell of dirty) if (semantics.at(cell)) unsaid.add(cell);
		if (dirty.length > 0) sayLater();
		// Asked for by what has just been drained; nothing is left to do.
		cancelAnimationFrame(frame);
		frame = 0;
	};
	const keepAging = (): void => {
		clearTimeout(ageTimer);
		const next = cells.age(environment.now(), still.matches);
		ageTimer = next === null ? 0 : window.setTimeout(keepAging, Math.max(16, next));
	};

	/* Saying ------------------------------------------------------------------------------------------------- */

	const labelOf = (cell: number): string => {
		const { day, resource, line } = layout.placeOf(cell);
		const id = cells.ids[cell];
		const at = (id === undefined ? undefined : model.rows.get(id))?.startMs ?? layout.lines[line]?.example ?? 0;
		const state = cells.state[cell] ?? CLOSED;
		return [
			`${model.format.time(at)} ${model.format.zone(at)}`,
			model.format.shortDay(days[day] ?? ""),
			layout.resources[resource]?.name ?? "",
			text.state[nameOf(state)],
			...(isOpen(state) ? [text.left(cells.remaining[cell] ?? 0)] : []),
			...((cells.ring[cell] ?? 0) > 0 ? [text.updated] : []),
		].join(", ");
	};
	const say = (): void => {
		labelTimer = 0;
		labelled = performance.now();
		semantics.patch(unsaid);
		unsaid.clear();
		const marked = [...cells.marked()];
		if (!tagged) {
			const counts = new Map<number, number>();
			for (const cell of marked) counts.set(Math.floor(cell / layout.columns), (counts.get(Math.floor(cell / layout.columns)) ?? 0) + 1);
			heads.count(counts);
		}
		field.classList.toggle("grid-tagged", !tagged && marked.length <= TAGS_MAX);
	};
	const sayLater = (): void => {
		if (focused && unsaid.delete(stop)) semantics.patch([stop]);
		if (labelTimer) return;
		const wait = labelled + LABELS_MS - performance.now();
		if (wait <= 0) say();
		else labelTimer = window.setTimeout(say, wait);
	};
	/** Elements for what can be seen now. */
	const settle = (): void => {
		settleTimer = 0;
		const { x, y, width, height } = view();
		const { headInline, headBlock } = geometry;
		semantics.show(spanOf(geometry, { x: x + headInline, y: y + headBlock, width: width - headInline, height: height - headBlock }));
	};

	/* Moving ------------------------------------------------------------------------------------------------- */

	const reveal = (cell: number): void => {
		const { x, y, width, height } = boxOf(geometry, cell);
		const { headInline, headBlock } = geometry;
		const shown = view();
		const along = (at: number, size: number, from: number, room: number, head: number): number =>
			at - head < from ? at - head : at + size > from + room ? at + size - room : from;
		const left = along(x, width, shown.x, shown.width, headInline);
		const top = along(y, height, shown.y, shown.height, headBlock);
		if (left !== shown.x || top !== shown.y) host.scrollTo({ left: rtl ? -left : left, top, behavior: "instant" });
	};
	const focusCell = (cell: number): void => {
		stop = cell;
		reveal(cell);
		const made = semantics.stop(cell);
		made.focus({ preventScroll: true });
		// Only where the cell stands in the field is known; the page round it may have to move too.
		made.scrollIntoView({ block: "nearest", inline: "nearest" });
	};
	const open = (cell: number): void => {
		const id = cells.ids[cell];
		const slot = id === undefined ? undefined : model.rows.get(id);
		if (slot) model.open.value = slot;
	};
	const moveDay = (by: 1 | -1): void => {
		const place = layout.placeOf(stop);
		const day = place.day + by;
		if (days[day] !== undefined) return focusCell(layout.cellAt({ ...place, day }));
		const edge = days[place.day] ?? "";
		const before = model.choice.date.peek();
		const key = keyOf(stop);
		model.moveDays(daysBetween(before, edge) + by);
		if (key && model.choice.date.peek() !== before) regain = { ...key, date: model.choice.date.peek() };
	};
	const onKeyDown = (event: KeyboardEvent): void => {
		const screen = Math.max(1, Math.floor((host.clientHeight - geometry.headBlock) / geometry.row) - 1);
		const move = moveFor(event, { cell: stop, rows: layout.rows, columns: layout.columns, rtl, screen });
		if (move === null) return;
		if (typeof move === "number") focusCell(move);
		else if (move === "open") open(stop);
		else if (move === "day-before") moveDay(-1);
		else if (move === "day-after") moveDay(1);
		else if (move === "leave") {
			if (pointed.peek() === null) return;
			pointed.value = null;
		} else if (move === "pause") model.rows.paused.peek() ? model.rows.resume() : model.rows.pause();
		else {
			const latest = model.marks.latest.peek();
			const cell = move === "next" ? nextFree(cells, stop) : latest === null ? -1 : cells.cellOf(latest);
			if (cell >= 0) focusCell(cell);
		}
		event.preventDefault();
	};

	/* Pointing ----------------------------------------------------------------------------------------------- */

	const point = (cell: number, by: "pointer" | "focus"): void => {
		const id = cells.ids[cell];
		const slot = id === undefined ? undefined : model.rows.get(id);
		if (!slot) return void (pointed.value = null);
		const around = field.getBoundingClientRect();
		const { x, y, width, height } = boxOf(geometry, cell);
		pointed.value = { slot, rect: new DOMRect(rtl ? around.right - x - width : around.left + x, around.top + y, width, height), by };
	};
	const cellOfEvent = (event: MouseEvent): number => {
		const target = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-cell]") : null;
		if (target) return Number(target.dataset["cell"]);
		// A head lies over the cells; between cells, and over those that have no element yet, there is only the grid itself.
		if (!(event.target instanceof Element) || event.target.closest(".row-head, .grid-top")) return -1;
		const around = field.getBoundingClientRect();
		return cellUnder(geometry, rtl ? around.right - event.clientX : event.clientX - around.left, event.clientY - around.top);
	};
	const onMove = (event: PointerEvent): void => {
		if (event.pointerType !== "mouse") return;
		const cell = cellOfEvent(event);
		if (cell === under) return;
		under = cell;
		point(cell, "pointer");
	};
	const onLeave = (): void => {
		if (under >= 0) pointed.value = null;
		under = -1;
	};
	const onClick = (event: MouseEvent): void => {
		const cell = cellOfEvent(event);
		if (cell < 0) return;
		stop = cell;
		semantics.stop(cell).focus({ preventScroll: true });
		open(cell);
	};
	const onFocus = (event: FocusEvent): void => {
		const cell = event.target instanceof HTMLElement ? Number(event.target.dataset["cell"] ?? -1) : -1;
		if (cell < 0) return;
		focused = true;
		stop = cell;
		const made = semantics.stop(cell);
		if (made.matches(":focus-visible")) point(cell, "focus");
	};
	const onBlur = (): void => {
		focused = false;
		if (pointed.peek()?.by === "focus") pointed.value = null;
	};
	const onScroll = (): void => {
		if (painter.leaves(view())) everything();
		if (pointed.peek()?.by === "pointer") pointed.value = null;
		under = -1;
		clearTimeout(settleTimer);
		settleTimer = window.setTimeout(settle, SETTLED_MS);
	};

	/* Hearing ------------------------------------------------------------------------------------------------ */

	const onBatch = (batch: SlotBatch): void => {
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

	build();
	const listeners: readonly (readonly [EventTarget, string, (event: never) => void])[] = [
		[field, "keydown", onKeyDown],
		[field, "click", onClick],
		[field, "pointermove", onMove],
		[field, "pointerleave", onLeave],
		[field, "focusin", onFocus],
		[field, "focusout", onBlur],
		[host, "scroll", onScroll],
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
		effect(() => cells.own(model.holding.value, model.ours())),
		effect(() => {
			const now = DATED.has(model.status.value.state);
			if (now === dated) return;
			dated = now;
			arrange();
		}),
		() => sizes.disconnect(),
	];
	const wanted = regain && cellOfKey(regain);
	regain = null;
	if (wanted !== null) focusCell(wanted);

	return () => {
		for (const [target, name, run] of listeners) target.removeEventListener(name, run as EventListener);
		for (const end of endings) end();
		for (const timer of [ageTimer, labelTimer, settleTimer]) clearTimeout(timer);
		cancelAnimationFrame(frame);
		pointed.value = null;
		field.remove();
	};
}
