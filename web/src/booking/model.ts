/*
 * The venue page's state: what was chosen, the rows for it, how fresh they are, what just changed, and which slot is open.
 * Components read signals; everything that acts is here.
 */
import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { sameSlot } from "../sync/index.js";
import type { Availability, LiveClient, Resource, Slot, SlotBatch, Status, StatusState, Venue } from "../sync/index.js";
import { followAddress } from "./address.js";
import { createAloud, type Aloud } from "./aloud.js";
import { announce } from "./announcer.js";
import { watchAttention } from "./attention.js";
import { createChoice, type Choice } from "./choice.js";
import { addDays, addMonths, createZone, firstDayOfWeek, type LocalDate, type Zone } from "./dates.js";
import { formatFor, type Format } from "./format.js";
import { createFreshness, type Told } from "./freshness.js";
import { createMarks, type Marks } from "./marks.js";
import { createRows, type Rows } from "./rows.js";
import type { FreeDay } from "./nearest.js";
import { api, environment } from "./services.js";
import { stateWords } from "./state-words.js";
import { text } from "./text/index.js";

/** With more slots than this, `slots` follows at this pace: sorting a city's week for every frame would be all we do. */
const MANY_SLOTS = 2_000;
const CALM_MS = 250;

/** Days to wait for, both included; with `slot`: that time first of all. */
export interface WaitlistWindow {
	readonly from: LocalDate;
	readonly to: LocalDate;
	readonly slot?: { readonly resource: string; readonly start: string; readonly end: string };
}

export interface VenueModel {
	readonly venue: Venue;
	readonly city: string;
	readonly zone: Zone;
	readonly format: Format;
	readonly choice: Choice;
	readonly today: Signal<LocalDate>;
	/** What the screen shows, slot by slot. */
	readonly rows: Rows;
	/** The same as one value, for views that draw themselves again as a whole; null: not there yet. */
	readonly slots: ReadonlySignal<readonly Slot[] | null>;
	/** What people are told about how fresh the rows are. */
	readonly status: ReadonlySignal<Told>;
	/** How fresh they are at this moment. Grows old by itself, so it is asked for rather than watched. */
	freshness(): Status;
	ageMs(): number;
	/** When something last changed before the viewer's eyes (environment.now); null: not yet. */
	readonly changedAt: ReadonlySignal<number | null>;
	readonly marks: Marks;
	readonly aloud: Aloud;
	/** Stand still, or go on. */
	togglePause(): void;
	/** The slot that is being asked for: shown as "Holding…" from the next frame on. */
	readonly holding: Signal<string | null>;
	/** The slot that this visitor holds, from when the feed has said so. */
	readonly mine: Signal<string | null>;
	/** What this browser has booked, of the slots that are here: slot → reference. */
	readonly own: Signal<ReadonlyMap<string, string>>;
	/** The slots that are the visitor's, held or booked. */
	readonly ours: ReadonlySignal<ReadonlySet<string>>;
	readonly open: Signal<Slot | null>;
	/** Where somebody wants to wait in line; null: the dialog is closed. */
	readonly waitlist: Signal<WaitlistWindow | null>;
	/** Up to where the rows have been followed. */
	readonly position: ReadonlySignal<string | null>;
	/** The columns' resources: the chosen one, or all that serve. */
	readonly resources: ReadonlySignal<readonly Resource[]>;
	find(resource: string, start: string): Slot | undefined;
	resourceName(id: string): string;
	/** Go to a day, or to the nearest one that can be booked. */
	goTo(date: LocalDate): void;
	/** Go to this time and open it, also where its day has not been loaded yet. */
	openTime(time: Pick<Slot, "resource" | "start" | "end" | "remaining">): void;
	moveDays(days: number): void;
	/** Go by what the view shows: a week, or a month. */
	turn(steps: number): void;
	/** The last day that can be booked. */
	readonly last: ReadonlySignal<LocalDate>;
	/** Is there a day of the bookable window on that side of what is shown? */
	readonly canGoBack: ReadonlySignal<boolean>;
	readonly canGoOn: ReadonlySignal<boolean>;
	/** The nearest days with something free for what was chosen; null: the server did not answer. */
	findFree(limit: number): Promise<readonly FreeDay[] | null>;
	/** Ask for a place on the waitlist for these days. */
	openWaitlist(days: readonly LocalDate[]): void;
	retry(): void;
}

