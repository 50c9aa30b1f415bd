/* Where: pills while they can be read at a glance, a field to search in when there are many. */
import { useId } from "preact/hooks";
import type { JSX } from "preact";
import { lazily } from "../lazily.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";

const PILLS_MAX = 12;

const ResourceSearch = lazily(() => import("./resource-search.js").then((file) => file.ResourceSearch));

export function ResourceChoice({ model }: { readonly model: VenueModel }): JSX.Element {
	return model.choice.serving.value.length > PILLS_MAX ? <ResourceSearch model={model} /> : <Pills model={model} />;
}

function Pills({ model: { choice } }: { readonly model: VenueModel }): JSX.Element {
	const name = useId();
	return (
		<div class="pills">
			{[null, ...choice.serving.value].map((resource) => (
				<label class="pill" key={resource?.id ?? "any"}>
					<input type="radio" name={name} checked={choice.resource.value === resource} onChange={() => (choice.resource.value = resource)} />
					<span>
						<bdi>{resource?.name ?? text.filters.any}</bdi>
					</span>
				</label>
			))}
		</div>
	);
}
