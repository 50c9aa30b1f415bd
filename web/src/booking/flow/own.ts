/*
 * What this browser has booked, until it is over: only what was confirmed here, and nothing of who booked. The calendar shows these
 * times as the visitor's own. Each is read again when it comes into view, for it may have been moved or cancelled elsewhere.
 */
import { effect, signal } from "@preact/signals";
import { asObject, parseJson, type Booking } from "../../sync/index.js";
import type { VenueModel } from "../model.js";
import { api } from "../services.js";

const PLACE = "booked";
const STANDING: ReadonlySet<string> = new Set(["confirmed", "pending", "checked_in"]);

type Own = Pick<Booking, "ref" | "service" | "resource" | "start" | "end">;

function readOwn(): readonly Own[] {
	const list = parseJson(localStorage.getItem(PLACE) ?? "");
	return (Array.isArray(list) ? list : []).flatMap((item: unknown) => {
		const { ref, service, resource, start, end } = asObject(item) ?? {};
		const known = [ref, service, resource, start, end].every((word) => typeof word === "string");
		return known && Date.parse(String(end)) > Date.now() ? [item as Own] : [];
	});
}

const write = (list: readonly Own[]): void =>
	list.length > 0 ? localStorage.setItem(PLACE, JSON.stringify(list)) : localStorage.removeItem(PLACE);

const without = (ref: string): readonly Own[] => readOwn().filter((one) => one.ref !== ref);

/** It was confirmed here. */
export function own({ ref, service, resource, start, end }: Booking): void {
	write([...without(ref), { ref, service, resource, start, end }]);
}

export const disown = (ref: string): void => write(without(ref));

/** How it stands now, if it is one of ours: moved, or no more. */
export function ownStands(booking: Booking): void {
	if (!readOwn().some(({ ref }) => ref === booking.ref)) return;
	if (STANDING.has(booking.state)) own(booking);
	else disown(booking.ref);
}

/** Keep `model.own` in step: with the rows, with other tabs, and when the page comes back out of the browser's memory. */
export function followOwn(model: VenueModel): void {
	const list = signal(readOwn());
	const again = (): void => void (list.value = readOwn());
	const looked = new Set<string>();
	const look = async (ref: string): Promise<void> => {
		looked.add(ref);
		const now = await api.booking(ref);
		if (now.ok) ownStands(now.value);
		else if (now.error.code === "not-found") disown(ref);
		again();
	};
	addEventListener("storage", again);
	write(list.peek()); // without what is over
	addEventListener("pageshow", ({ persisted }) => {
		if (!persisted) return;
		looked.clear();
		again();
	});
	effect(() => {
		const found = new Map<string, string>();
		void model.slots.value;
		for (const { ref, service, resource, start } of list.value) {
			const slot = service === model.choice.service.peek().id ? model.find(resource, start) : undefined;
			if (!slot || slot.remaining === slot.capacity) continue;
			found.set(slot.id, ref);
			if (!looked.has(ref)) void look(ref);
		}
		model.own.value = found;
	});
}
