/* Standing still: the button for it, and what has changed meanwhile (WCAG 2.2.2: what updates by itself can be stopped). */
import type { JSX } from "preact";
import { Icon } from "../icons.js";
import { lazily } from "../lazily.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";

const Waiting = lazily(() => import("./waiting.js").then((file) => file.Waiting));

interface Props {
	readonly model: VenueModel;
}

export function PauseButton({ model }: Props): JSX.Element {
	const paused = model.rows.paused.value;
	const words = paused ? text.pause.resume : text.pause.pause;
	return (
		<button type="button" class="icon-button pause-button" aria-label={words} title={words} onClick={() => model.togglePause()}>
			<Icon name={paused ? "play" : "pause"} />
		</button>
	);
}

export const WaitingBar = ({ model }: Props): JSX.Element | null => (model.rows.paused.value ? <Waiting model={model} /> : null);

/** P anywhere in the grid, unless the grid has taken the key for itself. */
export function pauseOnKey(model: VenueModel, event: KeyboardEvent): void {
	if (event.key.toLowerCase() !== "p" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
	if (!(event.target instanceof Element) || !event.target.closest("[role=grid]")) return;
	event.preventDefault();
	model.togglePause();
}

export function SayChanges({ model }: Props): JSX.Element {
	const { on } = model.aloud;
	return (
		<label class="say-changes">
			<input type="checkbox" checked={on.value} onChange={() => (on.value = !on.peek())} />
			{text.announce.sayChanges}
		</label>
	);
}
