/*
 * The week (or one day) as a grid: columns are days, split by resource; rows are starts. WAI-ARIA grid pattern with one tab
 * stop: arrows move, Enter or Space opens, Home/End and Ctrl+Home/End jump, PageUp/PageDown go by a screen, Alt with them by
 * a week, N goes to the next free slot, U to the latest change.
 *
 * Cells are plain elements that redraw only when their own slot, mark or tab stop changes. What they are called is their text:
 * what is seen, with the words between that only listeners need.
 */
import { Component, type JSX, type RefObject, type TargetedKeyboardEvent } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Slot } from "../../sync/index.js";
import { createCalendar, type Calendar, type Column, type Line } from "../calendar.js";
import type { LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { Cue } from "./cue.js";

interface Spot {
	readonly row: number;
	readonly column: number;
}

interface Props {
	readonly model: VenueModel;
	readonly days: readonly LocalDate[];
	readonly slots: readonly Slot[];
}

const PAGE = 8;
/** More columns than this leave no room for the time inside each cell. */
const WIDE_COLUMNS = 8;

export function Grid({ model, days, slots }: Props): JSX.Element {
	const root = useRef<HTMLDivElement>(null);
	const [wanted, setWanted] = useState<Spot | null>(null);
	const resources = model.resources.value;
	const calendar = createCalendar(slots, days, resources, model.zone);
	const { columns, lines } = calendar;
	const active = clamp(wanted ?? firstFree(calendar), calendar);
	const updated = model.marks.ids.value;
	const mine = model.mine.value;
	const split = resources.length > 1;
	const today = model.today.value;

	const focus = (spot: Spot): void => {
		const next = clamp(spot, calendar);
		setWanted(next);
		cellAt(root, next)?.focus();
	};
	const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
		const target = moveFor(event, active, calendar, model);
		if (target === "open") {
			const slot = slotOf(calendar, active);
			if (slot) model.open.value = slot;
		} else if (target === "week") model.moveDays(event.key === "PageUp" ? -7 : 7);
		else if (target) focus(target);
		else return;
		event.preventDefault();
	};

	return (
		<div class="grid-scroll">
			<div
				ref={root}
				role="grid"
				class={`grid ${split ? "grid-split" : "grid-plain"}${columns.length > WIDE_COLUMNS ? " grid-narrow" : ""}`}
				aria-label={text.gridLabel(model.choice.service.value.name, model.format.week(days[0] ?? "", days[days.length - 1] ?? ""))}
				aria-rowcount={lines.length + (split ? 2 : 1)}
				aria-colcount={columns.length + 1}
				aria-describedby="grid-help"
				style={{ "--columns": columns.length, "--lanes": resources.length, "--lines": lines.length }}
				onKeyDown={onKeyDown}
			>
				<div role="row" class="row">
					<div role="columnheader" class={split ? "corner corner-tall" : "corner"}>
						<span class="unseen">{text.timeColumn(zoneOf(model, calendar))}</span>
						<span aria-hidden="true">{zoneOf(model, calendar)}</span>
					</div>
					{days.map((date) => (
						<div
							role="columnheader"
							key={date}
							aria-colspan={resources.length}
							class={`day-head${date === today ? " is-today" : ""}${date < today ? " is-past" : ""}`}
						>
							<span class="day-name">{model.format.weekday(date)}</span>
							<span class="day-number">{model.format.dayNumber(date)}</span>
						</div>
					))}
				</div>
				{split && (
					<div role="row" class="row">
						{columns.map((column) => (
							<div role="columnheader" class="lane-head" key={column.key} title={column.resource.name}>
								{column.resource.name}
							</div>
						))}
					</div>
				)}
				{lines.map((line, row) => (
					<div role="row" class={line.minutes % 60 === 0 ? "row row-hour" : "row"} key={line.key}>
						<div role="rowheader" class={line.minutes % 60 === 0 ? "time-head is-hour" : "time-head"}>
							{model.format.time(line.example)}
						</div>
						{columns.map((column, index) => {
							const slot = calendar.slotAt(column, line);
							return (
								<Cell
									key={column.key}
									model={model}
									column={column}
									line={line}
									row={row}
									index={index}
									first={index % resources.length === 0}
									slot={slot}
									updated={slot !== undefined && updated.has(slot.id)}
									mine={slot !== undefined && slot.id === mine}
									stop={row === active.row && index === active.column}
									onFocus={setWanted}
								/>
							);
						})}
					</div>
				))}
			</div>
		</div>
	);
}

interface CellProps {
	readonly model: VenueModel;
	readonly column: Column;
	readonly line: Line;
	readonly row: number;
	readonly index: number;
	readonly first: boolean;
	readonly slot: Slot | undefined;
	readonly updated: boolean;
	readonly mine: boolean;
	readonly stop: boolean;
	readonly onFocus: (spot: Spot) => void;
}

