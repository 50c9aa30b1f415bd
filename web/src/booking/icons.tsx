/* Line icons on a 20-unit square, drawn for this page. Decoration only: the words beside them say it. */
import type { JSX } from "preact";

const PATHS = {
	left: "M12 5l-5 5 5 5",
	right: "M8 5l5 5-5 5",
	close: "M5 5l10 10M15 5L5 15",
	clock: "M10 5.5V10l3 2M10 17a7 7 0 100-14 7 7 0 000 14z",
	phone: "M6.2 3.5l1.9 3.6-1.5 1.6c.8 1.9 2.3 3.4 4.2 4.2l1.6-1.5 3.6 1.9-.6 2.7c-.2.6-.7 1-1.3 1C8.3 17 3 11.7 3 5.4c0-.6.4-1.1 1-1.3z",
	mail: "M3 5.5h14v9H3zM3.5 6l6.5 5 6.5-5",
	check: "M4.5 10.5l3.7 3.7L15.5 6.5",
	calendar: "M4 5.5h12v11H4zM4 9h12M7.5 3.5v3.5M12.5 3.5v3.5",
	alert: "M10 3.5l7 12.5H3zM10 8.5v3.5M10 14.2v.1",
	pin: "M10 17s5.5-4.7 5.5-9a5.5 5.5 0 10-11 0c0 4.3 5.5 9 5.5 9zM10 10a2 2 0 100-4 2 2 0 000 4z",
	people: "M7.5 9.5a2.7 2.7 0 100-5.4 2.7 2.7 0 000 5.4zM2.5 16c.3-2.7 2.3-4.3 5-4.3s4.7 1.6 5 4.3M13 4.4a2.7 2.7 0 010 4.9M14.5 11.9c1.7.6 2.8 2 3 4.1",
	down: "M5.5 8l4.5 4.5L14.5 8",
	globe: "M10 17a7 7 0 100-14 7 7 0 000 14zM3.2 8h13.6M3.2 12h13.6M10 3c-4 4.2-4 9.8 0 14 4-4.2 4-9.8 0-14z",
	price: "M3.5 4h6.3l6.7 6.7-5.8 5.8L4 9.8zM7 7.4v.1",
	info: "M10 17a7 7 0 100-14 7 7 0 000 14zM10 9v4.5M10 6.4v.1",
	filter: "M3 6h14M5.5 10h9M8 14h4",
	pause: "M7 5v10M13 5v10",
	play: "M7 4.5l8 5.5-8 5.5z",
	arrow: "M4 10h11.5M11 5.5l4.5 4.5-4.5 4.5",
} as const;

export type IconName = keyof typeof PATHS;

/** These point along the line, so they turn with it. */
const MIRRORED: ReadonlySet<IconName> = new Set<IconName>(["left", "right", "arrow"]);

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
	return (
		<svg class={MIRRORED.has(name) ? "icon icon-mirrored" : "icon"} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
			<path d={PATHS[name]} />
		</svg>
	);
}

/** The house sign: four slots. */
export function Mark(): JSX.Element {
	return (
		<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
			<rect class="mark-body" width="32" height="32" rx="9" />
			<rect class="mark-free" x="7" y="7.5" width="8" height="7.5" rx="2.2" />
			<rect class="mark-dim" x="17" y="7.5" width="8" height="7.5" rx="2.2" />
			<rect class="mark-dim" x="7" y="17" width="8" height="7.5" rx="2.2" />
			<rect class="mark-few" x="17" y="17" width="8" height="7.5" rx="2.2" />
		</svg>
	);
}
