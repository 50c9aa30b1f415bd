/* The free times to which a booking can be moved, a week at a time, as they change. */
import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Booking, Service, Slot, StatusState } from "../../sync/index.js";
import { addDays, daysBetween, type LocalDate } from "../dates.js";
import { connectLive, environment } from "../services.js";
import type { Visit } from "./visit.js";

export interface Times {
	/** The first of the seven days. */
	readonly from: Signal<LocalDate>;
	readonly day: Signal<LocalDate>;
	/** Other resources of the service too. */
	readonly anywhere: Signal<boolean>;
	readonly picked: Signal<Slot | null>;
	/** The picked time was taken before it could be asked for. */
	readonly lost: ReadonlySignal<boolean>;
	readonly days: ReadonlySignal<readonly LocalDate[]>;
	/** null: not there yet */
	readonly free: ReadonlySignal<readonly Slot[] | null>;
	readonly status: ReadonlySignal<StatusState>;
	readonly canGoBack: ReadonlySignal<boolean>;
	readonly canGoOn: ReadonlySignal<boolean>;
	turn(weeks: number): void;
	pick(slot: Slot): void;
	close(): void;
}

const WEEK = 7;

export function createTimes(visit: Visit, booking: Booking, service: Service): Times {
	const { zone } = visit;
	const today = zone.wall(environment.now()).date;
	const last = addDays(today, service.horizonDays);
	const ours = zone.wall(Date.parse(booking.start)).date;
	const from = signal(daysBetween(today, ours) < WEEK ? today : ours);
	const day = signal(ours < today ? today : ours);
	const anywhere = signal(false);
	const picked = signal<Slot | null>(null);
	const lost = signal(false);
	const slots = signal<readonly Slot[] | null>(null);
	const status = signal<StatusState>("loading");
	const minutes = (Date.parse(booking.end) - Date.parse(booking.start)) / 60_000;

	const stop = effect(() => {
		const week = connectLive().availability({
			service: service.id,
			from: from.value,
			to: addDays(from.value, WEEK - 1),
			party: booking.party,
			...(anywhere.value ? {} : { resource: booking.resource }),
			...(service.durationsMin.includes(minutes) ? { durationMin: minutes } : {}),
		});
		slots.value = null;
		status.value = week.status().state;
		const stopStatus = week.onStatus(({ state }) => (status.value = state));
		const stopSlots = week.slots.subscribe(() => {
			slots.value = week.slots.all();
			const wanted = picked.peek();
			if (!wanted || (week.slots.get(wanted.id)?.state ?? "booked") !== "booked") return;
			picked.value = null;
			lost.value = true;
		});
		return () => {
			stopStatus();
			stopSlots();
			week.close();
		};
	});
	return {
		from,
		day,
		anywhere,
		picked,
		lost,
		status,
		days: computed(() => Array.from({ length: WEEK }, (_, n) => addDays(from.value, n))),
		free: computed(() => slots.value?.filter((slot) => slot.state !== "booked") ?? null),
		canGoBack: computed(() => from.value > today),
		canGoOn: computed(() => addDays(from.value, WEEK) <= last),
		turn(weeks) {
			const next = addDays(from.peek(), weeks * WEEK);
			from.value = next < today ? today : next;
			day.value = from.peek();
			picked.value = null;
		},
		pick(slot) {
			lost.value = false;
			picked.value = slot;
		},
		close: stop,
	};
}
