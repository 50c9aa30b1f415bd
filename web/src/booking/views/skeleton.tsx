/* The shape of what is coming, at its final size. Words only when it takes long enough to wonder. */
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { announce } from "../announcer.js";
import type { View } from "../choice.js";
import { PATIENCE } from "../patience.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";

export function Skeleton({ view }: { readonly view: View }): JSX.Element {
	const [words, setWords] = useState("");
	useEffect(() => {
		const say = (sentence: string): void => {
			setWords(sentence);
			announce(sentence, false, "freshness");
		};
		const cancels = [
			environment.after(PATIENCE.wordsMs, () => say(text.loading)),
			environment.after(PATIENCE.stillMs, () => say(text.stillLoading)),
		];
		return () => cancels.forEach((cancel) => cancel());
	}, []);
	return (
		<div class={`skeleton skeleton-${view}`}>
			<p class="skeleton-words">{words}</p>
			<div class="skeleton-cells" aria-hidden="true">
				{Array.from({ length: 56 }, (_, n) => (
					<span key={n} />
				))}
			</div>
		</div>
	);
}
