/*
 * One booking while somebody looks at it. Nothing subscribes to a single booking, so its day is watched: whatever happens to the
 * booking, in another tab or by an operator's hand, changes what is free there, and then the booking is read again. Its version tells
 * whether it was this booking that changed.
 */
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import type { Booking, Problem, Service, Venue } from "../../sync/index.js";
import { announce } from "../announcer.js";
import { createZone, type Zone } from "../dates.js";
import { formatFor, type Format } from "../format.js";
import { disown, ownStands } from "../flow/own.js";
import { api, connectLive, environment } from "../services.js";
import { text } from "../text/index.js";

/** What happened to the booking since the page was opened, and by whom. */
export interface News {
	readonly what: "moved" | "cancelled" | "changed";
	readonly elsewhere: boolean;
}

export interface Visit {
	readonly venue: Venue | null;
	readonly format: Format;
	readonly zone: Zone;
	readonly booking: ReadonlySignal<Booking | null>;
	readonly service: ReadonlySignal<Service | null>;
	/** Why the last reading failed. */
	readonly problem: ReadonlySignal<Problem | null>;
	/** When the booking was last known to be so. */
	readonly seenAt: ReadonlySignal<number>;
	readonly news: ReadonlySignal<News | null>;
	read(): Promise<void>;
	/** The answer to what was done here. */
	accept(booking: Booking): void;
	/** "Friday 20 November, 14:00 WET" */
	say(instant: string): string;
	close(): void;
}

/** Between two readings, at least: a busy day changes many times a second. */
const CALM_MS = 1_000;
const AGAIN_MS = 5_000;

export function createVisit(ref: string, venue: Venue | null): Visit {
	const tz = venue?.tz ?? "UTC";
	const format = formatFor(venue ?? { tz });
	const zone = createZone(tz);
	const booking = signal<Booking | null>(null);
	const problem = signal<Problem | null>(null);
	const seenAt = signal(environment.now());
	const news = signal<News | null>(null);
	let reading = false;
	let again = false;
	let closed = false;
	let readAt = -Infinity;
	let cancelTimer: () => void = () => {};

	const say = (instant: string): string => `${format.day(zone.wall(Date.parse(instant)).date)}, ${format.time(instant)} ${format.zone(instant)}`;
	const take = (next: Booking, elsewhere: boolean): void => {
		const before = booking.peek();
		// A reading may be answered after what was done here meanwhile.
		if (before && next.version < before.version) return;
		booking.value = next;
		ownStands(next);
		problem.value = null;
		seenAt.value = environment.now();
		if (!before || before.version === next.version) return;
		const ended = next.state !== before.state;
		const moved = next.start !== before.start || next.resource !== before.resource;
		const what = ended && next.state === "cancelled" ? "cancelled" : !ended && moved ? "moved" : "changed";
		news.value = { what, elsewhere };
		const words = what === "moved" ? text.booked.movedTo(say(next.start)) : what === "cancelled" ? text.booked.cancelledTitle : text.booked.changed;
		announce(elsewhere ? `${text.booked.changed} ${words}` : words, elsewhere);
	};
	const later = (ms: number): void => {
		cancelTimer();
		cancelTimer = environment.after(ms, () => void read());
	};
	const read = async (): Promise<void> => {
		if (reading) {
			again = true;
			return;
		}
		cancelTimer();
		reading = true;
		again = false;
		const result = await api.booking(ref);
		reading = false;
		readAt = environment.now();
		if (closed) return;
		if (result.ok) take(result.value, true);
		else {
			problem.value = result.error;
			if (result.error.code === "not-found") disown(ref);
			else later(AGAIN_MS);
		}
		if (again) later(CALM_MS);
	};
	/** Something has happened on its day. */
	const onChange = (): void => {
		const rest = readAt + CALM_MS - environment.now();
		if (rest > 0 && !reading) later(Math.min(CALM_MS, rest));
		else void read();
	};

	const service = computed(() => venue?.services.find(({ id }) => id === booking.value?.service) ?? null);
	/** What to watch, as one string: the same day again is not another subscription. */
	const watched = computed(() => {
		const now = booking.value;
		if (!now || !service.value) return null;
		const minutes = (Date.parse(now.end) - Date.parse(now.start)) / 60_000;
		const duration = service.value.durationsMin.includes(minutes) ? minutes : null;
		return JSON.stringify([now.service, zone.wall(Date.parse(now.start)).date, duration]);
	});
	const live = connectLive();
	const stopWatching = effect(() => {
		if (watched.value === null) return;
		const [wanted, date, duration] = JSON.parse(watched.value) as [string, string, number | null];
		const day = live.availability({ service: wanted, from: date, to: date, ...(duration === null ? {} : { durationMin: duration }) });
		let before = day.status().state;
		// A snapshot after the first one comes when the connection was lost: much may have happened meanwhile.
		let first = true;
		const stop = day.slots.subscribe(({ origin }) => {
			if (origin === "live" || !first) onChange();
			first = false;
		});
		const stopStatus = day.onStatus(({ state }) => {
			if (state === "live" && before !== "live" && !first) onChange();
			before = state;
		});
		return () => {
			stop();
			stopStatus();
			day.close();
		};
	});
	const onWake = (): void => {
		if (document.visibilityState === "visible") void read();
	};
	document.addEventListener("visibilitychange", onWake);
	addEventListener("online", onWake);
	addEventListener("pageshow", onWake);

	return {
		venue,
		format,
		zone,
		booking,
		service,
		problem,
		seenAt,
		news,
		read,
		accept: (next) => take(next, false),
		say,
		close() {
			closed = true;
			cancelTimer();
			stopWatching();
			document.removeEventListener("visibilitychange", onWake);
			removeEventListener("online", onWake);
			removeEventListener("pageshow", onWake);
		},
	};
}
