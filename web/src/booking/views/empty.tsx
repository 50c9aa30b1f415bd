/*
 * Nothing to choose from: closed, booked out, or filtered away. Says which, and leads on: the nearest days with free times, wider
 * filters, the waitlist.
 */
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import type { FreeDay } from "../nearest.js";
import { text } from "../text/index.js";

const DAYS = 3;

interface Props {
	readonly model: VenueModel;
	readonly days: readonly LocalDate[];
	/** There are times, but all of them are taken. */
	readonly booked: boolean;
}

type Search = "searching" | "failed" | readonly FreeDay[];

export function Empty({ model, days, booked }: Props): JSX.Element {
	const { choice } = model;
	const search = useNearest(model);
	const week = days.length > 1;
	const found = search !== "searching" && search !== "failed" && search.length > 0;
	const lead = booked ? "" : week ? text.empty.week : text.empty.day;
	return (
		<section class={`empty${booked ? " empty-booked" : ""}`} aria-labelledby="empty-title">
			<h3 id="empty-title">{!booked ? text.empty.title : week ? text.empty.bookedWeek : text.empty.bookedDay}</h3>
			<p role="status">
				{lead} {search === "searching" ? text.empty.searching : search === "failed" ? text.empty.failed : found ? text.empty.bookedLead : text.empty.none}{" "}
				{choice.filtered.value && text.empty.filtered}
			</p>
			{found && (
				<div class="nearest" role="group" aria-label={text.empty.nearest}>
					{search.map(({ date, free }) => (
						<button type="button" class="nearest-day" key={date} onClick={() => model.goTo(date)}>
							<strong>{model.format.shortDay(date)}</strong>
							<span>{text.strip.free(free)}</span>
						</button>
					))}
				</div>
			)}
			<div class="empty-actions">
				{choice.filtered.value && (
					<button type="button" class="button quiet" onClick={() => choice.clear()}>
						{text.filters.clear}
					</button>
				)}
				{/* Where nothing is listed nothing comes free. */}
				{booked && (
					<button type="button" class="button quiet" onClick={() => model.openWaitlist(days)}>
						{text.waitlist.join}
					</button>
				)}
			</div>
		</section>
	);
}

function useNearest(model: VenueModel): Search {
	const { choice } = model;
	const [search, setSearch] = useState<Search>("searching");
	const asked = choice.query.value;
	useEffect(() => {
		let current = true;
		setSearch("searching");
		void model.findFree(DAYS).then((days) => current && setSearch(days ?? "failed"));
		return () => void (current = false);
	}, [asked]);
	return search;
}
