/* One day as a list: everything the grid says, as buttons in reading order. What phones start with. */
import type { JSX } from "preact";
import type { Slot } from "../../sync/index.js";
import { partOfDay, type PartOfDay } from "../calendar.js";
import type { LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { Cue } from "./cue.js";

const PARTS: readonly PartOfDay[] = ["morning", "afternoon", "evening"];

interface Props {
	readonly model: VenueModel;
	readonly date: LocalDate;
	readonly slots: readonly Slot[];
}

export function SlotList({ model, date, slots }: Props): JSX.Element {
	const shown = new Set(model.resources.value.map((resource) => resource.id));
	const parts = new Map<PartOfDay, Slot[]>();
	for (const slot of slots) {
		const wall = model.zone.wall(Date.parse(slot.start));
		if (wall.date !== date || !shown.has(slot.resource)) continue;
		const part = partOfDay(wall.minutes);
		parts.set(part, [...(parts.get(part) ?? []), slot]);
	}
	return (
		<div class="slot-list">
			<h3 class="list-day">{model.format.day(date)}</h3>
			{PARTS.map((part) => {
				const list = parts.get(part);
				return (
					list && (
						<section key={part} aria-labelledby={`part-${part}`}>
							<h4 id={`part-${part}`}>{text.dayPart[part]}</h4>
							<ul class="chips">
								{list.map((slot) => (
									<li key={slot.id}>
										<Chip model={model} slot={slot} />
									</li>
								))}
							</ul>
						</section>
					)
				);
			})}
		</div>
	);
}

function Chip({ model, slot }: { readonly model: VenueModel; readonly slot: Slot }): JSX.Element {
	const { format } = model;
	const mine = model.mine.value === slot.id;
	const updated = model.marks.ids.value.has(slot.id);
	return (
		<button
			type="button"
			class={`chip chip-${mine ? "mine" : slot.state}${updated ? " is-updated" : ""}`}
			data-slot={slot.id}
			data-state={slot.state}
			onClick={() => (model.open.value = slot)}
		>
			<span class="chip-when">
				<strong>{format.time(slot.start)}</strong> <small>{format.zone(slot.start)}</small>
			</span>
			<span class="unseen">, </span>
			{model.resources.value.length > 1 && (
				<span class="chip-where">
					{model.resourceName(slot.resource)}
					<span class="unseen">, </span>
				</span>
			)}
			<span class="chip-state">
				<span class="chip-word">{mine ? text.state.mine : text.state[slot.state]}</span>
				<span class="swatch">
					<Cue slot={slot} mine={mine} />
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
