/*
 * What the client needs from the world: clock, timers, frames, chance. Passed in, so that tests drive time by hand and no
 * test ever sleeps.
 */
import { platform } from "./platform.js";

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

/** Where nothing is painted (Node, a worker without frames), a frame is as long as it would be on a screen. */
const FRAME_MS = 16;

export function defaultEnvironment(): Environment {
	const after = (ms: number, run: () => void): (() => void) => {
		const timer = platform.setTimeout(run, ms);
		return () => platform.clearTimeout(timer);
	};
	return {
		now: () => Date.now(),
		after,
		frame: (run) => void (platform.requestAnimationFrame ? platform.requestAnimationFrame(run) : after(FRAME_MS, run)),
		random: () => Math.random(),
	};
}
