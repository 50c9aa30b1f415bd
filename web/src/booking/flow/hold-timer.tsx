/* How long the time is still held, as a ring and as words, with the button that makes it longer. */
import type { JSX } from "preact";
import type { Format } from "../format.js";
import { text } from "../text/index.js";
import type { BookingFlow } from "./flow.js";

const RADIUS = 15;
const ROUND = 2 * Math.PI * RADIUS;
const LOW_S = 60;

/** The key that extends, from wherever the focus is. In a field it writes no letter on any keyboard. */
const EXTEND_KEY = "Alt+Enter";

interface Props {
	readonly flow: BookingFlow;
	/** Seconds of a whole hold. */
	readonly total: number;
	readonly format: Format;
}

export function HoldTimer({ flow, total, format }: Props): JSX.Element | null {
	const state = flow.hold.state.value;
	if (state.kind === "asking")
		return (
			<div class="hold hold-asking">
				<span class="spinner" aria-hidden="true" />
				<span>{text.hold.holding}</span>
			</div>
		);
	if (state.kind === "ended") return <div class="hold hold-low">{text.hold.ended}</div>;
	if (state.kind !== "held") return null;
	const seconds = flow.hold.secondsLeft.value;
	const extending = flow.busy.value === "extend";
	return (
		<div class={seconds <= LOW_S ? "hold hold-low" : "hold"} data-shown={state.shown}>
			<svg class="ring" viewBox="0 0 36 36" aria-hidden="true">
				<circle cx="18" cy="18" r={RADIUS} />
				<circle
					class="ring-left"
					cx="18"
					cy="18"
					r={RADIUS}
					stroke-dasharray={ROUND}
					stroke-dashoffset={ROUND * (1 - Math.min(1, seconds / total))}
				/>
			</svg>
			<span class="hold-words">
				<strong>{state.shown ? text.hold.held : text.hold.heldUnseen}</strong>
				<span class="hold-time" role="timer">
					{text.hold.timeLeft(format.countdown(seconds))}
				</span>
			</span>
			<button
				type="button"
				class="button quiet"
				aria-disabled={extending}
				aria-keyshortcuts={EXTEND_KEY}
				title={EXTEND_KEY}
				onClick={() => void flow.extend()}
			>
				{extending ? text.hold.extending : text.hold.extend}
			</button>
		</div>
	);
}
