/* Seconds until a deadline, with one warning ahead of it and its end. */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Environment } from "../../sync/index.js";

/** A little more than the minute that is promised: the clock is looked at a few times a second, not at the instant. */
const WARN_S = 61;
const LOOK_MS = 250;

export interface Countdown {
	readonly seconds: ReadonlySignal<number>;
	start(deadline: number): void;
	stop(): void;
}

export function createCountdown(environment: Pick<Environment, "now" | "after">, warn: () => void, over: () => void): Countdown {
	const seconds = signal(0);
	let cancel: () => void = () => {};
	const left = (deadline: number): number => Math.max(0, Math.ceil((deadline - environment.now()) / 1_000));
	const look = (deadline: number): void => {
		const now = left(deadline);
		if (now <= WARN_S && seconds.peek() > WARN_S) warn();
		seconds.value = now;
		if (now === 0) over();
		else cancel = environment.after(LOOK_MS, () => look(deadline));
	};
	return {
		seconds,
		start(deadline) {
			cancel();
			seconds.value = left(deadline);
			look(deadline);
		},
		stop: () => cancel(),
	};
}
