/* After a reload: show what was chosen, and open the panel where it was. */
import type { VenueModel } from "../model.js";
import { forget, readKept } from "./kept.js";

export function reopen(model: VenueModel): void {
	const kept = readKept();
	// An address that names a slot was opened on purpose, and so was what is open already.
	if (!kept || kept.venue !== model.venue.slug || model.choice.wanted || model.open.peek()) return;
	const { choice } = model;
	const service = model.venue.services.find((item) => item.id === kept.service);
	if (!service) return forget();
	choice.chooseService(service);
	choice.party.value = kept.party;
	choice.duration.value = kept.duration;
	model.openTime(kept.slot);
}
