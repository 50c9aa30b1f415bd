/*
 * What the visitor chose: service, resource, duration, party, day, view. Lives in the address, so that a link opens what
 * its sender saw: ?service=KEY&resource=KEY&duration=MIN&party=N&date=YYYY-MM-DD&view=month|week|day|list
 *
 * &at=INSTANT&where=RESOURCE-KEY once more names one slot, whose panel is opened when the page comes.
 */
import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { AvailabilityQuery, Resource, Service, Venue } from "../sync/index.js";
import { addDays, isLocalDate, monthOf, weekday, weekOf, type LocalDate } from "./dates.js";

export type View = "month" | "week" | "day" | "list";
export const VIEWS: readonly View[] = ["month", "week", "day", "list"];

/** A month with more slots than this is not shown before one place is chosen. */
const MONTH_SLOTS_MAX = 20_000;
const DAYS_MAX = 42;
/** How long a place is assumed to be open, where only the rows would tell. */
const OPEN_MIN = 720;
const SESSIONS = 4;

export interface Choice {
	readonly service: Signal<Service>;
	/** null: any that serves */
	readonly resource: Signal<Resource | null>;
	readonly duration: Signal<number | null>;
	readonly party: Signal<number>;
	readonly date: Signal<LocalDate>;
	readonly view: Signal<View>;
	/** Those that can serve the chosen service. */
	readonly serving: ReadonlySignal<readonly Resource[]>;
	/** The lengths of a service that can be chosen; none for sessions. */
	durationsOf(service: Service): readonly number[];
	readonly week: ReadonlySignal<readonly LocalDate[]>;
	/** The whole weeks of the month. */
	readonly month: ReadonlySignal<readonly LocalDate[]>;
	readonly firstDay: number;
	/** So many places serve that a month of all of them would be more than anybody could read, or a phone hold. */
	readonly crowded: ReadonlySignal<boolean>;
	/** What the server is asked, for whichever dates. */
	readonly question: ReadonlySignal<Omit<AvailabilityQuery, "from" | "to">>;
	/** The dates whose rows the view needs, both included. Stays the same object while they do. */
	readonly window: ReadonlySignal<{ readonly from: LocalDate; readonly to: LocalDate }>;
	chooseService(service: Service): void;
	/** Does something narrow what is shown, beyond the service? */
	readonly filtered: ReadonlySignal<boolean>;
	clear(): void;
	/** What the address says of all this. */
	readonly query: ReadonlySignal<string>;
	/** Choose what another address says. */
	read(search: string): void;
	/** The slot that the address named when the page was opened. */
	readonly wanted: { readonly startMs: number; readonly resource: string | null } | null;
}

interface Chosen {
	readonly service: Service;
	readonly resource: Resource | null;
	readonly duration: number | null;
	readonly party: number;
	readonly date: LocalDate;
	readonly view: View;
}

export interface ChoiceContext {
	readonly search: string;
	readonly today: LocalDate;
	readonly firstDay: number;
	/** The view when the address names none: the list on phones. */
	readonly defaultView: View;
}

