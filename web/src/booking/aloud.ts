/*
 * For those who listen rather than look: every ten seconds one sentence says how much has changed on the screen. Silent unless
 * asked for, because a busy venue would never stop talking.
 */
import { effect, signal, type Signal } from "@preact/signals";
import type { Environment, SlotBatch } from "../sync/index.js";

export const SUMMARY_MS = 10_000;
const KEY = "say changes";

export interface Aloud {
	readonly on: Signal<boolean>;
	/** These changed before the viewer's eyes. */
	add(changes: SlotBatch["changes"]): void;
	/** Nothing that was on the screen until now matters any more. */
	clear(): void;
}

export function createAloud(
	environment: Pick<Environment, "after">,
	storage: Pick<Storage, "getItem" | "setItem">,
	say: (changed: number, freed: number) => void,
): Aloud {
	const on = signal(storage.getItem(KEY) === "yes");
	/** Was it free before the first of its changes, and is it now? */
	const seen = new Map<string, { readonly before: boolean; readonly after: boolean }>();
	let pending = false;

	const summary = (): void => {
		pending = false;
		const news = [...seen.values()];
		seen.clear();
		if (on.peek() && news.length > 0) say(news.length, news.filter(({ before, after }) => after && !before).length);
	};
	effect(() => storage.setItem(KEY, on.value ? "yes" : "no"));

	return {
		on,
		add(changes) {
			if (!on.peek()) return;
			for (const [id, { before, after }] of changes)
				seen.set(id, { before: seen.get(id)?.before ?? (before?.remaining ?? 0) > 0, after: (after?.remaining ?? 0) > 0 });
			if (pending || seen.size === 0) return;
			pending = true;
			environment.after(SUMMARY_MS, summary);
		},
		clear: () => seen.clear(),
	};
}
