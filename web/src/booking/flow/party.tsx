/* For how many and for how long, chosen again in the panel. The calendar behind it follows. */
import type { JSX } from "preact";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";

export function PartyStepper({ model }: { readonly model: VenueModel }): JSX.Element | null {
	const { party, service } = model.choice;
	const max = service.value.partyMax;
	if (max <= 1) return null;
	return (
		<div class="ask-for" role="group" aria-label={text.filters.party}>
			<span class="field-label">{text.filters.party}</span>
			<div class="stepper">
				<button type="button" aria-label={text.filters.fewer} disabled={party.value <= 1} onClick={() => (party.value -= 1)}>
					−
				</button>
				<output aria-live="polite">{party.value}</output>
				<button type="button" aria-label={text.filters.more} disabled={party.value >= max} onClick={() => (party.value += 1)}>
					+
				</button>
			</div>
		</div>
	);
}

export function Durations({ model }: { readonly model: VenueModel }): JSX.Element | null {
	const { duration, service, durationsOf } = model.choice;
	const offered = [...durationsOf(service.value)].sort((a, b) => a - b);
	if (offered.length <= 1) return null;
	return (
		<fieldset class="ask-for">
			<legend class="field-label">{text.filters.duration}</legend>
			<div class="segments">
				{offered.map((minutes) => (
					<label class="segment" key={minutes}>
						<input type="radio" name="panel-duration" checked={duration.value === minutes} onChange={() => (duration.value = minutes)} />
						<span>{model.format.minutes(minutes)}</span>
					</label>
				))}
			</div>
		</fieldset>
	);
}
