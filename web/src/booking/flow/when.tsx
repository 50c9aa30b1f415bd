/* What, when and where, at the head of the panel through all its steps. */
import type { JSX } from "preact";
import type { Slot } from "../../sync/index.js";
import { Icon } from "../icons.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";

export function When({ model, slot }: { readonly model: VenueModel; readonly slot: Slot }): JSX.Element {
	const { format, choice, zone } = model;
	return (
		<header class="when">
			<p class="eyebrow">
				<bdi>{choice.service.value.name}</bdi>
			</p>
			<h2 id="sheet-title">
				<span class="when-day">{format.day(zone.wall(slot.startMs).date)}</span>
				<span class="when-time">
					{format.span(slot.start, slot.end)} <small>{format.zone(slot.startMs)}</small>
				</span>
			</h2>
			<p class="when-facts">
				<span>
					<Icon name="clock" />
					{format.minutes(Math.round((slot.endMs - slot.startMs) / 60_000))}
				</span>
				<span>
					<Icon name="pin" />
					<bdi>{model.resourceName(slot.resource)}</bdi>
				</span>
				{choice.service.value.partyMax > 1 && (
					<span>
						<Icon name="people" />
						{text.filters.people(choice.party.value)}
					</span>
				)}
			</p>
		</header>
	);
}
