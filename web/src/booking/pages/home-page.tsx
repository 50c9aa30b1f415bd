/*
 * The venues of this server: one as a welcome, a few as cards, many with a field to search in. None yet: the way to the first one,
 * which then appears by itself.
 */
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { VenueSummary } from "../../sync/index.js";
import type { Boot } from "../boot.js";
import { formatFor } from "../format.js";
import { Icon } from "../icons.js";
import { cityOf } from "../model.js";
import { plain } from "../plain.js";
import { api, environment } from "../services.js";
import { text } from "../text/index.js";
import { FirstRun } from "./first-run.js";
import { Frame } from "./frame.js";

const LOOK_MS = 3_000;
/** More venues than this are searched rather than read. */
const READ_MAX = 9;

type Props = Pick<Extract<Boot, { page: "home" }>, "venues" | "setup">;

export function HomePage({ venues: first, setup }: Props): JSX.Element {
	const venues = useVenues(first);
	const only = venues.length === 1 ? venues[0] : undefined;
	return (
		<Frame title={text.venues.title}>
			<main class={`page page-home${venues.length > READ_MAX ? " page-many" : ""}`}>
				{venues.length === 0 ? <FirstRun setup={setup} /> : only ? <Welcome venue={only} /> : <Venues venues={venues} />}
			</main>
		</Frame>
	);
}

/** While there is no venue, look for the first one: whoever has just imported it waits for it here. */
function useVenues(first: readonly VenueSummary[]): readonly VenueSummary[] {
	const [venues, setVenues] = useState(first);
	useEffect(() => {
		if (venues.length > 0) return;
		let here = true;
		let cancel = (): void => {};
		const look = (): void => {
			cancel = environment.after(LOOK_MS, () => {
				void api.venues().then((answer) => {
					if (!here) return;
					if (answer.ok && answer.value.length > 0) setVenues(answer.value);
					else look();
				});
			});
		};
		look();
		return () => {
			here = false;
			cancel();
		};
	}, [venues]);
	return venues;
}

const addressOf = ({ slug }: VenueSummary): string => `/v/${encodeURIComponent(slug)}`;

function Welcome({ venue }: { readonly venue: VenueSummary }): JSX.Element {
	return (
		<a class="venue-only" href={addressOf(venue)}>
			<Sign venue={venue} />
			<strong>{text.venues.welcome(venue.name)}</strong>
			<LocalTime venue={venue} />
			<span class="button primary">
				{text.venues.open}
				<Icon name="arrow" />
			</span>
		</a>
	);
}

function Venues({ venues }: { readonly venues: readonly VenueSummary[] }): JSX.Element {
	const [wanted, setWanted] = useState("");
	const many = venues.length > READ_MAX;
	const found = venues.filter(({ name, tz }) => plain(`${name} ${cityOf(tz)}`).includes(plain(wanted)));
	return (
		<>
			<p class="lead">{text.venues.lead}</p>
			{many && (
				<input
					type="search"
					class="search-field venue-search"
					aria-label={text.venues.search}
					placeholder={text.venues.search}
					value={wanted}
					onInput={(event) => setWanted(event.currentTarget.value)}
				/>
			)}
			<p class="hint" role="status">
				{found.length === 0 && text.venues.noMatch}
			</p>
			<ul class="venues">
				{found.map((venue) => (
					<li key={venue.slug}>
						<a class="venue-card" href={addressOf(venue)}>
							<Sign venue={venue} />
							<span class="venue-words">
								<strong>
									<bdi>{venue.name}</bdi>
								</strong>
								<LocalTime venue={venue} />
							</span>
							<Icon name="arrow" />
						</a>
					</li>
				))}
			</ul>
		</>
	);
}

function Sign({ venue }: { readonly venue: VenueSummary }): JSX.Element {
	return (
		<span class="venue-sign" aria-hidden="true">
			{[...venue.name][0]}
		</span>
	);
}

function LocalTime({ venue }: { readonly venue: VenueSummary }): JSX.Element {
	const [now, setNow] = useState(environment.now());
	useEffect(() => {
		const timer = setInterval(() => setNow(environment.now()), 10_000);
		return () => clearInterval(timer);
	}, []);
	const format = formatFor(venue);
	return <span class="venue-time">{text.localTime(cityOf(venue.tz), format.time(now), format.zone(now))}</span>;
}
