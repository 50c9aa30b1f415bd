/* Free times instead of one that cannot be had, each one press away. */
import type { JSX } from "preact";
import type { Alternative, Service } from "../../sync/index.js";
import { Icon } from "../icons.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { priceFor } from "../views/price.js";

/** What every part that names a time needs to know of the venue. */
export type Place = Pick<VenueModel, "venue" | "format" | "zone">;

interface Props {
	readonly place: Place;
	readonly service: Service;
	readonly party: number;
	readonly offers: readonly Alternative[];
	readonly choose: (alternative: Alternative) => void;
}

export function AlternativesList({ place, service, party, offers, choose }: Props): JSX.Element {
	const { format, zone, venue } = place;
	return (
		<ul class="alternatives">
			{offers.map((offer) => {
				const [start, end] = [Date.parse(offer.start), Date.parse(offer.end)];
				const resource = venue.resources.find(({ id }) => id === offer.resource);
				const price = priceFor(place, service, (end - start) / 60_000, party);
				const left = (resource?.capacity ?? 1) > 1 ? text.left(offer.remaining) : "";
				return (
					<li key={`${offer.resource} ${offer.start}`}>
						<button type="button" class="alternative" onClick={() => choose(offer)}>
							<span class="alternative-when">
								<strong>{format.span(offer.start, offer.end)}</strong> <small>{format.zone(start)}</small>
							</span>
							<span class="alternative-where">
								{format.shortDay(zone.wall(start).date)} · {resource?.name}
							</span>
							<span class="alternative-why">{[whyOf(offer.why), left, price].filter(Boolean).join(" · ")}</span>
							<Icon name="arrow" />
						</button>
					</li>
				);
			})}
		</ul>
	);
}

function whyOf(why: string): string {
	const words: Readonly<Record<string, string>> = text.conflict.why;
	return words[why] ?? text.conflict.why.nearest;
}
