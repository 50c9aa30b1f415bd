/* What was booked, line by line. */
import type { ComponentChildren, JSX } from "preact";
import type { Booking } from "../../sync/index.js";
import { Copy } from "../copy.js";
import { text } from "../text/index.js";
import { priceFor } from "../views/price.js";
import { visitorSpan } from "../views/slot-facts.js";
import type { Visit } from "./visit.js";

export function Facts({ visit, booking }: { readonly visit: Visit; readonly booking: Booking }): JSX.Element {
	const { venue, format, zone } = visit;
	const service = visit.service.value;
	const minutes = (Date.parse(booking.end) - Date.parse(booking.start)) / 60_000;
	const resource = venue?.resources.find(({ id }) => id === booking.resource);
	const own = visitorSpan(format, zone.name, booking);
	const price = venue && service ? priceFor({ venue, format }, service, minutes, booking.party) : "";
	return (
		<dl class="facts">
			<Fact name={text.sheet.when} main>
				<strong>{format.fullDay(booking.start)}</strong>
				<span>
					{format.span(booking.start, booking.end)} <small>{format.zone(booking.start)}</small>
				</span>
				{own && <small class="own-time">{own}</small>}
			</Fact>
			<Fact name={text.filters.service}>
				{service?.name} <small>{format.minutes(minutes)}</small>
			</Fact>
			<Fact name={text.sheet.where}>{[resource?.name, venue?.name].filter(Boolean).join(", ")}</Fact>
			{booking.party > 1 && <Fact name={text.sheet.people}>{text.filters.people(booking.party)}</Fact>}
			{price && <Fact name={text.facts.price}>{price}</Fact>}
			{service?.note && (
				<Fact name={text.facts.conditions}>
					<bdi class="fact-note">{service.note}</bdi>
				</Fact>
			)}
			<Fact name={text.booked.reference}>
				<Reference booking={booking} />
			</Fact>
		</dl>
	);
}

interface FactProps {
	readonly name: string;
	readonly main?: boolean;
	readonly children: ComponentChildren;
}

function Fact({ name, main = false, children }: FactProps): JSX.Element {
	return (
		<div class={main ? "fact fact-main" : "fact"}>
			<dt>{name}</dt>
			<dd>{children}</dd>
		</div>
	);
}

function Reference({ booking }: { readonly booking: Booking }): JSX.Element {
	return (
		<>
			<code dir="ltr">{booking.ref}</code>
			<Copy class="link" what={() => location.href} />
		</>
	);
}
