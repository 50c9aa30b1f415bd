/* What to book: service, duration, people, resource. Native radios and buttons, drawn our way. */
import type { ComponentChildren, JSX } from "preact";
import type { Service } from "../../sync/index.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { priceFrom } from "./price.js";
import { ResourceChoice } from "./resource-choice.js";

export function Filters({ model }: { readonly model: VenueModel }): JSX.Element {
	const { choice, venue, format } = model;
	const service = choice.service.value;
	const durations = shortestFirst(choice.durationsOf(service));
	return (
		<div class="filters" role="group" aria-label={text.filters.label}>
			<Choices legend={text.filters.service} kind="options">
				{venue.services.map((item) => (
					<label class="option" key={item.id}>
						<input type="radio" name="service" checked={item === service} onChange={() => choice.chooseService(item)} />
						<span class="option-face">
							<span class="option-name">{item.name}</span>
							<span class="option-detail">
								<span>{detailOf(model, item)}</span>
								{priceFrom(model, item) && <span class="option-price">{priceFrom(model, item)}</span>}
							</span>
						</span>
					</label>
				))}
			</Choices>
			{durations.length > 1 && (
				<Choices legend={text.filters.duration} kind="segments">
					{durations.map((minutes) => (
						<label class="segment" key={minutes}>
							<input
								type="radio"
								name="duration"
								checked={choice.duration.value === minutes}
								onChange={() => (choice.duration.value = minutes)}
							/>
							<span>{format.minutes(minutes)}</span>
						</label>
					))}
				</Choices>
			)}
			{choice.serving.value.length > 1 && (
				<Choices legend={text.filters.resource} kind="places">
					<ResourceChoice model={model} />
				</Choices>
			)}
			{service.partyMax > 1 && <Party model={model} max={service.partyMax} />}
			{choice.filtered.value && (
				<button type="button" class="link filters-clear" onClick={() => choice.clear()}>
					{text.filters.clear}
				</button>
			)}
		</div>
	);
}

function detailOf({ choice, format }: VenueModel, service: Service): string {
	const lengths = shortestFirst(choice.durationsOf(service));
	const shortest = lengths[0];
	const longest = lengths[lengths.length - 1];
	const length =
		shortest === undefined || longest === undefined ? "" : shortest === longest ? format.minutes(shortest) : format.lengths(shortest, longest);
	return [length, service.partyMax > 1 ? text.filters.upTo(service.partyMax) : ""].filter(Boolean).join(" · ");
}

const shortestFirst = (durations: readonly number[]): readonly number[] => [...durations].sort((a, b) => a - b);

interface ChoicesProps {
	readonly legend: string;
	readonly kind: string;
	readonly children: ComponentChildren;
}

function Choices({ legend, kind, children }: ChoicesProps): JSX.Element {
	return (
		<fieldset class="filter">
			<legend>{legend}</legend>
			<div class={kind}>{children}</div>
		</fieldset>
	);
}

function Party({ model, max }: { readonly model: VenueModel; readonly max: number }): JSX.Element {
	const { party } = model.choice;
	return (
		<div class="filter" role="group" aria-label={text.filters.party}>
			<span class="legend-like">{text.filters.party}</span>
			<div class="stepper">
				<button type="button" aria-label={text.filters.fewer} disabled={party.value <= 1} onClick={() => (party.value -= 1)}>
					−
				</button>
				<output aria-live="polite">{model.format.number(party.value)}</output>
				<button type="button" aria-label={text.filters.more} disabled={party.value >= max} onClick={() => (party.value += 1)}>
					+
				</button>
			</div>
		</div>
	);
}
