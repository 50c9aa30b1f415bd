import type { JSX } from "preact";
import { text } from "../text/index.js";
import { Glyph } from "./cue.js";

export function Legend(): JSX.Element {
	return (
		<div class="legend" role="group" aria-label={text.legend}>
			<span class="legend-item">
				<span class="swatch swatch-available">3</span>
				{text.state.available}
			</span>
			<span class="legend-item">
				<span class="swatch swatch-limited">
					<Glyph name="half" />1
				</span>
				{text.state.limited}
			</span>
			<span class="legend-item">
				<span class="swatch swatch-booked">
					<Glyph name="cross" />
				</span>
				{text.state.booked}
			</span>
			<span class="legend-item">
				<span class="swatch swatch-closed" />
				{text.state.closed}
			</span>
		</div>
	);
}
