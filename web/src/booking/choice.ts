/*
 * What the visitor chose: service, resource, duration, party, day, view. Lives in the address, so that a link opens what
 * its sender saw: ?service=KEY&resource=KEY&duration=MIN&party=N&date=YYYY-MM-DD&view=week|day|list
 */
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Resource, Service, Venue } from "../sync/index.js";
import { addDays, isLocalDate, weekOf, type LocalDate } from "./dates.js";

export type View = "week" | "day" | "list";
const VIEWS: readonly View[] = ["week", "day", "list"];

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
	/** The dates whose rows the view needs, both included. Stays the same object while they do. */
	readonly window: ReadonlySignal<{ readonly from: LocalDate; readonly to: LocalDate }>;
	chooseService(service: Service): void;
	/** What the address says, for history.replaceState. */
	readonly query: ReadonlySignal<string>;
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
	const given = new URLSearchParams(context.search);
	const byKey = <T extends { readonly key: string; readonly id: string }>(list: readonly T[], name: string): T | undefined =>
		list.find((item) => item.key === given.get(name)) ?? list.find((item) => item.id === given.get(name));
	const first = byKey(venue.services, "service") ?? venue.services[0];
	if (!first) return null;

	const service = signal(first);
	/** Sessions bring their own length; only timed services have one to choose. */
	const durationsOf = (item: Service): readonly number[] =>
		venue.resources.every((other) => other.kind === "session" || !item.resources.includes(other.id)) ? [] : item.durationsMin;
	const serving = computed(() => venue.resources.filter((resource) => service.value.resources.includes(resource.id)));
	const resource = signal<Resource | null>(byKey(serving.value, "resource") ?? null);
	const minutes = Number(given.get("duration"));
	const duration = signal<number | null>(durationsOf(first).includes(minutes) ? minutes : (durationsOf(first)[0] ?? null));
	const people = Number(given.get("party"));
	const party = signal(Number.isInteger(people) && people >= 1 ? Math.min(people, first.partyMax) : 1);
	const wanted = given.get("date") ?? "";
	const last = addDays(context.today, first.horizonDays);
	const date = signal(isLocalDate(wanted) && wanted >= context.today && wanted <= last ? wanted : context.today);
	const view = signal<View>(VIEWS.find((name) => name === given.get("view")) ?? context.defaultView);

	const week = computed(() => weekOf(date.value, context.firstDay));
	const monday = computed(() => week.value[0] ?? context.today);

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
		window: computed(() => ({ from: monday.value, to: addDays(monday.value, 6) })),
		chooseService(next) {
			service.value = next;
			if (resource.value && !next.resources.includes(resource.value.id)) resource.value = null;
			if (!durationsOf(next).includes(duration.value ?? -1)) duration.value = durationsOf(next)[0] ?? null;
			party.value = Math.min(party.value, next.partyMax);
		},
		query: computed(() => {
			const out = new URLSearchParams({ service: service.value.key });
			if (resource.value) out.set("resource", resource.value.key);
			if (duration.value !== null && durationsOf(service.value).length > 1) out.set("duration", String(duration.value));
			if (party.value > 1) out.set("party", String(party.value));
			out.set("date", date.value);
			out.set("view", view.value);
			return `?${out.toString()}`;
		}),
	};
}
