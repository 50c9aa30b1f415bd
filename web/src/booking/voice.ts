/*
 * The order in which things are said aloud. A screen reader that is given two sentences at once speaks the last one only, so they
 * go out a second apart; what cannot wait goes first. Of one subject only the newest counts: nobody wants to hear three states of
 * a connection of which two are over.
 */
import type { Environment } from "../sync/index.js";

/** Two sentences are this far apart at least. */
export const GAP_MS = 1_000;
/** More than this many wait for nobody: the oldest that can wait is not said. */
export const QUEUE_MAX = 4;

export interface Utterance {
	readonly sentence: string;
	/** Said before all that can wait. */
	readonly urgent: boolean;
	/** A newer one takes the place of one that still waits. */
	readonly subject?: string;
}

export interface Voice {
	say(utterance: Utterance): void;
}

export function createVoice(environment: Pick<Environment, "now" | "after">, speak: (utterance: Utterance) => void): Voice {
	let queue: Utterance[] = [];
	let spokenAt = -Infinity;
	let waiting = false;

	const turn = (): void => {
		const next = queue[0];
		if (!next || waiting) return;
		const rest = spokenAt + GAP_MS - environment.now();
		if (rest > 0) {
			waiting = true;
			environment.after(rest, () => {
				waiting = false;
				turn();
			});
			return;
		}
		queue = queue.slice(1);
		spokenAt = environment.now();
		speak(next);
		turn();
	};

	return {
		say(utterance) {
			queue = queue.filter(
				({ sentence, subject }) => sentence !== utterance.sentence && (subject === undefined || subject !== utterance.subject),
			);
			const polite = queue.findIndex(({ urgent }) => !urgent);
			queue.splice(utterance.urgent && polite >= 0 ? polite : queue.length, 0, utterance);
			if (queue.length > QUEUE_MAX) {
				const oldest = queue.findIndex(({ urgent }) => !urgent);
				queue.splice(Math.max(0, oldest), 1);
			}
			turn();
		},
	};
}
