/* What the colours, signs and marks mean. */
import { useRef } from "preact/hooks";
import type { ComponentChildren, JSX, TargetedFocusEvent } from "preact";
import type { Format } from "../format.js";
import { Icon } from "../icons.js";
import { text } from "../text/index.js";
import { Glyph } from "./cue.js";

interface Props {
	readonly format: Format;
}

export function Legend({ format }: Props): JSX.Element {
	return (
		<ul class="legend" aria-label={text.legend}>
			<Item kind="available" words={text.state.available}>
				{format.number(3)}
			</Item>
			<Item kind="limited" words={text.state.limited}>
				<Glyph name="half" />
				{format.number(1)}
			</Item>
			<Item kind="booked" words={text.state.booked}>
				<Glyph name="cross" />
			</Item>
			<Item kind="closed" words={text.state.closed} />
			<Item kind="mine" words={text.legendOf.mine}>
				<Glyph name="star" />
			</Item>
			<Item kind="updated" words={text.legendOf.updated} />
			<Item kind="stale" words={text.legendOf.stale} />
		</ul>
	);
}

function Item({ kind, words, children }: { readonly kind: string; readonly words: string; readonly children?: ComponentChildren }): JSX.Element {
	return (
		<li class="legend-item">
			<span class={`swatch swatch-${kind}`} aria-hidden="true">
				{children}
			</span>
			{words}
		</li>
	);
}

/** In reach where there is no room to show it always. Closes when something else is touched. */
export function LegendMenu({ format }: Props): JSX.Element {
	const details = useRef<HTMLDetailsElement>(null);
	const close = (): void => details.current?.removeAttribute("open");
	const onFocusOut = (event: TargetedFocusEvent<HTMLDetailsElement>): void => {
		if (!event.currentTarget.contains(event.relatedTarget as Node | null)) close();
	};
	return (
		<details class="legend-menu" ref={details} onFocusOut={onFocusOut} onKeyDown={(event) => event.key === "Escape" && close()}>
			<summary class="icon-button" aria-label={text.legend}>
				<Icon name="info" />
			</summary>
			<div class="legend-box">
				<Legend format={format} />
			</div>
		</details>
	);
}