export function createVenueModel(venue: Venue, live: LiveClient, narrow: boolean): VenueModel | null {
	const zone = createZone(venue.tz);
	const format = formatFor(venue);
	const localToday = (): LocalDate => zone.wall(environment.now()).date;
	const choice = createChoice(venue, {
		search: location.search,
		today: localToday(),
		firstDay: firstDayOfWeek(format.home),
		defaultView: narrow ? "list" : "week",
	});
	if (!choice) return null;

	const today = signal(localToday());
	setInterval(() => (today.value = localToday()), 30_000);

	const slots = signal<readonly Slot[] | null>(null);
	const rows = createRows();
	const marks = createMarks(environment);
	const changedAt = signal<number | null>(null);
	const aloud = createAloud(environment, localStorage, (changed, freed) =>
		announce(text.announce.changes(changed, freed), false, "changes"),
	);
	const holding = signal<string | null>(null);
	const mine = signal<string | null>(null);
	const own = signal<ReadonlyMap<string, string>>(new Map());
	const open = signal<Slot | null>(null);
	const waitlist = signal<WaitlistWindow | null>(null);
	const position = signal<string | null>(null);
	/** Counts what a person has asked to be tried again. */
	const attempt = signal(0);
	let current: Availability | null = null;

	const freshness = createFreshness(environment, () => {
		attention.missed();
		live.wake();
	});
	const attention = watchAttention({
		look: (looking) => freshness.look(looking),
		network: (there) => freshness.network(there),
		caughtUp: () => current?.status().state === "live",
	});
	let told: StatusState = "loading";
	let troubled = false;
	freshness.told.subscribe((next) => {
		if (next.state === told) return;
		told = next.state;
		const { aloud: sentence } = stateWords(next, environment.now(), format);
		// Being live is news only after it was otherwise.
		if (sentence && (troubled || told !== "live")) announce(sentence, false, "freshness");
		if (told !== "loading") troubled = told !== "live";
	});

	let cancelShow: (() => void) | null = null;
	const show = (): void => {
		cancelShow = null;
		slots.value = rows.all();
	};
	rows.subscribe((batch) => {
		if (slots.peek() === null || rows.all().length <= MANY_SLOTS) show();
		else cancelShow ??= environment.after(CALM_MS, show);
		if (batch.origin !== "live") return;
		if (!attention.attentive()) return;
		const asked = (id: string): boolean => id === mine.peek() || id === holding.peek();
		const news = [...batch.changes].filter(([id, change]) => change.after && change.before && !asked(id));
		marks.add(news.map(([id]) => id));
		aloud.add(new Map(news));
	});

	const find = (resource: string, start: string): Slot | undefined =>
		current?.slots.all().find((slot) => slot.resource === resource && slot.startMs === Date.parse(start));

	/** Another duration or party is another picture: the open time is looked for in it, its absence is no news. */
	const watchOpen = (batch: SlotBatch): void => {
		if (batch.origin === "live") changedAt.value = environment.now();
		const shown = open.peek();
		if (!shown) return;
		const change = batch.changes.get(shown.id);
		if (!change && batch.origin === "live") return;
		const after = change ? change.after : find(shown.resource, shown.start);
		open.value = after ?? { ...shown, state: "booked", remaining: 0 };
		const lost = shown.state !== "booked" && open.peek()?.state === "booked";
		if (lost && batch.origin === "live" && shown.id !== mine.peek() && shown.id !== holding.peek())
			announce(text.announce.slotLost, true);
	};

	// A time that is opened while the screen stands still is shown as it is now.
	effect(() => {
		const shown = open.value;
		if (!shown || !rows.paused.peek()) return;
		const now = current?.slots.get(shown.id);
		if (now && !sameSlot(now, shown)) open.value = now;
		else if (!now && rows.get(shown.id) === shown) open.value = { ...shown, state: "booked", remaining: 0 };
	});

	effect(() => {
		void attempt.value;
		const subscription = live.availability({ ...choice.question.value, ...choice.window.value });
		const before = current;
		current = subscription;
		before?.close();
		cancelShow?.();
		cancelShow = null;
		slots.value = null;
		marks.clear();
		aloud.clear();
		position.value = null;
		freshness.follow(subscription);
		subscription.onStatus((next) => {
			position.value = subscription.position();
			if (next.state === "live") attention.settle();
		});
		subscription.slots.subscribe(watchOpen);
		rows.follow(subscription.slots);
	});
	followAddress({ choice, open, slots, now: () => environment.now() });

	const last = computed(() => addDays(today.value, choice.service.value.horizonDays));
	const goTo = (date: LocalDate): void => {
		choice.date.value = date < today.value ? today.value : date > last.value ? last.value : date;
	};
	const shownDays = computed(() => {
		if (choice.view.value !== "month") return choice.week.value;
		const month = choice.date.value.slice(0, 8);
		return choice.month.value.filter((date) => date.startsWith(month));
	});
	return {
		venue,
		city: cityOf(venue.tz),
		zone,
		format,
		choice,
		today,
		rows,
		slots,
		status: freshness.told,
		freshness: () => freshness.now(),
		ageMs: () => freshness.now().ageMs,
		changedAt,
		marks,
		aloud,
		togglePause() {
			if (rows.paused.peek()) rows.resume();
			else rows.pause();
			announce(rows.paused.peek() ? text.pause.paused : text.pause.resumed, false, "pause");
		},
		holding,
		mine,
		own,
		ours: computed(() => new Set([...own.value.keys(), mine.value ?? ""])),
		open,
		waitlist,
		position,
		resources: computed(() => (choice.resource.value ? [choice.resource.value] : choice.serving.value)),
		find,
		openTime(time) {
			const [startMs, endMs] = [Date.parse(time.start), Date.parse(time.end)];
			choice.date.value = zone.wall(startMs).date;
			if (choice.resource.value && choice.resource.value.id !== time.resource)
				choice.resource.value = choice.serving.value.find(({ id }) => id === time.resource) ?? null;
			const unknown = { id: "", service: choice.service.value.id, capacity: time.remaining, state: "available" } as const;
			open.value = find(time.resource, time.start) ?? { ...unknown, ...time, startMs, endMs };
		},
		resourceName: (id) => venue.resources.find((resource) => resource.id === id)?.name ?? "",
		goTo,
		moveDays: (days) => goTo(addDays(choice.date.value, days)),
		turn(steps) {
			const { date, view } = choice;
			goTo(view.value === "month" ? addMonths(`${date.value.slice(0, 8)}01`, steps) : addDays(date.value, 7 * steps));
		},
		last,
		canGoBack: computed(() => (shownDays.value[0] ?? "") > today.value),
		canGoOn: computed(() => (shownDays.value[shownDays.value.length - 1] ?? "") < last.value),
		async findFree(limit) {
			const question = choice.question.peek();
			const ask = async (from: LocalDate, to: LocalDate): Promise<readonly Slot[] | null> => {
				const result = await api.availability({ ...question, from, to });
				return result.ok ? result.value : null;
			};
			const { nearestDays } = await import("./nearest.js");
			return nearestDays({ zone, from: choice.date.peek(), today: today.peek(), last: last.peek(), ask }, limit);
		},
		openWaitlist(days) {
			const from = days[0] ?? choice.date.peek();
			waitlist.value = { from: from < today.peek() ? today.peek() : from, to: days[days.length - 1] ?? from };
		},
		retry() {
			// Without rows there is nothing to lose by asking anew; with them only the connection is tried.
			if (slots.peek() === null) attempt.value += 1;
			live.wake();
		},
	};
}

/** "Europe/Lisbon" → "Lisbon" */
export const cityOf = (tz: string): string => (tz.split("/").pop() ?? tz).replace(/_/g, " ");
