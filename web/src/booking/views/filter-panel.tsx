/*
 * The filters beside the times. Where there is no room for that they are one line that says what is chosen and opens a sheet, so that
 * the first times stand on a phone's first screen.
 */
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { Icon } from "../icons.js";
import { lazily } from "../lazily.js";
import type { VenueModel } from "../model.js";
import { compact } from "../screen.js";
import { text } from "../text/index.js";
import { LegendMenu } from "./legend.js";

const Filters = lazily(() => import("./filters.js").then((file) => file.Filters), "here", !compact.peek());
const FilterSheet = lazily(() => import("./filter-sheet.js").then((file) => file.FilterSheet), "over");

export function FilterPanel({ model }: { readonly model: VenueModel }): JSX.Element {
	return compact.value ? <FilterBar model={model} /> : <Filters model={model} />;
}

/** What it comes to as chosen: a bare sum, whose words would be loaded for nothing else. */
function total({ choice, venue, format }: VenueModel): string {
	const { pricesMinor: prices, durationsMin, pricePer } = choice.service.value;
	const minor = prices[prices.length > 1 ? durationsMin.indexOf(choice.duration.value ?? 0) : 0];
	return minor === undefined || !venue.currency ? "" : format.money(minor * (pricePer === "person" ? choice.party.value : 1), venue.currency);
}

function FilterBar({ model }: { readonly model: VenueModel }): JSX.Element {
	const { choice, format } = model;
	const [open, setOpen] = useState(false);
	const duration = choice.durationsOf(choice.service.value).length > 0 ? choice.duration.value : null;
	const chosen = [
		choice.service.value.name,
		duration === null ? "" : format.minutes(duration),
		total(model),
		choice.serving.value.length > 1 ? (choice.resource.value?.name ?? text.filters.any) : "",
		choice.service.value.partyMax > 1 ? text.filters.people(choice.party.value) : "",
	].filter(Boolean);
	return (
		<div class="filter-bar">
			<button
				type="button"
				class="filter-line"
				aria-haspopup="dialog"
				aria-expanded={open}
				aria-label={text.filters.edit(chosen.join(" · "))}
				onClick={() => setOpen(true)}
			>
				<Icon name="filter" />
				<span class="filter-words">
					<strong>
						<bdi>{chosen[0]}</bdi>
					</strong>
					{chosen.slice(1).map((words) => (
						<span key={words}>
							{" · "}
							<bdi>{words}</bdi>
						</span>
					))}
				</span>
				<Icon name="down" />
			</button>
			<LegendMenu format={format} />
			{open && <FilterSheet model={model} close={() => setOpen(false)} />}
		</div>
	);
}
