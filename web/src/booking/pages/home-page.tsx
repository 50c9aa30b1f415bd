import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { VenueSummary } from "../../sync/index.js";
import { formatFor } from "../format.js";
import { Icon } from "../icons.js";
import { cityOf } from "../model.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";
import { Frame } from "./frame.js";

export function HomePage({ venues }: { readonly venues: readonly VenueSummary[] }): JSX.Element {
	const [now, setNow] = useState(environment.now());
	useEffect(() => {
		const timer = setInterval(() => setNow(environment.now()), 10_000);
		return () => clearInterval(timer);
	}, []);
	return (
		<Frame title={text.venues.title}>
			<main class="page page-home">
				<p class="lead">{venues.length > 0 ? text.venues.lead : text.venues.none}</p>
				<ul class="venues">
					{venues.map((venue) => {
						const format = formatFor(venue);
						return (
							<li key={venue.slug}>
								<a class="venue-card" href={`/v/${encodeURIComponent(venue.slug)}`}>
									<span class="venue-sign" aria-hidden="true">
										{venue.name.slice(0, 1)}
									</span>
									<span class="venue-words">
										<strong>{venue.name}</strong>
										<span>{text.localTime(cityOf(venue.tz), format.time(now), format.zone(now))}</span>
									</span>
									<Icon name="arrow" />
								</a>
							</li>
						);
					})}
				</ul>
			</main>
		</Frame>
	);
}
