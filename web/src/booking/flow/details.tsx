/* Before anything is asked of the server: all there is to know of the time, for how many, and the one button that goes on. */
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { BOOKABLE, type Slot } from "../../sync/index.js";
import { linkTo } from "../address.js";
import { Contact } from "../contact.js";
import { Copy } from "../copy.js";
import type { VenueModel } from "../model.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";
import { SlotFacts } from "../views/slot-facts.js";
import { ConflictPanel } from "./conflict-panel.js";
import type { BookingFlow } from "./flow.js";
import { heldInAnotherTab } from "./kept.js";
import { Durations, PartyStepper } from "../views/extent.js";
import { searchFor, waitFor } from "./search.js";

interface Props {
	readonly model: VenueModel;
	readonly flow: BookingFlow;
	readonly opened: Slot;
}

export function Details({ model, flow, opened }: Props): JSX.Element {
	const { choice } = model;
	const slot = model.open.value ?? opened;
	const [first] = useState({ party: choice.party.peek(), duration: choice.duration.peek() });
	const reachable = BOOKABLE[model.status.value.state];
	const changed = first.party !== choice.party.value || first.duration !== choice.duration.value;
	const own = model.own.value.get(slot.id);
	const taken = slot.state === "booked" && !own;
	/** Booked by this visitor, and nothing is left that could be booked again. */
	const full = slot.state === "booked" && own !== undefined;
	return (
		<div class="details">
			{own && (
				<p class="own">
					<strong>{text.conflict.bookedByYou}</strong> <a class={full ? "button primary" : "link"} href={`/b/${encodeURIComponent(own)}`}>{text.conflict.openOwn}</a>
				</p>
			)}
			{taken ? (
				<ConflictPanel
					place={model}
					service={choice.service.value}
					search={searchFor(model, slot)}
					title={takenTitle(changed, opened, heldInAnotherTab(slot, environment.now()))}
					lead={text.conflict.nearest}
					quiet={changed}
					choose={(alternative) => void flow.choose(alternative)}
					wait={() => waitFor(model, slot)}
				/>
			) : (
				<SlotFacts model={model} slot={slot} omit={["when", "where"]} />
			)}
			{!full && (
				<div class="asks">
					<PartyStepper model={model} as="ask-for" />
					<Durations model={model} as="ask-for" />
				</div>
			)}
			{!taken && !full && (
				<>
					<button
						type="button"
						class="button primary wide"
						disabled={!reachable}
						aria-describedby="continue-why"
						onClick={() => void flow.begin()}
					>
						{text.sheet.continue}
					</button>
					<p class="hint" id="continue-why">
						{reachable ? text.sheet.promise(model.format.minutes(Math.ceil(choice.service.value.holdTtlS / 60))) : text.sheet.blocked}
					</p>
				</>
			)}
			<p class="hint">
				<Copy class="link" words={text.sheet.link} what={() => linkTo(model, slot)} />
			</p>
			{!reachable && <Contact model={model} />}
		</div>
	);
}

function takenTitle(changed: boolean, opened: Slot, ownTab: boolean): string {
	if (ownTab) return text.conflict.own;
	return changed ? text.sheet.notForThis : opened.state === "booked" ? text.sheet.booked : text.sheet.taken;
}
