/*
 * What the client needs from the world: clock, timers, frames, chance. Passed in, so that tests drive time by hand and no
 * test ever sleeps.
 */
export interface Environment {
	/** Milliseconds, only ever subtracted from each other. */
	now(): number;
	/** Run later; the returned function cancels. */
	after(ms: number, run: () => void): () => void;
	/** Run before the next paint. */
	frame(run: () => void): void;
	/** 0 ≤ x < 1 */
	random(): number;
}

export function browserEnvironment(): Environment {
	return {
		now: () => Date.now(),
		after(ms, run) {
			const timer = setTimeout(run, ms);
			return () => clearTimeout(timer);
		},
		frame: (run) => void requestAnimationFrame(run),
		random: () => Math.random(),
	};
}
