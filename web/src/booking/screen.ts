/* How much room there is. Follows when the window is turned or resized. */
import { signal, type ReadonlySignal } from "@preact/signals";

function matches(condition: string): ReadonlySignal<boolean> {
	const query = matchMedia(condition);
	const now = signal(query.matches);
	query.addEventListener("change", () => (now.value = query.matches));
	return now;
}

/** A phone: one column. */
export const narrow = matches("(max-width: 767px)");
/** No room for the filters beside the times. */
export const compact = matches("(max-width: 1023px)");
