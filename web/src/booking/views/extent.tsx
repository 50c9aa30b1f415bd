/* For how many and for how long: in the filters beside the times, and again in the panel of one. Both are the same choice. */
import type { JSX } from "preact";
import { announce } from "../announcer.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";

interface Props {
	readonly model: VenueModel;
	/** How it is drawn. */
	readonly as: "filter" | "ask-for";
}

export function PartyStepper({ model, as }: Props): JSX.Element | null {
	const { party, service } = model.choice;
	const max = service.value.partyMax;
	if (max <= 1) return null;
	const step = (by: 1 | -1): void => {
		party.value += by;
		announce(text.filters.people(party.peek()), false, "party");
	};
	return (
		<div class={as} role="group" aria-label={text.filters.party}>
			<span class="stepper-label">{text.filters.party}</span>
			<div class="stepper">
				<button type="button" aria-label={text.filters.fewer} disabled={party.value <= 1} onClick={() => step(-1)}>
					−
				</button>
				<output aria-live="off">{model.format.number(party.value)}</output>
				<button type="button" aria-label={text.filters.more} disabled={party.value >= max} onClick={() => step(1)}>
					+
				</button>
			</div>
		</div>
	);
}

export function Durations({ model, as }: Props): JSX.Element | null {
	const { duration, service, durationsOf } = model.choice;
	const offered = shortestFirst(durationsOf(service.value));
	if (offered.length <= 1) return null;
	return (
		<fieldset class={as}>
			<legend>{text.filters.duration}</legend>
			<div class="segments">
				{offered.map((minutes) => (
					<label class="segment" key={minutes}>
						<input type="radio" name={`duration-${as}`} checked={duration.value === minutes} onChange={() => (duration.value = minutes)} />
						<span>{model.format.minutes(minutes)}</span>
					</label>
				))}
			</div>
		</fieldset>
	);
}

export const shortestFirst = (durations: readonly number[]): readonly number[] => [...durations].sort((a, b) => a - b);
