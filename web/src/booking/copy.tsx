/* A button that copies and says so. Browsers without a clipboard for this page (it came over plain http) get none. */
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { announce } from "./announcer.js";
import { Icon } from "./icons.js";
import { text } from "./text/index.js";

interface Props {
	readonly what: () => string;
	readonly words?: string;
	readonly label?: string;
	readonly class: string;
}

export function Copy({ what, words = text.booked.copy, label, class: look }: Props): JSX.Element | null {
	const [copied, setCopied] = useState(false);
	if (!("clipboard" in navigator)) return null;
	const copy = (): void =>
		void navigator.clipboard.writeText(what()).then(() => {
			setCopied(true);
			announce(text.booked.copied);
		});
	return (
		<button type="button" class={look} aria-label={label} onClick={copy}>
			{copied ? label ? <Icon name="check" /> : text.booked.copied : words}
		</button>
	);
}
