/*
 * One day as a list: everything the grid says, as buttons in reading order. What phones start with. Where several places share the
 * times there is a row for each time with the places in it; else a card for each time.
 */
import { useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Slot } from "../../sync/index.js";
import type { LocalDate } from "../dates.js";
import { Icon } from "../icons.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { Cue } from "./cue.js";
import { countStarts, isFree, partOfDay, type PartOfDay } from "./days.js";
import { pointAt } from "./pointing.js";

const PARTS: readonly PartOfDay[] = ["morning", "afternoon", "evening"];
/** Of more places than this, a row shows the first that are free and offers the rest. */
const PLACES_MAX = 8;

interface Props {
	readonly model: VenueModel;
	readonly date: LocalDate;
	/** Of this day. */
	readonly slots: readonly Slot[];
}

export function SlotList({ model, date, slots }: Props): JSX.Element {
	const { format, zone } = model;
	const shown = new Set(model.resources.value.map((resource) => resource.id));
	const split = shown.size > 1;
	const parts = new Map<PartOfDay, Slot[]>();
	for (const slot of slots) {
		if (!shown.has(slot.resource)) continue;
		const part = partOfDay(zone.wall(slot.startMs).minutes);
		const list = parts.get(part);
		if (list) list.push(slot);
		else parts.set(part, [slot]);
	}
	const root = useRef<HTMLDivElement>(null);
	return (
		<div class="slot-list" ref={root}>
			<div class="list-head">
				<h3 class="list-day">
					{format.day(date)} <span class="list-count">{text.strip.free(countStarts(slots.filter(isFree)))}</span>
				</h3>
				<NextFree root={root} />
				{parts.size > 1 && <Jumps model={model} label={format.day(date)} parts={parts} />}
			</div>
			{PARTS.map((part) => {
				const list = parts.get(part);
				return (
					list && (
						<section key={part} aria-labelledby={`part-${part}`}>
							<h4 id={`part-${part}`} tabIndex={-1}>{text.dayPart[part]}</h4>
							{split ? <Rows model={model} slots={list} /> : <Cards model={model} slots={list} />}
						</section>
					)
				);
			})}
		</div>
	);
}

/** Leads from one free time to the next: a long evening may be full but for one. */
function NextFree({ root }: { readonly root: { readonly current: HTMLElement | null } }): JSX.Element | null {
	const last = useRef(-1);
	const go = (): void => {
		const free = [...(root.current?.querySelectorAll<HTMLElement>(".chip:not([data-state=booked])") ?? [])];
		last.current = last.current + 1 < free.length ? last.current + 1 : 0;
		free[last.current]?.scrollIntoView({ block: "center" });
		free[last.current]?.focus();
	};
	return (
		<button type="button" class="link list-next" onClick={go}>
			{text.nextFree}
			<Icon name="down" />
		</button>
	);
}

interface JumpsProps {
	readonly model: VenueModel;
	readonly label: string;
	readonly parts: ReadonlyMap<PartOfDay, readonly Slot[]>;
}

/** A phone shows the morning only: the way to the rest of the day, and whether it is worth going. */
function Jumps({ model, label, parts }: JumpsProps): JSX.Element {
	const go = (part: PartOfDay): void => {
		const heading = document.getElementById(`part-${part}`);
		heading?.focus({ preventScroll: true });
		heading?.scrollIntoView({ block: "start" });
	};
	return (
		<div class="jumps" role="group" aria-label={label}>
			{PARTS.filter((part) => parts.has(part)).map((part) => {
				const free = countStarts(parts.get(part)?.filter(isFree) ?? []);
				return (
					<button type="button" class="button quiet jump" key={part} onClick={() => go(part)}>
						<span>{text.dayPart[part]}</span>{" "}
						<small aria-hidden="true">{model.format.number(free)}</small>
						<span class="unseen">, {text.strip.free(free)}</span>
					</button>
				);
			})}
		</div>
	);
}

interface ListProps {
	readonly model: VenueModel;
	readonly slots: readonly Slot[];
}

function Cards({ model, slots }: ListProps): JSX.Element {
	const updated = model.marks.ids.value;
	return (
		<ul class="chips">
			{slots.map((slot) => (
				<li key={slot.id}>
					<Chip model={model} slot={slot} updated={updated.has(slot.id)} place={null} />
				</li>
			))}
		</ul>
	);
}

function Rows({ model, slots }: ListProps): JSX.Element {
	const times = new Map<number, Slot[]>();
	for (const slot of slots) {
		const list = times.get(slot.startMs);
		if (list) list.push(slot);
		else times.set(slot.startMs, [slot]);
	}
	return (
		<ul class="time-rows">
			{[...times].map(([startMs, list]) => (
				<TimeRow key={startMs} model={model} slots={list} />
			))}
		</ul>
	);
}

function TimeRow({ model, slots }: ListProps): JSX.Element {
	const { format } = model;
	const [all, setAll] = useState(false);
	// Chosen once: what is taken while one looks is struck out where it stands, and does not slip away.
	const [first] = useState(() => new Set([...slots.filter(isFree), ...slots].slice(0, PLACES_MAX).map(({ id }) => id)));
	const updated = model.marks.ids.value;
	const shown = all || slots.length <= PLACES_MAX ? slots : slots.filter(({ id }) => first.has(id));
	const start = slots[0]?.start ?? "";
	return (
		<li class={`time-row${slots.some(isFree) ? "" : " is-full"}`}>
			<span class="time-row-when" aria-hidden="true">
				<strong>{format.time(start)}</strong> <small>{format.zone(start)}</small>
			</span>
			<ul class="places-list">
				{shown.map((slot) => (
					<li key={slot.id}>
						<Chip model={model} slot={slot} updated={updated.has(slot.id)} place={model.resourceName(slot.resource)} />
					</li>
				))}
				{shown.length < slots.length && (
					<li>
						<button type="button" class="chip chip-more" onClick={() => setAll(true)}>
							{text.more(slots.length - shown.length)}
						</button>
					</li>
				)}
			</ul>
		</li>
	);
}

interface ChipProps {
	readonly model: VenueModel;
	readonly slot: Slot;
	readonly updated: boolean;
	/** Its place, in a row that says the time for all; null: a card that says its time itself. */
	readonly place: string | null;
}

function Chip({ model, slot, updated, place }: ChipProps): JSX.Element {
	const { format } = model;
	const mine = model.ours.value.has(slot.id);
	const holding = model.holding.value === slot.id;
	return (
		<button
			type="button"
			class={`chip chip-${mine ? "mine" : holding ? "holding" : slot.state}${updated ? " is-updated" : ""}`}
			data-slot={slot.id}
			data-state={slot.state}
			onClick={() => (model.open.value = slot)}
			{...pointAt(slot)}
		>
			<span class={place === null ? "chip-when" : "chip-when unseen"}>
				<strong>{format.time(slot.start)}</strong> <small>{format.zone(slot.start)}</small>
			</span>
			<span class="unseen">, </span>
			{place !== null && (
				<span class="chip-where" dir="auto">
					{place}
					<span class="unseen">, </span>
				</span>
			)}
			<span class="chip-state">
				<span class="chip-word">{text.state[mine ? "mine" : holding ? "holding" : slot.state]}</span>
				<span class="swatch">
					<Cue slot={slot} mine={mine} format={format} />
				</span>
			</span>
			{updated && (
				<span class="tag">
					<span class="unseen">, </span>
					{text.updated}
				</span>
			)}
		</button>
	);
}
