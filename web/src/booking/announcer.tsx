/*
 * One voice for the whole page. Clear-then-set makes a repeated sentence heard again. A modal dialog makes everything behind
 * it inert, so the open dialog carries the region (`Announcer` is placed in both; the outer one stays empty meanwhile).
 */
import { signal } from "@preact/signals";
import type { JSX } from "preact";

const polite = signal("");
const assertive = signal("");

export function announce(sentence: string, urgent = false): void {
	const target = urgent ? assertive : polite;
	target.value = "";
	setTimeout(() => (target.value = sentence), 60);
}

export function Announcer(): JSX.Element {
	return (
		<div class="unseen">
			<div aria-live="polite">{polite.value}</div>
			<div aria-live="assertive">{assertive.value}</div>
		</div>
	);
}
