/*
 * The colours of the page's style sheet, for a canvas: each token is put on a probe element and read back, so that whatever CSS makes
 * of it (themes, forced colours, light-dark(), var() in var()) arrives as a plain colour. The sheet stays the only place that knows
 * themes; style/grid.css redefines the tokens with system colours where those are forced.
 */
const TOKENS = [
	"raised",
	"available",
	"available-ink",
	"available-edge",
	"limited",
	"limited-ink",
	"limited-edge",
	"limited-hatch",
	"booked",
	"booked-ink",
	"booked-edge",
	"accent",
	"accent-ink",
	"accent-tint",
	"closed-cell",
	"ring-inner",
	"ring-outer",
	"control-edge",
] as const;

export type Token = (typeof TOKENS)[number];
export type Palette = Readonly<Record<Token, string>>;

export function readPalette(host: HTMLElement): Palette {
	const probe = document.createElement("i");
	probe.className = "grid-probe";
	host.append(probe);
	const style = getComputedStyle(probe);
	const read = TOKENS.map((token) => {
		probe.style.color = `var(--${token})`;
		return [token, style.color] as const;
	});
	probe.remove();
	return Object.fromEntries(read) as Record<Token, string>;
}

/** Calls back whenever the colours may be others: the system's preferences or something on the root element has changed. */
export function watchTheme(changed: () => void): () => void {
	const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"].map((query) => matchMedia(query));
	for (const query of queries) query.addEventListener("change", changed);
	const observer = new MutationObserver(changed);
	observer.observe(document.documentElement, { attributeFilter: ["class", "style", "data-theme"] });
	return () => {
		for (const query of queries) query.removeEventListener("change", changed);
		observer.disconnect();
	};
}
