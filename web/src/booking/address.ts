/*
 * The address bar and the Back button. The address always names what is on the screen, so a reload or a copied link shows it
 * again. Going to another day or view makes an entry of the history, a burst of them (a held arrow key) one; a filter corrects
 * the entry it is in.
 *
 * An open panel is an entry too: on a phone Back is how people close things. Closed in another way, its entry stays behind
 * ("spent"; history.back() would race with whatever is pressed next), so it is used again for the next step, or stepped over.
 */
import { effect, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Slot } from "../sync/index.js";
import type { Choice } from "./choice.js";
import type { Zone } from "./dates.js";

const BURST_MS = 1_000;

interface Page {
	readonly choice: Choice;
	readonly open: Signal<Slot | null>;
	readonly slots: ReadonlySignal<readonly Slot[] | null>;
	readonly now: () => number;
}

type Panel = "open" | "spent" | null;

export function followAddress({ choice, open, slots, now }: Page): void {
	const place = (): string => `${choice.date.peek()} ${choice.view.peek()}`;
	const write = (how: "pushState" | "replaceState", next: Panel): void => {
		panel = next;
		history[how](next && { panel: next }, "", choice.query.peek());
	};
	// Whoever comes back from elsewhere finds the panel closed.
	let panel: Panel = (history.state as { readonly panel?: Panel } | null)?.panel ? "spent" : null;
	let shown = place();
	let movedAt = -Infinity;
	write("replaceState", panel);

	effect(() => {
		if (choice.query.value === location.search) {
			shown = place();
			return;
		}
		const moved = place() !== shown;
		const fresh = moved && now() - movedAt > BURST_MS;
		shown = place();
		if (moved) movedAt = now();
		write(fresh && panel !== "spent" ? "pushState" : "replaceState", moved ? null : panel);
	});
	effect(() => {
		const opened = open.value !== null;
		if (opened && panel !== "open") write(panel === "spent" ? "replaceState" : "pushState", "open");
		else if (!opened && panel === "open") write("replaceState", "spent");
	});
	addEventListener("popstate", () => {
		const before = panel;
		panel = (history.state as { readonly panel?: Panel } | null)?.panel ? "spent" : null;
		if (before === "spent" && panel === null && location.search === choice.query.peek()) return history.back();
		open.value = null;
		choice.read(location.search);
	});

	const stop = effect(() => {
		const list = slots.value;
		const wanted = choice.wanted;
		if (list === null) return;
		const slot = wanted && list.find((one) => one.startMs === wanted.startMs && (wanted.resource === null || one.resource === wanted.resource));
		if (slot) open.value = slot;
		queueMicrotask(() => stop());
	});
}

/** An address that opens this slot's panel. */
export function linkTo({ choice, zone }: { readonly choice: Choice; readonly zone: Zone }, slot: Slot): string {
	const query = new URLSearchParams(choice.query.peek());
	query.set("date", zone.wall(slot.startMs).date);
	query.set("at", slot.start);
	const resource = choice.serving.peek().find(({ id }) => id === slot.resource);
	if (resource) query.set("where", resource.key);
	return `${location.origin}${location.pathname}?${query.toString()}`;
}
