/* The seven days, each with how much of it is free. Chooses the day of the day view and the list. */
import type { JSX } from "preact";
import type { VenueModel } from "../model.js";
import { narrow } from "../screen.js";
import { text } from "../text/index.js";
import { Glyph } from "./cue.js";
import { countDay, stateOf } from "./days.js";

export function DayStrip({ model }: { readonly model: VenueModel }): JSX.Element {
	const { choice, format, today, last } = model;
	const slots = model.slots.value;
	return (
		<div class="strip" role="group" aria-label={text.strip.label}>
			{choice.week.value.map((date) => {
				const count = countDay(slots ?? [], date, model.zone);
				const state = stateOf(count);
				const words =
					slots === null ? "" : state === "closed" || state === "booked" ? text.dayState[state] : text.strip.free(count.free);
				return (
					<button
						type="button"
						key={date}
						class={`strip-day strip-${state}${date === today.value ? " is-today" : ""}`}
						aria-pressed={date === choice.date.value}
						disabled={date < today.value || date > last.value}
						onClick={() => model.goTo(date)}
					>
						<span class="strip-name">{format.weekday(date)}</span>{" "}
						<span class="strip-number">{format.dayNumber(date)}</span>
						<span class="unseen">, {words}</span>
						<span class="strip-free" aria-hidden="true">
							{slots === null || state === "closed" ? "–" : state === "booked" ? <Glyph name="cross" /> : narrow.value ? format.number(count.free) : words}
						</span>
						<span class="share-bar strip-bar" aria-hidden="true">
							<span style={{ "--share": `${count.all ? Math.round((100 * count.free) / count.all) : 0}%` }} />
						</span>
					</button>
				);
			})}
		</div>
	);
}
