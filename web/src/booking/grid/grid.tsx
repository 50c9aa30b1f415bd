/* The grid as a component: an empty scroll container in which the engine works. Preact draws nothing in it. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import { createGrid } from "./engine.js";

interface Props {
	readonly model: VenueModel;
	readonly days: readonly LocalDate[];
}

export function Grid({ model, days }: Props): JSX.Element {
	const host = useRef<HTMLDivElement>(null);
	const axes = [model.choice.service.value.id, model.today.value, ...days, ...model.resources.value.map((resource) => resource.id)].join();
	useLayoutEffect(() => (host.current ? createGrid(host.current, model, days) : undefined), [model, axes]);
	return <div class="grid-scroll" ref={host} />;
}
