/*
 * From an open slot to a booking: hold it when the form opens, keep or extend the hold while people type, confirm it, and
 * when somebody was quicker, go on with another time without losing a letter of the form.
 *
 *   none ──begin──▶ asking ──201──▶ held ──time──▶ ended ──confirm──▶ (booking) or refused
 *                     └──409──▶ refused ──choose──▶ asking
 *                     └──no answer──▶ failed ──begin──▶ asking
 *
 * The countdown runs from the answer's arrival and the service's hold time, not from the server's wall clock: the visitor's
 * clock may be wrong by hours.
 */
import { effect, signal, type Signal } from "@preact/signals";
import type { Alternative, Booking, Customer, Problem, Slot } from "../../sync/index.js";
import { announce } from "../announcer.js";
import type { VenueModel } from "../model.js";
import { api, environment } from "../services.js";
import { text } from "../text/index.js";

export interface Target {
	readonly resource: string;
	readonly start: string;
	readonly end: string;
}

export type HoldState =
	| { readonly kind: "none" }
	| { readonly kind: "asking" }
	| { readonly kind: "held"; readonly booking: Booking; readonly deadline: number }
	| { readonly kind: "ended"; readonly booking: Booking }
	/** Lost to somebody else: pick an alternative. */
	| { readonly kind: "refused"; readonly problem: Problem }
	/** No hold for another reason: try again. */
	| { readonly kind: "failed"; readonly problem: Problem };

export interface Draft {
	readonly name: string;
	readonly email: string;
	readonly phone: string;
}

export interface BookingFlow {
	readonly step: Signal<"details" | "form">;
	readonly target: Signal<Target>;
	readonly hold: Signal<HoldState>;
	readonly secondsLeft: Signal<number>;
	readonly draft: Signal<Draft>;
	readonly busy: Signal<"extend" | "confirm" | null>;
	/** What went wrong with the last press of a button, the hold being unharmed. */
	readonly problem: Signal<Problem | null>;
	begin(): Promise<void>;
	choose(alternative: Alternative): Promise<void>;
	extend(): Promise<void>;
	confirm(): Promise<void>;
	/** Give back what is held and forget the flow. */
	leave(): void;
}

const WARN_S = 60;
const DRAFT = "draft";

/** Refusals that another time cures. */
const CONFLICTS: ReadonlySet<string> = new Set(["slot-full", "slot-held", "hold-expired", "outside-hours"]);
export const isConflict = (problem: Problem): boolean => CONFLICTS.has(problem.code);

export function createFlow(model: VenueModel, slot: Slot): BookingFlow {
	const step = signal<"details" | "form">("details");
	const target = signal<Target>(slot);
	const hold = signal<HoldState>({ kind: "none" });
	const secondsLeft = signal(0);
	const draft = signal(readDraft());
	const busy = signal<"extend" | "confirm" | null>(null);
	const problem = signal<Problem | null>(null);
	const service = model.choice.service.peek();
	const party = model.choice.party.peek();
	const duration = model.choice.duration.peek();
	let left = false;
	let done = false;
	let cancelTick: () => void = () => {};

	const stopSaving = effect(() => sessionStorage.setItem(DRAFT, JSON.stringify(draft.value)));

	const tick = (): void => {
		cancelTick();
		const state = hold.peek();
		if (state.kind !== "held") return;
		const seconds = Math.max(0, Math.ceil((state.deadline - environment.now()) / 1_000));
		if (seconds <= WARN_S && secondsLeft.peek() > WARN_S) announce(text.hold.minuteLeft, true);
		secondsLeft.value = seconds;
		if (seconds === 0) {
			hold.value = { kind: "ended", booking: state.booking };
			model.mine.value = null;
			announce(text.hold.ended, true);
			return;
		}
		cancelTick = environment.after(250, tick);
	};

	const held = (booking: Booking): void => {
		secondsLeft.value = service.holdTtlS;
		hold.value = { kind: "held", booking, deadline: environment.now() + service.holdTtlS * 1_000 };
		tick();
	};

	const refuse = (reason: Problem): void => {
		model.mine.value = null;
		hold.value = { kind: isConflict(reason) ? "refused" : "failed", problem: reason };
	};

	const ask = async (): Promise<void> => {
		const wanted = target.peek();
		problem.value = null;
		hold.value = { kind: "asking" };
		model.mine.value = model.find(wanted.resource, wanted.start)?.id ?? null;
		const result = await api.hold({
			service: service.id,
			resource: wanted.resource,
			start: wanted.start,
			party,
			...(duration === null ? {} : { durationMin: duration }),
		});
		if (left) {
			if (result.ok) void api.release(result.value.ref);
			return;
		}
		if (!result.ok) return refuse(result.error);
		held(result.value);
		announce(text.announce.held);
	};

	const release = (): void => {
		cancelTick();
		const state = hold.peek();
		if (!done && (state.kind === "held" || state.kind === "ended")) void api.release(state.booking.ref);
		model.mine.value = null;
	};

	/** The tab is closed: give the time back now instead of letting others wait for the hold to run out. */
	const onPageHide = (): void => {
		const state = hold.peek();
		if (done || state.kind !== "held") return;
		void fetch(`/v1/holds/${encodeURIComponent(state.booking.ref)}:release`, { method: "POST", keepalive: true });
	};
	addEventListener("pagehide", onPageHide);

	return {
		step,
		target,
		hold,
		secondsLeft,
		draft,
		busy,
		problem,
		async begin() {
			step.value = "form";
			await ask();
		},
		async choose(alternative) {
			release();
			target.value = alternative;
			await ask();
		},
		async extend() {
			const state = hold.peek();
			if (state.kind !== "held" || busy.peek()) return;
			busy.value = "extend";
			problem.value = null;
			const result = await api.extend(state.booking.ref);
			busy.value = null;
			if (left) return;
			if (result.ok) held(result.value);
			else if (result.error.code === "hold-expired") hold.value = { kind: "ended", booking: state.booking };
			else problem.value = result.error;
		},
		async confirm() {
			const state = hold.peek();
			if ((state.kind !== "held" && state.kind !== "ended") || busy.peek()) return;
			busy.value = "confirm";
			problem.value = null;
			const result = await api.book(state.booking.ref, customerOf(draft.peek()));
			if (result.ok) {
				done = true;
				cancelTick();
				announce(text.announce.booked);
				location.assign(`/b/${encodeURIComponent(result.value.ref)}`);
				return; // stays busy until the next page is there
			}
			busy.value = null;
			if (isConflict(result.error)) refuse(result.error);
			else problem.value = result.error;
		},
		leave() {
			left = true;
			removeEventListener("pagehide", onPageHide);
			stopSaving();
			release();
		},
	};
}

const customerOf = (draft: Draft): Customer => {
	const phone = draft.phone.trim();
	return { name: draft.name.trim(), email: draft.email.trim(), ...(phone ? { phone } : {}) };
};

function readDraft(): Draft {
	const empty: Draft = { name: "", email: "", phone: "" };
	try {
		const saved = JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}") as Partial<Record<keyof Draft, unknown>>;
		const word = (value: unknown): string => (typeof value === "string" ? value : "");
		return { name: word(saved.name), email: word(saved.email), phone: word(saved.phone) };
	} catch {
		return empty;
	}
}
