/* How much has changed while the screen stood still. */
import type { JSX } from "preact";
import { Icon } from "../icons.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";

export function Waiting({ model }: { readonly model: VenueModel }): JSX.Element {
	const count = model.rows.waiting.value;
	return (
		<div class="waiting">
			<Icon name="pause" />
			<p>{count > 0 ? text.waiting.changes(count) : text.waiting.nothing}</p>
			<button type="button" class="button quiet" onClick={() => model.togglePause()}>
				{count > 0 ? text.waiting.show : text.pause.resume}
			</button>
		</div>
	);
}
