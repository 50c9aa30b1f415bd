/*
 * One voice for the whole page: `announce`. Browsers that have `ariaNotify` are told directly. For the others there are two live
 * regions: clear-then-set makes a repeated sentence heard again, and because a modal dialog makes everything behind it inert, the
 * open dialog carries the regions (`Announcer` is placed in both; the outer one stays empty meanwhile). The sentence stands there in
 * any case, only not live where it would be spoken twice.
 */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { environment } from "./services.js";
import { createVoice, type Utterance } from "./voice.js";

declare global {
	interface Document {
		ariaNotify?(sentence: string, options?: { readonly priority?: "high" | "normal" }): void;
	}
}

/** Long enough for a screen reader to see the region empty. */
const CLEAR_MS = 60;

const polite = signal("");
const assertive = signal("");
const direct = (): boolean => typeof document.ariaNotify === "function";

const voice = createVoice(environment, ({ sentence, urgent }: Utterance) => {
	polite.value = "";
	assertive.value = "";
	if (direct()) document.ariaNotify?.(sentence, { priority: urgent ? "high" : "normal" });
	environment.after(CLEAR_MS, () => ((urgent ? assertive : polite).value = sentence));
});

/** `subject`: of several that wait, only the newest is said. */
export const announce = (sentence: string, urgent = false, subject?: string): void =>
	voice.say({ sentence, urgent, ...(subject === undefined ? {} : { subject }) });

export function Announcer(): JSX.Element {
	return (
		<div class="unseen">
			<div aria-live={direct() ? "off" : "polite"}>{polite.value}</div>
			<div aria-live={direct() ? "off" : "assertive"}>{assertive.value}</div>
		</div>
	);
}