/** null: the venue offers nothing. */
export function createChoice(venue: Venue, context: ChoiceContext): Choice | null {
	/** A link may say in which language it opens; so does the same page when it is loaded again. */
	const lang = new URLSearchParams(context.search).get("lang");
	/** Sessions bring their own length; only timed services have one to choose. */
	const durationsOf = (item: Service): readonly number[] =>
		venue.resources.every((other) => other.kind === "session" || !item.resources.includes(other.id)) ? [] : item.durationsMin;
	const servingOf = (item: Service): readonly Resource[] => venue.resources.filter((one) => item.resources.includes(one.id));
	/** What cannot be is as if it were not there. */
	const parse = (search: string): Chosen | null => {
		const given = new URLSearchParams(search);
		const byKey = <T extends { readonly key: string; readonly id: string }>(list: readonly T[], name: string): T | undefined =>
			list.find((item) => item.key === given.get(name)) ?? list.find((item) => item.id === given.get(name));
		const service = byKey(venue.services, "service") ?? venue.services[0];
		if (!service) return null;
		const minutes = Number(given.get("duration"));
		const people = Number(given.get("party"));
		const wanted = given.get("date") ?? "";
		const last = addDays(context.today, service.horizonDays);
		return {
			service,
			resource: byKey(servingOf(service), "resource") ?? null,
			duration: durationsOf(service).includes(minutes) ? minutes : (durationsOf(service)[0] ?? null),
			party: Number.isInteger(people) && people >= 1 ? Math.min(people, service.partyMax) : 1,
			date: isLocalDate(wanted) && wanted >= context.today && wanted <= last ? wanted : context.today,
			view: VIEWS.find((name) => name === given.get("view")) ?? context.defaultView,
		};
	};
	const first = parse(context.search);
	if (!first) return null;

	const service = signal(first.service);
	const resource = signal(first.resource);
	const duration = signal(first.duration);
	const party = signal(first.party);
	const date = signal(first.date);
	const view = signal(first.view);
	const serving = computed(() => servingOf(service.value));

	/** Weeks begin with today's day: a calendar week would be half over, and nothing can be booked in the past. */
	const week = computed(() => weekOf(date.value, weekday(context.today)));
	const month = computed(() => monthOf(date.value, context.firstDay));
	const crowded = computed(() => {
		const perDay = serving.value.map(({ kind }) => (kind === "session" ? SESSIONS : OPEN_MIN / (service.value.stepMin || 30)));
		return resource.value === null && perDay.reduce((sum, count) => sum + count, 0) * DAYS_MAX > MONTH_SLOTS_MAX;
	});
	const days = computed(() => (view.value === "month" && !crowded.value ? month.value : week.value));
	// Strings, so that another day of the same weeks is no other window.
	const from = computed(() => days.value[0] ?? context.today);
	const to = computed(() => days.value[days.value.length - 1] ?? context.today);

	return {
		service,
		resource,
		duration,
		party,
		date,
		view,
		serving,
		durationsOf,
		week,
		month,
		firstDay: context.firstDay,
		crowded,
		question: computed(() => ({
			service: service.value.id,
			party: party.value,
			...(resource.value ? { resource: resource.value.id } : {}),
			...(duration.value === null ? {} : { durationMin: duration.value }),
		})),
		window: computed(() => ({ from: from.value, to: to.value })),
		chooseService(next) {
			batch(() => {
				service.value = next;
				if (resource.value && !next.resources.includes(resource.value.id)) resource.value = null;
				if (!durationsOf(next).includes(duration.value ?? -1)) duration.value = durationsOf(next)[0] ?? null;
				party.value = Math.min(party.value, next.partyMax);
			});
		},
		filtered: computed(
			() => resource.value !== null || party.value > 1 || duration.value !== (durationsOf(service.value)[0] ?? null),
		),
		clear() {
			batch(() => {
				resource.value = null;
				party.value = 1;
				duration.value = durationsOf(service.value)[0] ?? null;
			});
		},
		read(search) {
			const next = parse(search) ?? first;
			batch(() => {
				service.value = next.service;
				resource.value = next.resource;
				duration.value = next.duration;
				party.value = next.party;
				date.value = next.date;
				view.value = next.view;
			});
		},
		wanted: wantedIn(new URLSearchParams(context.search), servingOf(first.service)),
		query: computed(() => {
			const out = new URLSearchParams({ service: service.value.key });
			if (resource.value) out.set("resource", resource.value.key);
			if (duration.value !== null && durationsOf(service.value).length > 1) out.set("duration", String(duration.value));
			if (party.value > 1) out.set("party", String(party.value));
			out.set("date", date.value);
			out.set("view", view.value);
			if (lang) out.set("lang", lang);
			return `?${out.toString()}`;
		}),
	};
}

function wantedIn(given: URLSearchParams, serving: readonly Resource[]): Choice["wanted"] {
	const startMs = Date.parse(given.get("at") ?? "");
	if (Number.isNaN(startMs)) return null;
	return { startMs, resource: serving.find(({ key }) => key === given.get("where"))?.id ?? null };
}
