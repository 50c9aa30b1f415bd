/*
 * One time held for one visitor.
 *
 *   none ──ask──▶ asking ──201──▶ held ──time──▶ ended
 *                   ├──409, 422: another time would do──▶ refused
 *                   └──no answer, 5xx──▶ failed ──ask──▶ asking
 *
 * "Holding…" is shown at once; the slot is shown as the visitor's only when the feed has brought his own write, for then everybody sees
 * it. The answer alone is certain too, so the form goes on with it and says which of the two it knows.
 *
 * The countdown runs from the answer's arrival and the service's hold time, not from the server's wall clock: the visitor's clock may
 * be wrong by hours.
 */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Booking, Problem, Service } from "../../sync/index.js";
import { announce } from "../announcer.js";
import type { VenueModel } from "../model.js";
import { api, environment } from "../services.js";
import { text } from "../text/index.js";
import { isConflict } from "./conflicts.js";
import { createCountdown } from "./countdown.js";
import { forget, keep, type Kept } from "./kept.js";
import { reached } from "./positions.js";

export type HoldState =
	| { readonly kind: "none" }
	| { readonly kind: "asking" }
	/** `shown`: the feed has brought it, so everybody sees it. */
	| { readonly kind: "held"; readonly booking: Booking; readonly shown: boolean }
	/** null: given back in another window, so it must be asked for again. */
	| { readonly kind: "ended"; readonly booking: Booking | null }
	/** Lost to somebody else: pick an alternative. */
	| { readonly kind: "refused"; readonly problem: Problem }
	/** No hold for another reason: try again. */
	| { readonly kind: "failed"; readonly problem: Problem };

export interface Hold {
	readonly state: ReadonlySignal<HoldState>;
	readonly secondsLeft: ReadonlySignal<number>;
	/** Hold the open slot. */
	ask(): Promise<void>;
	/** After a reload. */
	resume(kept: Kept): Promise<void>;
	/** How does it stand? Asked when something happened to it that was not us. */
	look(ref: string): Promise<void>;
	extend(booking: Booking): Promise<Problem | null>;
	refuse(problem: Problem): void;
	/** It has become a booking: from here on nothing gives it back. */
	settle(): void;
	/** Give it back. */
	release(): void;
	close(): void;
}

export function createHold(model: VenueModel, service: Service, booked: (ref: string) => void): Hold {
	const { choice } = model;
	const state: Signal<HoldState> = signal({ kind: "none" });
	/** What is answered after the visitor went on to something else is given back. */
	let turn = 0;
	/** The least that was left of the slot since it is ours. */
	let least = Infinity;

	const unmark = (): void => {
		countdown.stop();
		model.holding.value = null;
		model.mine.value = null;
	};
	const end = (booking: Booking | null): void => {
		unmark();
		state.value = { kind: "ended", booking };
		announce(text.hold.ended, true);
	};
	const countdown = createCountdown(
		environment,
		() => announce(text.hold.minuteLeft, true),
		() => {
			const now = state.peek();
			if (now.kind === "held") end(now.booking);
		},
	);
	const fresh = (): number => environment.now() + service.holdTtlS * 1_000;
	const remember = (ref: string | null, deadline: number): void => {
		const slot = model.open.peek();
		if (!slot) return;
		const [party, duration] = [choice.party.peek(), choice.duration.peek()];
		keep({ venue: model.venue.slug, service: service.id, slot, party, duration, ref, deadline });
	};

	const show = (position: string | null): void => {
		const now = state.peek();
		if (now.kind !== "held" || !reached(now.booking.position, position)) return;
		model.holding.value = null;
		const slot = model.open.peek();
		model.mine.value = slot?.id ?? null;
		if (now.shown) return;
		least = slot?.remaining ?? Infinity;
		state.value = { ...now, shown: true };
	};
	const take = (booking: Booking, deadline: number): void => {
		remember(booking.ref, deadline);
		state.value = { kind: "held", booking, shown: false };
		show(model.position.peek());
		countdown.start(deadline);
	};
	const refuse = (problem: Problem): void => {
		unmark();
		forget();
		state.value = { kind: isConflict(problem) ? "refused" : "failed", problem };
	};
	const look = async (ref: string, deadline: number): Promise<void> => {
		const mine = turn;
		const result = await api.booking(ref);
		if (mine !== turn) return;
		if (!result.ok && result.error.code !== "not-found") {
			if (state.peek().kind === "asking") state.value = { kind: "failed", problem: result.error };
			return;
		}
		const found = result.ok ? result.value : null;
		if (found?.state === "held") take(found, deadline);
		else if (found?.state === "expired") end(found);
		else if (found === null || found.state === "released" || found.state === "cancelled") end(null);
		else booked(ref);
	};

	const stopShowing = model.position.subscribe(show);
	/** More is left than since it is ours: somebody left, or our own hold was given back in another window. */
	const stopWatching = model.open.subscribe((slot) => {
		const now = state.peek();
		if (!slot || now.kind !== "held" || !now.shown) return;
		if (slot.remaining > least) void look(now.booking.ref, deadlineOf());
		least = Math.min(least, slot.remaining);
	});
	const deadlineOf = (): number => environment.now() + countdown.seconds.peek() * 1_000;

	return {
		state,
		secondsLeft: countdown.seconds,
		async ask() {
			const mine = ++turn;
			const slot = model.open.peek();
			if (!slot) return;
			state.value = { kind: "asking" };
			model.mine.value = null;
			model.holding.value = slot.id;
			remember(null, fresh());
			const duration = choice.duration.peek();
			const result = await api.hold({
				service: service.id,
				resource: slot.resource,
				start: slot.start,
				party: choice.party.peek(),
				...(duration === null ? {} : { durationMin: duration }),
			});
			if (mine !== turn) {
				if (result.ok) void api.release(result.value.ref);
			} else if (result.ok) {
				take(result.value, fresh());
				announce(text.announce.held);
			} else refuse(result.error);
		},
		async resume({ ref, deadline }) {
			if (ref === null) return this.ask();
			state.value = { kind: "asking" };
			await look(ref, Math.min(deadline, fresh()));
		},
		look: (ref) => look(ref, deadlineOf()),
		async extend(booking) {
			const mine = turn;
			const result = await api.extend(booking.ref);
			if (mine !== turn) return null;
			if (result.ok) take(result.value, fresh());
			else if (result.error.code === "hold-expired") end(booking);
			else return result.error;
			return null;
		},
		refuse,
		settle() {
			turn++;
			countdown.stop();
			forget();
			state.value = { kind: "none" };
		},
		release() {
			turn++;
			const now = state.peek();
			unmark();
			forget();
			if ((now.kind === "held" || now.kind === "ended") && now.booking) void api.release(now.booking.ref);
			state.value = { kind: "none" };
		},
		close() {
			stopShowing();
			stopWatching();
		},
	};
}
