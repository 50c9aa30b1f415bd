/*
 * The month: how much is free on each day, live. A WAI-ARIA grid with one tab stop, which is the chosen day itself, so whoever goes
 * on to the week finds the day he stood on. While another month is being fetched its days already stand there, so that the focus has
 * somewhere to be.
 */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { batch } from "@preact/signals";
import type { JSX, TargetedKeyboardEvent } from "preact";
import type { LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import { narrow } from "../screen.js";
import { text } from "../text/index.js";
import { Glyph } from "./cue.js";
import { dayFor } from "./day-keys.js";
import { countDay, stateOf, type DayCount } from "./days.js";
import { ResourceChoice } from "./resource-choice.js";

export function Month({ model }: { readonly model: VenueModel }): JSX.Element {
	return model.choice.crowded.value ? <ChoosePlace model={model} /> : <Days model={model} />;
}

function ChoosePlace({ model }: { readonly model: VenueModel }): JSX.Element {
	return (
		<section class="empty month-crowded">
			<h3>{text.month.crowded}</h3>
			<p>{text.month.crowdedLead(model.choice.serving.value.length)}</p>
			<ResourceChoice model={model} />
		</section>
	);
}

function Days({ model }: { readonly model: VenueModel }): JSX.Element {
	const { choice, format, today, last } = model;
	const root = useRef<HTMLDivElement>(null);
	const date = choice.date.value;
	const month = choice.month.value;
	const slots = model.slots.value;
	const counts = useMemo(() => new Map(month.map((day) => [day, countDay(slots ?? [], day, model.zone)])), [slots, month]);
	const changed = changedDays(model);
	/** Weeks that are over would only push the ones to choose from off the screen. */
	const weeks = Array.from({ length: month.length / 7 }, (_, n) => month.slice(7 * n, 7 * n + 7)).filter(
		(week) => (week[6] ?? "") >= today.value,
	);

	const moved = useRef(false);
	useEffect(() => {
		if (moved.current) root.current?.querySelector<HTMLElement>(`[data-date="${date}"]`)?.focus();
		moved.current = false;
	}, [date]);
	const open = (day: LocalDate): void => {
		batch(() => {
			choice.date.value = day;
			choice.view.value = narrow.peek() ? "list" : "day";
		});
		document.getElementById("times")?.focus();
	};
	const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
		const target = dayFor(event, date, choice.firstDay);
		if (target) {
			moved.current = true;
			model.goTo(target);
		} else if (event.key === "Enter" || event.key === " ") open(date);
		else return;
		event.preventDefault();
	};
	return (
		<div
			ref={root}
			role="grid"
			class={`month${slots === null ? " is-waiting" : ""}`}
			aria-label={format.month(date)}
			aria-busy={slots === null}
			aria-describedby="month-help"
			onKeyDown={onKeyDown}
		>
			<div role="row" class="month-week">
				{month.slice(0, 7).map((day) => (
					<div role="columnheader" class="month-name" key={format.weekday(day)}>
						{format.weekday(day)}
					</div>
				))}
			</div>
			{weeks.map((week) => (
				<div role="row" class="month-week" key={week[0]}>
					{week.map((day) => (
						<Tile
							key={day}
							model={model}
							date={day}
							count={(slots && counts.get(day)) ?? null}
							other={day.slice(0, 7) !== date.slice(0, 7)}
							out={day < today.value ? text.dayState.past : day > last.value ? text.picker.far(format.shortDay(last.value)) : ""}
							updated={changed.has(day)}
							stop={day === date}
							open={open}
						/>
					))}
				</div>
			))}
			<p class="unseen" id="month-help">
				{text.month.help}
			</p>
		</div>
	);
}

function changedDays({ marks, rows, zone }: VenueModel): ReadonlySet<LocalDate> {
	const days = new Set<LocalDate>();
	for (const id of marks.ids.value) {
		const slot = rows.get(id);
		if (slot) days.add(zone.wall(slot.startMs).date);
	}
	return days;
}

interface TileProps {
	readonly model: VenueModel;
	readonly date: LocalDate;
	/** null: not known yet */
	readonly count: DayCount | null;
	/** A day of the months around, which share their weeks with this one. */
	readonly other: boolean;
	/** Why nothing can be booked on this day; "" if something can. */
	readonly out: string;
	readonly updated: boolean;
	readonly stop: boolean;
	readonly open: (date: LocalDate) => void;
}

function Tile({ model, date, count, other, out, updated, stop, open }: TileProps): JSX.Element {
	const { format, today } = model;
	const state = out || !count ? "closed" : stateOf(count);
	const words = out || (!count ? "" : state === "closed" || state === "booked" ? text.dayState[state] : text.strip.free(count.free));
	const share = count && count.all > 0 ? Math.max(count.free > 0 ? 6 : 0, Math.round((100 * count.free) / count.all)) : 0;
	return (
		<div
			role="gridcell"
			class={`tile tile-${state}${other ? " is-other" : ""}${out ? " is-out" : ""}${date === today.value ? " is-today" : ""}${updated ? " is-updated" : ""}`}
			tabIndex={stop ? 0 : -1}
			aria-disabled={out !== ""}
			aria-current={date === today.value ? "date" : undefined}
			data-date={date}
			data-state={state}
			title={out || undefined}
			onClick={() => !out && open(date)}
		>
			<span class="unseen">{format.day(date)}, </span>
			<span class="tile-number" aria-hidden="true">
				{other && date.endsWith("-01") ? format.dayMonth(date) : format.dayNumber(date)}
			</span>
			{!out && count && state !== "closed" && (
				<span class={`tile-cue swatch swatch-${state}`} aria-hidden="true">
					{state === "booked" ? (
						<Glyph name="cross" />
					) : (
						<>
							{state === "limited" && <Glyph name="half" />}
							{format.number(count.free)}
						</>
					)}
				</span>
			)}
			<span class={out ? "unseen" : "tile-words"}>{words}</span>
			{state === "limited" && <span class="unseen">, {text.dayState.limited}</span>}
			{state !== "closed" && (
				<span class="share-bar tile-bar" aria-hidden="true">
					<span style={{ "--share": `${share}%` }} />
				</span>
			)}
			{updated && (
				<span class="tag">
					<span class="unseen">, </span>
					{text.updated}
				</span>
			)}
		</div>
	);
}
