/* What a slot says beside its colour: a number, and a sign for those who do not see the colour. */
import type { JSX } from "preact";
import type { Slot } from "../../sync/index.js";
import type { Format } from "../format.js";
import { text } from "../text/index.js";

interface Props {
	readonly slot: Slot;
	readonly mine: boolean;
	readonly format: Format;
}

export function Cue({ slot, mine, format }: Props): JSX.Element {
	if (mine) return <Glyph name="star" />;
	if (slot.state === "booked") return <Glyph name="cross" />;
	// Of what there is but one, there is nothing to count.
	if (slot.capacity === 1) return <Glyph name="check" />;
	return (
		<>
			{slot.state === "limited" && <Glyph name="half" />}
			<span class="number" aria-hidden="true">
				{format.number(slot.remaining)}
			</span>
			<span class="unseen">, {text.left(slot.remaining)}</span>
		</>
	);
}

const GLYPHS = {
	star: <path d="M6 .8l1.6 3.3 3.6.5-2.6 2.5.6 3.6L6 9l-3.2 1.7.6-3.6L.8 4.6l3.6-.5z" />,
	check: <path class="stroke" d="M2.2 6.4l2.7 2.7 4.9-5.8" />,
	cross: <path class="stroke" d="M2.5 2.5l7 7M9.5 2.5l-7 7" />,
	half: (
		<>
			<circle class="stroke" cx="6" cy="6" r="4.6" />
			<path d="M6 1.4a4.6 4.6 0 010 9.2z" />
		</>
	),
} as const;

export function Glyph({ name }: { readonly name: keyof typeof GLYPHS }): JSX.Element {
	return (
		<svg class="glyph" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
			{GLYPHS[name]}
		</svg>
	);
}
