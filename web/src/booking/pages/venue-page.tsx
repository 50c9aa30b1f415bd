/* The page of a venue: what to book beside the times, and over them the panel of the one that is opened. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { Announcer } from "../announcer.js";
import { Contact } from "../contact.js";
import { HOLD_PLACE } from "../flow/place.js";
import { lazily } from "../lazily.js";
import type { VenueModel } from "../model.js";
import { pointed } from "../pointed.js";
import { compact, narrow } from "../screen.js";
import { text } from "../text/index.js";
import { DayStrip } from "../views/day-strip.js";
import { FilterPanel } from "../views/filter-panel.js";
import { Legend } from "../views/legend.js";
import { PauseButton, SayChanges, WaitingBar } from "../views/pause.js";
import { StatusBanner, StatusPill } from "../views/status.js";
import { Times } from "../views/times.js";
import { Toolbar } from "../views/toolbar.js";
import { Frame } from "./frame.js";

const Sheet = lazily(() => import("../flow/sheet.js").then((file) => file.Sheet), "over");
const Waitlist = lazily(() => import("../flow/waitlist.js").then((file) => file.Waitlist), "over");
const SlotDetail = lazily(() => import("../views/slot-detail.js").then((file) => file.SlotDetail));

export function VenuePage({ model }: { readonly model: VenueModel }): JSX.Element {
	const opened = model.open.value;
	const waiting = model.waitlist.value;
	useEffect(() => {
		void import("../flow/own.js").then((file) => file.followOwn(model), () => {});
		if (sessionStorage.getItem(HOLD_PLACE) === null) return;
		// Without an answer the tab still has its hold: the next load asks again.
		void import("../flow/reopen.js").then((file) => file.reopen(model), () => {});
	}, []);
	return (
		<Frame
			title={model.venue.name}
			note={<Clock model={model} />}
			aside={
				<>
					<StatusPill model={model} />
					<PauseButton model={model} />
				</>
			}
			skipTo="times"
		>
			<div class="venue">
				<aside class="rail">
					<FilterPanel model={model} />
					<div class="rail-end">
						{!compact.value && <Legend format={model.format} />}
						<SayChanges model={model} />
						<Contact model={model} />
					</div>
				</aside>
				<main class="main" id="times" tabIndex={-1}>
					<Toolbar model={model} />
					<StatusBanner model={model} />
					<WaitingBar model={model} />
					{(model.choice.view.value === "day" || model.choice.view.value === "list") && <DayStrip model={model} />}
					<Times model={model} />
					{model.marks.refreshed.value > 0 && <p class="refreshed">{text.refreshed(model.marks.refreshed.value)}</p>}
				</main>
			</div>
			<Detail model={model} />
			{opened && <OpenSheet model={model} />}
			{waiting && <Waitlist model={model} window={waiting} close={() => (model.waitlist.value = null)} />}
			{!opened && !waiting && <Announcer />}
		</Frame>
	);
}

/** Fetched when something is pointed at for the first time. */
function Detail({ model }: { readonly model: VenueModel }): JSX.Element | null {
	const used = useRef(false);
	used.current ||= pointed.value !== null;
	return used.current ? <SlotDetail model={model} /> : null;
}

/** Keeps the slot as it was opened while the live one changes. */
function OpenSheet({ model }: { readonly model: VenueModel }): JSX.Element | null {
	const [slot] = useState(model.open.peek());
	return slot && <Sheet model={model} slot={slot} close={() => (model.open.value = null)} />;
}

function Clock({ model }: { readonly model: VenueModel }): JSX.Element {
	const example = `${model.choice.date.value}T12:00:00Z`;
	return (
		<>
			{narrow.value ? text.zoneShort(model.city) : text.zoneNote(model.city)} <span class="zone">{model.format.zone(example)}</span>
		</>
	);
}
