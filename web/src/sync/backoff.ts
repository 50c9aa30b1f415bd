/*
 * Pauses between attempts: full jitter over a doubling ceiling, so that a crowd that lost its server together does not come
 * back together.
 */
const FLOOR_MS = 100;
const FIRST_CEILING_MS = 800;
const CEILING_MS = 8_000;

/** attempt 0 is the first retry; chance 0 ≤ x < 1. */
export function backoffMs(attempt: number, chance: number): number {
	const ceiling = Math.min(CEILING_MS, FIRST_CEILING_MS * 2 ** Math.min(attempt, 10));
	return Math.round(FLOOR_MS + chance * (ceiling - FLOOR_MS));
}
