/* What to book: service, duration, people, resource. Native radios and buttons, drawn our way. */
import type { ComponentChildren, JSX } from "preact";
import type { Service } from "../../sync/index.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { Durations, PartyStepper, shortestFirst } from "./extent.js";
import { priceFrom } from "./price.js";
import { ResourceChoice } from "./resource-choice.js";

export function Filters({ model }: { readonly model: VenueModel }): JSX.Element {
	const { choice, venue } = model;
	const service = choice.service.value;
	return (
		<div class="filters" role="group" aria-label={text.filters.label}>
			<Choices legend={text.filters.service} kind="options">
				{venue.services.map((item) => (
					<label class="option" key={item.id}>
						<input type="radio" name="service" checked={item === service} onChange={() => choice.chooseService(item)} />
						<span class="option-face">
							<span class="option-name">
								<bdi>{item.name}</bdi>
							</span>
							<span class="option-detail">
								<span>{detailOf(model, item)}</span>
								{priceFrom(model, item) && <span class="option-price">{priceFrom(model, item)}</span>}
							</span>
						</span>
					</label>
				))}
			</Choices>
			<Durations model={model} as="filter" />
			{choice.serving.value.length > 1 && (
				<Choices legend={text.filters.resource} kind="places">
					<ResourceChoice model={model} />
				</Choices>
			)}
			<PartyStepper model={model} as="filter" />
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
