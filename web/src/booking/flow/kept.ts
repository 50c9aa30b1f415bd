/*
 * The hold of this tab, so that a reload in the middle of the form finds it again. The end is by the visitor's own clock, counted
 * from when the answer came: the server's clock may be hours away from his.
 *
 * A closed tab leaves its hold to run out. Giving it back when the page goes away would end it on every reload too; nothing tells
 * the two apart.
 */
import { asObject, decodeSlot, parseJson, type Slot } from "../../sync/index.js";
import { HOLD_PLACE } from "./place.js";

export interface Kept {
	readonly venue: string;
	readonly service: string;
	readonly slot: Slot;
	readonly party: number;
	readonly duration: number | null;
	/** null: asked for, not answered. */
	readonly ref: string | null;
	/** environment.now ms */
	readonly deadline: number;
}

/** Seen by the other tabs of this browser: place → until when it is held here. */
const shared = ({ resource, start }: Pick<Slot, "resource" | "start">): string => `hold ${resource} ${start}`;

export function keep(kept: Kept): void {
	sessionStorage.setItem(HOLD_PLACE, JSON.stringify(kept));
	if (kept.ref !== null) localStorage.setItem(shared(kept.slot), String(kept.deadline));
}

export function forget(): void {
	const kept = readKept();
	if (kept?.ref) localStorage.removeItem(shared(kept.slot));
	sessionStorage.removeItem(HOLD_PLACE);
}

/** Is it this browser, in another tab, that holds the place? */
export const heldInAnotherTab = (slot: Pick<Slot, "resource" | "start">, now: number): boolean =>
	Number(localStorage.getItem(shared(slot))) > now;

export function readKept(): Kept | null {
	const o = asObject(parseJson(sessionStorage.getItem(HOLD_PLACE) ?? ""));
	const slot = decodeSlot(o?.["slot"]);
	if (!o || !slot) return null;
	const { venue, service, party, duration, ref, deadline } = o;
	if (typeof venue !== "string" || typeof service !== "string" || typeof party !== "number" || typeof deadline !== "number") return null;
	return {
		venue,
		service,
		slot,
		party,
		deadline,
		duration: typeof duration === "number" ? duration : null,
		ref: typeof ref === "string" ? ref : null,
	};
}
