/* How long people are left in peace before they are told something about freshness. Milliseconds; every such threshold stands here. */
export const PATIENCE = {
	/** Loading: words beside the skeleton, then other words, then the error with whom to call. */
	wordsMs: 300,
	stillMs: 3_000,
	giveUpMs: 10_000,
	/** The server's feed is this far behind, or nothing was heard for so long: delayed, … */
	lagMs: 2_000,
	quietMs: 5_000,
	/** … until all has been well for so long. */
	goodMs: 3_000,
	/** Nothing was heard for so long: what is shown is a saved picture. */
	staleMs: 30_000,
	/** There has been no connection for so long: offline. */
	deadMs: 10_000,
	/** A pointer that rests so long on the pill wants to know more. */
	pointMs: 250,
	/** Somebody has just looked again: what is on the screen is checked before it is judged. */
	glanceMs: 1_000,
	/** A timer that fires so much too late says that the computer slept. */
	sleptMs: 2_000,
} as const;
