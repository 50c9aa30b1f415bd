/* What small views ask of a week's slots. Pure; the grid's axes are in grid/layout.ts. */
import type { Slot } from "../sync/index.js";
import type { LocalDate, Zone } from "./dates.js";

/** How many of each day's slots can still be booked. */
export function freeByDay(slots: readonly Slot[], zone: Zone): ReadonlyMap<LocalDate, number> {
	const free = new Map<LocalDate, number>();
	for (const slot of slots) {
		if (slot.state === "booked") continue;
		const { date } = zone.wall(slot.startMs);
		free.set(date, (free.get(date) ?? 0) + 1);
	}
	return free;
}

export type PartOfDay = "morning" | "afternoon" | "evening";

export const partOfDay = (minutes: number): PartOfDay =>
	minutes < 720 ? "morning" : minutes < 1_020 ? "afternoon" : "evening";
