/* One booking under its own address: what, when, where; calendar file, another time, cancel. */
import { useEffect, useMemo } from "preact/hooks";
import type { JSX } from "preact";
import type { Venue } from "../../sync/index.js";
import { Card } from "../booked/card.js";
import { Missing } from "../booked/missing.js";
import { createVisit } from "../booked/visit.js";
import { text } from "../text/index.js";
import { Frame } from "./frame.js";

interface Props {
	readonly refCode: string;
	readonly venue: Venue | null;
}

export function BookingPage({ refCode, venue }: Props): JSX.Element {
	const visit = useMemo(() => createVisit(refCode, venue), [refCode]);
	useEffect(() => {
		void visit.read();
		return visit.close;
	}, [visit]);
	const booking = visit.booking.value;
	const problem = visit.problem.value;
	return (
		<Frame title={venue?.name ?? text.venues.title} href={venue ? `/v/${encodeURIComponent(venue.slug)}` : "/"}>
			<main class="page">
				{booking ? (
					<Card visit={visit} booking={booking} />
				) : problem ? (
					<Missing visit={visit} problem={problem} />
				) : (
					<div class="card card-waiting" role="status" aria-label={text.loading} />
				)}
			</main>
		</Frame>
	);
}
