/* The seven days, each with how much of it is free. Chooses the day of the day view and the list. */
import type { JSX } from "preact";
import { freeByDay } from "../calendar.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";

const FULL_BAR = 12;

export function DayStrip({ model }: { readonly model: VenueModel }): JSX.Element {
	const { choice, format, today } = model;
	const slots = model.slots.value;
	const free = freeByDay(slots ?? [], model.zone);
	return (
		<div class="strip" role="group" aria-label={text.strip.label}>
			{choice.week.value.map((date) => {
				const count = free.get(date) ?? 0;
				const chosen = date === choice.date.value;
				const words = slots === null ? "" : count > 0 ? text.strip.free(count) : text.strip.none;
				return (
					<button
						type="button"
						key={date}
						class={`strip-day${date === today.value ? " is-today" : ""}`}
						aria-pressed={chosen}
						disabled={date < today.value}
						onClick={() => (choice.date.value = date)}
					>
						<span class="strip-name">{format.weekday(date)}</span>{" "}
						<span class="strip-number">{format.dayNumber(date)}</span>
						<span class="unseen">, {words}</span>
						<span class="strip-bar">
							<span style={{ width: `${Math.round((Math.min(count, FULL_BAR) / FULL_BAR) * 100)}%` }} />
						</span>
					</button>
				);
			})}
		</div>
	);
}
