/*
 * The slot under the pointer or the keyboard's focus, wherever it is drawn, and its place on the screen. Whoever draws slots sets
 * it at once; the detail beside the slot (views/slot-detail.tsx) waits as long as it finds polite.
 */
import { signal } from "@preact/signals";
import type { Slot } from "../sync/index.js";

export interface Pointed {
	readonly slot: Slot;
	/** In viewport pixels, as getBoundingClientRect says it. */
	readonly rect: Pick<DOMRect, "left" | "top" | "width" | "height">;
	/** A pointer may be passing by; a focus was put there. Fingers do not point: a tap opens the panel. */
	readonly by: "pointer" | "focus";
}

export const pointed = signal<Pointed | null>(null);