class Cell extends Component<CellProps> {
	override shouldComponentUpdate(next: Readonly<CellProps>): boolean {
		const now = this.props;
		return (
			next.slot !== now.slot ||
			next.updated !== now.updated ||
			next.mine !== now.mine ||
			next.stop !== now.stop ||
			next.row !== now.row ||
			next.index !== now.index
		);
	}
	override render({ model, column, line, row, index, first, slot, updated, mine, stop, onFocus }: Readonly<CellProps>): JSX.Element {
		const place = { row, column: index };
		const edge = first ? " is-first" : "";
		if (!slot)
			return (
				<div
					role="gridcell"
					class={`cell cell-closed${edge}`}
					tabIndex={stop ? 0 : -1}
					data-spot={`${row}.${index}`}
					aria-label={`${model.format.time(line.example)} ${model.format.zone(line.example)}, ${placeOf(model, column)}, ${text.state.closed}`}
					onFocus={() => onFocus(place)}
				/>
			);
		return (
			<div
				role="gridcell"
				class={`cell cell-${mine ? "mine" : slot.state}${updated ? " is-updated" : ""}${edge}`}
				tabIndex={stop ? 0 : -1}
				data-spot={`${row}.${index}`}
				data-slot={slot.id}
				data-state={slot.state}
				onFocus={() => onFocus(place)}
				onClick={() => (model.open.value = slot)}
			>
				<span class="cell-time">{model.format.time(slot.start)}</span>
				<span class="unseen">
					{` ${model.format.zone(slot.start)}, ${placeOf(model, column)}, ${mine ? text.state.mine : text.state[slot.state]}`}
				</span>
				<span class="cell-cue">
					<Cue slot={slot} mine={mine} />
				</span>
				{updated && (
					<span class="tag">
						<span class="unseen">, </span>
						{text.updated}
					</span>
				)}
			</div>
		);
	}
}

const placeOf = (model: VenueModel, column: Column): string =>
	`${model.format.shortDay(column.date)}, ${column.resource.name}`;

const zoneOf = (model: VenueModel, calendar: Calendar): string =>
	model.format.zone(calendar.lines[0]?.example ?? `${calendar.days[0] ?? ""}T12:00:00Z`);

const slotOf = (calendar: Calendar, spot: Spot): Slot | undefined => {
	const column = calendar.columns[spot.column];
	const line = calendar.lines[spot.row];
	return column && line ? calendar.slotAt(column, line) : undefined;
};

const cellAt = (root: RefObject<HTMLDivElement | null>, spot: Spot): HTMLElement | null | undefined =>
	root.current?.querySelector<HTMLElement>(`[data-spot="${spot.row}.${spot.column}"]`);

const clamp = (spot: Spot, { lines, columns }: Calendar): Spot => ({
	row: Math.max(0, Math.min(spot.row, lines.length - 1)),
	column: Math.max(0, Math.min(spot.column, columns.length - 1)),
});

/** In reading order of a calendar: down the column, then the next column. */
function nextFree(calendar: Calendar, from: Spot): Spot | null {
	const { lines, columns } = calendar;
	const total = lines.length * columns.length;
	const start = from.column * lines.length + from.row;
	for (let n = 1; n <= total; n++) {
		const at = (start + n) % total;
		const spot = { row: at % lines.length, column: Math.floor(at / lines.length) };
		const slot = slotOf(calendar, spot);
		if (slot && slot.state !== "booked") return spot;
	}
	return null;
}

const firstFree = (calendar: Calendar): Spot => nextFree(calendar, { row: -1, column: 0 }) ?? { row: 0, column: 0 };

function spotOf(calendar: Calendar, id: string | null): Spot | null {
	for (const [column, head] of calendar.columns.entries())
		for (const [row, line] of calendar.lines.entries()) if (calendar.slotAt(head, line)?.id === id) return { row, column };
	return null;
}

function moveFor(
	event: TargetedKeyboardEvent<HTMLDivElement>,
	{ row, column }: Spot,
	calendar: Calendar,
	model: VenueModel,
): Spot | "open" | "week" | null {
	const end = calendar.columns.length - 1;
	if (event.metaKey || (event.ctrlKey && event.key !== "Home" && event.key !== "End")) return null;
	switch (event.key) {
		case "ArrowUp":
			return { row: row - 1, column };
		case "ArrowDown":
			return { row: row + 1, column };
		case "ArrowLeft":
			return { row, column: column - 1 };
		case "ArrowRight":
			return { row, column: column + 1 };
		case "Home":
			return event.ctrlKey ? { row: 0, column: 0 } : { row, column: 0 };
		case "End":
			return event.ctrlKey ? { row: calendar.lines.length - 1, column: end } : { row, column: end };
		case "PageUp":
			return event.altKey ? "week" : { row: row - PAGE, column };
		case "PageDown":
			return event.altKey ? "week" : { row: row + PAGE, column };
		case "Enter":
		case " ":
			return "open";
		case "n":
		case "N":
			return nextFree(calendar, { row, column });
		case "u":
		case "U":
			return spotOf(calendar, model.marks.latest.value);
		default:
			return null;
	}
}
