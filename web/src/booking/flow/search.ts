/* From the open panel to what else there is: other times, or a place in the line. */
import type { Slot } from "../../sync/index.js";
import type { VenueModel } from "../model.js";
import type { Search } from "./alternatives.js";

export const searchFor = ({ choice }: VenueModel, { resource, start }: Slot): Search => ({
	service: choice.service.value.id,
	resource,
	start,
	party: choice.party.value,
	duration: choice.duration.value,
});

/** Close the panel and offer the waitlist for this time. */
export function waitFor(model: VenueModel, slot: Slot): void {
	const { date } = model.zone.wall(slot.startMs);
	model.open.value = null;
	model.waitlist.value = { from: date, to: date, slot };
}
