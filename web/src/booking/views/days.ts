/* The rows of one day, its parts, and how full it is. Pure. Slots come by start, so a day is a stretch of them that is found, not searched. */
import type { Slot } from "../../sync/index.js";
import { addDays, type LocalDate, type Zone } from "../dates.js";

/** Times, not slots: two rooms that are free at ten are one time. */
export interface DayCount {
	readonly free: number;
	readonly all: number;
}

export type DayState = "available" | "limited" | "booked" | "closed";

/** Few are left when no more than this share is: the same as a venue's own threshold when it sets none. */
const FEW = 0.25;

/** The first slot that is not before `date`. */
function startOf(slots: readonly Slot[], date: LocalDate, zone: Zone): number {
	let low = 0;
	let high = slots.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (zone.wall((slots[middle] as Slot).startMs).date < date) low = middle + 1;
		else high = middle;
	}
	return low;
}

export const slotsOn = (slots: readonly Slot[], date: LocalDate, zone: Zone): readonly Slot[] =>
	slots.slice(startOf(slots, date, zone), startOf(slots, addDays(date, 1), zone));

export const isFree = (slot: Slot): boolean => slot.state !== "booked";

/** How many different times these start at. */
export const countStarts = (slots: readonly Slot[]): number => new Set(slots.map(({ startMs }) => startMs)).size;

export function countDay(slots: readonly Slot[], date: LocalDate, zone: Zone): DayCount {
	const day = slotsOn(slots, date, zone);
	return { free: countStarts(day.filter(isFree)), all: countStarts(day) };
}

export const stateOf = ({ free, all }: DayCount): DayState =>
	all === 0 ? "closed" : free === 0 ? "booked" : free / all <= FEW ? "limited" : "available";

export type PartOfDay = "morning" | "afternoon" | "evening";

export const partOfDay = (minutes: number): PartOfDay => (minutes < 720 ? "morning" : minutes < 1_020 ? "afternoon" : "evening");
