/* The focus: how it goes from cell to cell by keys, and where it is found again when the cells have become others. */
import { daysBetween, type LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import { pointed } from "../pointed.js";
import { moveFor, nextFree, type Move } from "./keyboard.js";
import type { Scrolling } from "./scrolling.js";
import { openSlot, type Stage } from "./stage.js";

/** A cell by what it stands for, which outlives its number. */
export interface Address {
	readonly date: LocalDate;
	readonly resource: string;
	readonly key: number;
}

/** Where the focus goes when the rows of another week have come: keys went there, and the grid is made anew meanwhile. */
const regain = new WeakMap<VenueModel, Address>();

export const addressOf = ({ axes: { layout }, days }: Stage, cell: number): Address => {
	const { day, resource, line } = layout.placeOf(cell);
	return { date: days[day] ?? "", resource: layout.resources[resource]?.id ?? "", key: layout.lines[line]?.key ?? 0 };
};

/** null: it is not among these. */
export function cellAt({ axes: { layout }, days }: Stage, { date, resource, key }: Address): number | null {
	const place = {
		day: days.indexOf(date),
		resource: layout.resources.findIndex((item) => item.id === resource),
		line: Math.max(0, layout.lines.findIndex((line) => line.key === key)),
	};
	return place.day < 0 || place.resource < 0 ? null : layout.cellAt(place);
}

export interface Moving {
	focus(cell: number): void;
	/** Go on where the keys left the week before. */
	regain(): void;
	readonly onKeyDown: (event: KeyboardEvent) => void;
}

export function createMoving(stage: Stage, scrolling: Scrolling): Moving {
	const { host, model, days } = stage;

	const focus = (cell: number): void => {
		stage.stop = cell;
		scrolling.reveal(cell);
		const made = stage.axes.semantics.stop(cell);
		made.focus({ preventScroll: true });
		// Only where the cell stands in the field is known; the page round it may have to move too.
		made.scrollIntoView({ block: "nearest", inline: "nearest" });
	};
	const moveDay = (by: 1 | -1): void => {
		const { layout } = stage.axes;
		const place = layout.placeOf(stage.stop);
		const day = place.day + by;
		if (days[day] !== undefined) return focus(layout.cellAt({ ...place, day }));
		const edge = days[place.day] ?? "";
		const before = model.choice.date.peek();
		const address = addressOf(stage, stage.stop);
		model.moveDays(daysBetween(before, edge) + by);
		const date = model.choice.date.peek();
		if (date !== before) regain.set(model, { ...address, date });
	};
	const focusLatest = (): void => {
		const latest = model.marks.latest.peek();
		const cell = latest === null ? -1 : stage.axes.cells.cellOf(latest);
		if (cell >= 0) focus(cell);
	};
	const focusNext = (): void => {
		const cell = nextFree(stage.axes.cells, stage.stop);
		if (cell >= 0) focus(cell);
	};
	const acts: Readonly<Record<Exclude<Move, number>, () => void>> = {
		open: () => openSlot(stage, stage.stop),
		"day-before": () => moveDay(-1),
		"day-after": () => moveDay(1),
		next: focusNext,
		latest: focusLatest,
		pause: () => (model.rows.paused.peek() ? model.rows.resume() : model.rows.pause()),
		leave: () => (pointed.value = null),
	};
	return {
		focus,
		regain() {
			const address = regain.get(model);
			regain.delete(model);
			const cell = address ? cellAt(stage, address) : null;
			if (cell !== null) focus(cell);
		},
		onKeyDown(event) {
			const { layout } = stage.axes;
			const { headBlock, row } = stage.fit.geometry;
			const screen = Math.max(1, Math.floor((host.clientHeight - headBlock) / row) - 1);
			const move = moveFor(event, { cell: stage.stop, rows: layout.rows, columns: layout.columns, rtl: stage.rtl, screen });
			// With no detail to leave, Esc is somebody else's.
			if (move === null || (move === "leave" && pointed.peek() === null)) return;
			if (typeof move === "number") focus(move);
			else acts[move]();
			event.preventDefault();
		},
	};
}
