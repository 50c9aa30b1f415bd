/* Days, hours and resources round the cells: real text in elements that stick to the edges. */
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { columnX, type Geometry } from "./geometry.js";
import type { Layout } from "./layout.js";

export function element(role: string, className: string, ...children: readonly (Node | string)[]): HTMLDivElement {
	const made = document.createElement("div");
	if (role) made.setAttribute("role", role);
	made.className = className;
	made.append(...children);
	return made;
}

function span(className: string, words: string): HTMLSpanElement {
	const made = document.createElement("span");
	made.className = className;
	made.textContent = words;
	return made;
}

const hidden = (made: HTMLElement): HTMLElement => {
	made.setAttribute("aria-hidden", "true");
	return made;
};

export interface Heads {
	/** One row of column heads, or two. */
	readonly top: readonly HTMLElement[];
	readonly rows: readonly HTMLElement[];
	/** Put the column heads where the geometry has them. */
	arrange(g: Geometry): void;
	/** How many cells of each row have just changed. */
	count(counts: ReadonlyMap<number, number>): void;
}

export function createHeads(layout: Layout, model: VenueModel): Heads {
	const { format } = model;
	const { days, lines, resources, perDay } = layout;
	const timeline = layout.kind === "timeline";
	const split = timeline || perDay > 1;
	const zone = format.zone(lines[0]?.example ?? `${days[0] ?? ""}T12:00:00Z`);
	const today = model.today.peek();

	const corner = element(
		"columnheader",
		"corner",
		span("unseen", timeline ? text.filters.resource : text.timeColumn(zone)),
		hidden(span("", zone)),
	);
	const dayHeads = days.map((date, index) => {
		const label = span("day-label", "");
		label.append(span("day-name", format.weekday(date)), " ", span("day-number", format.dayNumber(date)));
		const head = element("columnheader", `day-head${date === today ? " is-today" : ""}${date < today ? " is-past" : ""}`, label);
		head.setAttribute("aria-colindex", String(index * perDay + 2));
		if (perDay > 1) head.setAttribute("aria-colspan", String(perDay));
		return head;
	});
	const splitHeads = !split
		? []
		: days.flatMap((_, day) =>
				(timeline ? lines : resources).map((item, index) => {
					const isLine = "minutes" in item;
					const words = isLine ? format.time(item.example) : item.name;
					const hour = isLine && item.minutes % 60 === 0;
					const head = element("columnheader", isLine ? `line-head${hour ? " is-hour" : ""}` : "lane-head", words);
					head.title = words;
					head.setAttribute("aria-colindex", String(day * perDay + index + 2));
					return head;
				}),
			);
	const first = element("row", "grid-top", corner, ...dayHeads);
	first.setAttribute("aria-rowindex", "1");
	const top = [first];
	if (split) {
		const second = element("row", "grid-top grid-top-split", ...splitHeads);
		second.setAttribute("aria-rowindex", "2");
		top.push(second);
	}

	const badges: HTMLElement[] = [];
	const rows = (timeline ? resources : lines).map((item) => {
		const isLine = "minutes" in item;
		const hour = isLine && item.minutes % 60 === 0;
		const words = isLine ? format.time(item.example) : item.name;
		const badge = hidden(span("head-count", ""));
		badges.push(badge);
		const head = element("rowheader", isLine ? `row-head time-head${hour ? " is-hour" : ""}` : "row-head name-head", span("", words), badge);
		if (!isLine) head.title = words;
		return head;
	});
	let counted: ReadonlyMap<number, number> = new Map();

	return {
		top,
		rows,
		arrange(g) {
			for (const [index, head] of dayHeads.entries()) head.style.insetInlineStart = `${columnX(g, index * perDay)}px`;
			for (const [index, head] of splitHeads.entries()) head.style.insetInlineStart = `${columnX(g, index)}px`;
			// Names of half hours appear where they fit; the hour's may run into its neighbour.
			first.parentElement?.classList.toggle("grid-tight", timeline && g.column < 42);
		},
		count(counts) {
			for (const [row, badge] of badges.entries()) {
				const now = counts.get(row) ?? 0;
				if (now !== (counted.get(row) ?? 0)) badge.textContent = now > 0 ? format.number(now) : "";
			}
			counted = counts;
		},
	};
}
