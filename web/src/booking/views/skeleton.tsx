/* The shape of what is coming, at its final size. Words only when it takes long enough to wonder. */
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { View } from "../choice.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";

const WORDS_MS = 300;
const STILL_MS = 3_000;

export function Skeleton({ view }: { readonly view: View }): JSX.Element {
	const [words, setWords] = useState("");
	useEffect(() => {
		const cancels = [
			environment.after(WORDS_MS, () => setWords(text.loading)),
			environment.after(STILL_MS, () => setWords(text.stillLoading)),
		];
		return () => cancels.forEach((cancel) => cancel());
	}, []);
	return (
		<div class={`skeleton skeleton-${view}`}>
			<p class="skeleton-words" role="status">
				{words}
			</p>
			<div class="skeleton-cells" aria-hidden="true">
				{Array.from({ length: 56 }, (_, n) => (
					<span key={n} />
				))}
			</div>
		</div>
	);
}
