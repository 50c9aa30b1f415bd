/*
 * The panel of one slot, from looking at it to a booking: hold the time, confirm it, and when somebody was quicker, go on with another
 * time without losing a letter of the form. A booking is never shown before the server has confirmed it.
 */
import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { BOOKABLE, type Alternative, type Problem, type Slot } from "../../sync/index.js";
import { announce } from "../announcer.js";
import type { VenueModel } from "../model.js";
import { api, environment } from "../services.js";
import { text } from "../text/index.js";
import { isConflict } from "./conflicts.js";
import { customerOf, draft } from "./draft.js";
import { createHold, type Hold } from "./hold.js";
import { readKept } from "./kept.js";
import { own } from "./own.js";

export interface BookingFlow {
	readonly step: Signal<"details" | "form">;
	readonly hold: Hold;
	readonly busy: ReadonlySignal<"extend" | "confirm" | null>;
	/** What went wrong with the last press of a button, the hold being unharmed. */
	readonly problem: ReadonlySignal<Problem | null>;
	/** The answer to what was asked last takes long. */
	readonly slow: ReadonlySignal<boolean>;
	begin(): Promise<void>;
	choose(alternative: Alternative): Promise<void>;
	extend(): Promise<void>;
	confirm(): Promise<void>;
	/** To the details again: what is held is given back. */
	back(): void;
	/** Give back what is held and forget the flow. */
	leave(): void;
}

/** A hold or a booking is not answered for so long: say that nothing is lost. Not in patience.ts, which the first load carries. */
const ANSWER_MS = 4_000;
/** What the server would say, had it been asked. */
const LOST: Problem = { code: "hold-expired", status: 409, title: "", detail: "", retryable: false };

export function createFlow(model: VenueModel, slot: Slot): BookingFlow {
	const step = signal<"details" | "form">("details");
	const busy = signal<"extend" | "confirm" | null>(null);
	const problem = signal<Problem | null>(null);
	const booked = (ref: string): void => {
		hold.settle();
		announce(text.announce.booked);
		location.assign(`/b/${encodeURIComponent(ref)}`);
	};
	const hold = createHold(model, model.choice.service.peek(), booked);
	let asked: Promise<void> = Promise.resolve();

	const ask = (): Promise<void> => {
		problem.value = null;
		return (asked = hold.ask());
	};
	/** Who presses Enter before the hold has come waits for it; one that was given back elsewhere is asked for again. */
	const heldRef = async (): Promise<string | null> => {
		await asked;
		const now = hold.state.peek();
		if (now.kind === "ended" && now.booking === null) await ask();
		const state = hold.state.peek();
		return state.kind === "held" || state.kind === "ended" ? (state.booking?.ref ?? null) : null;
	};

	/** The last Confirm was not answered: what is taken now may be taken by us. */
	let unsure = false;
	/** The time was seen free since the hold ended: who has it next is somebody else. */
	let free = false;
	const stopWatching = effect(() => {
		const [now, shown] = [hold.state.value, model.open.value];
		if (now.kind !== "ended" || shown?.state !== "booked") free = now.kind === "ended" && shown !== null;
		else if (free && busy.value === null && !unsure) hold.refuse(LOST);
	});

	const slow = signal(false);
	const waits = computed(() => busy.value !== null || hold.state.value.kind === "asking");
	const stopPatience = effect(() => {
		slow.value = false;
		if (!waits.value) return;
		return environment.after(ANSWER_MS, () => {
			slow.value = true;
			announce(text.form.slow);
		});
	});
	/** What was said of a server that did not answer is over when it is back. */
	let reachable = true;
	const stopClearing = effect(() => {
		const before = reachable;
		reachable = BOOKABLE[model.status.value.state];
		if (reachable && !before && problem.peek()?.code === "network") problem.value = null;
	});

	const kept = readKept();
	if (kept && kept.venue === model.venue.slug && kept.slot.resource === slot.resource && kept.slot.startMs === slot.startMs) {
		step.value = "form";
		asked = hold.resume(kept);
	}

	return {
		step,
		hold,
		busy,
		problem,
		slow,
		begin() {
			step.value = "form";
			return ask();
		},
		choose(alternative) {
			hold.release();
			step.value = "form";
			model.openTime(alternative);
			return ask();
		},
		async extend() {
			const now = hold.state.peek();
			if (now.kind !== "held" || busy.peek()) return;
			busy.value = "extend";
			problem.value = null;
			problem.value = await hold.extend(now.booking);
			busy.value = null;
		},
		async confirm() {
			if (busy.peek()) return;
			busy.value = "confirm";
			const ref = await heldRef();
			problem.value = null;
			const result = ref === null ? null : await api.book(ref, customerOf(draft().peek()));
			if (result?.ok) {
				own(result.value);
				return booked(result.value.ref); // stays busy until the next page is there
			}
			unsure = result?.error.code === "network";
			busy.value = null;
			if (ref === null || !result) return;
			if (isConflict(result.error)) hold.refuse(result.error);
			else if (result.error.code === "wrong-state") await hold.look(ref);
			else problem.value = result.error;
		},
		back() {
			hold.release();
			problem.value = null;
			step.value = "details";
		},
		leave() {
			stopWatching();
			stopPatience();
			stopClearing();
			hold.release();
			hold.close();
		},
	};
}
