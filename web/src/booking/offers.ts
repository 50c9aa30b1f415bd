/*
 * Which alternatives a conflict offers. The server ranks them: the same resource at the nearest times, the same time elsewhere, the next
 * day, then whatever is nearest. Few are shown, so each kind gets its best first; places that are left go by rank.
 */
import type { Alternative } from "../sync/index.js";

export function pickOffers(ranked: readonly Alternative[], count: number): Alternative[] {
	const kinds = new Set<string>();
	const best = ranked.filter(({ why }) => !kinds.has(why) && kinds.add(why)).slice(0, count);
	const rest = ranked.filter((one) => !best.includes(one)).slice(0, count - best.length);
	return ranked.filter((one) => best.includes(one) || rest.includes(one));
}
