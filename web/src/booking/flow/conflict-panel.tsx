/*
 * This time cannot be had: say so, and offer the nearest free ones at once. Takes the focus when it appears because of something the
 * visitor did not do himself. The server's refusal brings alternatives; where there was no refusal yet, they are asked for.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Alternative, Problem, Service } from "../../sync/index.js";
import { announce } from "../announcer.js";
import { Icon } from "../icons.js";
import { pickOffers, sameTimeFirst } from "../offers.js";
import { text } from "../text/index.js";
import { findAlternatives, type Search } from "./alternatives.js";
import { AlternativesList, type Place } from "./alternatives-list.js";
import { Failure } from "./failure.js";

interface Props {
	readonly place: Place;
	readonly service: Service;
	readonly search: Search;
	readonly title: string;
	readonly problem?: Problem;
	/** Above the list; without it: that the form is kept. */
	readonly lead?: string;
	/** Leave the focus where it is. */
	readonly quiet?: boolean;
	readonly choose: (alternative: Alternative) => void;
	readonly wait?: () => void;
}

export function ConflictPanel({ place, service, search, title, problem, lead, quiet = false, choose, wait }: Props): JSX.Element {
	const panel = useRef<HTMLElement>(null);
	useEffect(() => {
		if (quiet) announce(title, true);
		else panel.current?.focus();
	}, [problem, title]);
	const { offers, failed, retry } = useOffers(place, search, problem);
	const { format } = place;
	return (
		<section class="conflict" ref={panel} tabIndex={-1} aria-labelledby="conflict-title">
			<h3 id="conflict-title">
				<Icon name="alert" />
				{title}
			</h3>
			{problem?.heldUntil && <p>{text.conflict.heldUntil(`${format.time(problem.heldUntil)} ${format.zone(problem.heldUntil)}`)}</p>}
			{offers && <p>{offers.length === 0 ? text.conflict.none : (lead ?? text.conflict.choose)}</p>}
			{offers && <AlternativesList place={place} service={service} party={search.party} offers={offers} choose={choose} />}
			{failed && <Failure problem={failed} title={text.conflict.searchFailed} retry={retry} />}
			{!offers && !failed && (
				<p class="searching" role="status">
					<span class="spinner" aria-hidden="true" />
					{text.conflict.searching}
				</p>
			)}
			{wait && (
				<p class="conflict-wait">
					{text.waitlist.orWait}{" "}
					<button type="button" class="link" onClick={wait}>
						{text.waitlist.join}
					</button>
				</p>
			)}
		</section>
	);
}

/** What a refusal is called. */
export function conflictTitle({ code, title }: Problem): string {
	const words: Readonly<Record<string, string>> = text.conflict.title;
	return words[code] ?? title;
}

interface Offers {
	readonly offers: readonly Alternative[] | null;
	readonly failed: Problem | null;
	readonly retry: () => void;
}

function useOffers(place: Place, search: Search, problem?: Problem): Offers {
	const brought = problem?.alternatives;
	const [found, setFound] = useState<readonly Alternative[] | null>(null);
	const [failed, setFailed] = useState<Problem | null>(null);
	const [attempt, setAttempt] = useState(0);
	useEffect(() => {
		if (brought) return;
		let current = true;
		setFailed(null);
		void findAlternatives(search, place.zone).then((result) => {
			if (!current) return;
			if (result.ok) setFound(result.value);
			else setFailed(result.error);
		});
		return () => {
			current = false;
		};
	}, [brought, attempt, search.service, search.resource, search.start, search.party, search.duration]);
	return {
		offers: brought ? sameTimeFirst(pickOffers(brought), search.start) : found,
		failed,
		retry: () => setAttempt(attempt + 1),
	};
}
