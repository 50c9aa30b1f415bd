/* Somebody was quicker: say so, and offer the nearest free times at once. Takes the focus when it appears. */
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import type { Alternative, Problem } from "../../sync/index.js";
import type { VenueModel } from "../model.js";
import { Icon } from "../icons.js";
import { pickOffers } from "../offers.js";
import { text } from "../text/index.js";

const OFFERED = 3;

const wordFor = (words: Readonly<Record<string, string>>, key: string, fallback: string): string => words[key] ?? fallback;

interface Props {
	readonly model: VenueModel;
	readonly problem: Problem;
	readonly choose: (alternative: Alternative) => void;
}

export function ConflictPanel({ model, problem, choose }: Props): JSX.Element {
	const panel = useRef<HTMLElement>(null);
	useEffect(() => panel.current?.focus(), [problem]);
	const { format } = model;
	const offered = pickOffers(problem.alternatives ?? [], OFFERED);
	return (
		<section class="conflict" ref={panel} tabIndex={-1} role="alert" aria-labelledby="conflict-title">
			<h3 id="conflict-title">
				<Icon name="alert" />
				{wordFor(text.conflict.title, problem.code, problem.title)}
			</h3>
			<p>
				{problem.heldUntil
					? `${text.conflict.heldUntil(`${format.time(problem.heldUntil)} ${format.zone(problem.heldUntil)}`)} `
					: ""}
				{offered.length > 0 ? text.conflict.choose : text.conflict.none}
			</p>
			<ul class="alternatives">
				{offered.map((alternative) => {
					const day = format.shortDay(model.zone.wall(Date.parse(alternative.start)).date);
					return (
						<li key={`${alternative.resource} ${alternative.start}`}>
							<button type="button" class="alternative" onClick={() => choose(alternative)}>
								<span class="alternative-when">
									<strong>{format.span(alternative.start, alternative.end)}</strong>{" "}
									<small>{format.zone(alternative.start)}</small>
								</span>
								<span class="alternative-where">
									{day} · {model.resourceName(alternative.resource)}
								</span>
								<span class="alternative-why">{wordFor(text.conflict.why, alternative.why, text.conflict.why.nearest)}</span>
								<Icon name="arrow" />
							</button>
						</li>
					);
				})}
			</ul>
		</section>
	);
}
