import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { Announcer } from "../announcer.js";
import { Contact } from "../contact.js";
import type { LocalDate } from "../dates.js";
import { reopen } from "../flow/kept.js";
import { lazily } from "../lazily.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { DayStrip } from "../views/day-strip.js";
import { Filters } from "../views/filters.js";
import { Legend } from "../views/legend.js";
import { PauseButton, pauseOnKey, SayChanges, WaitingBar } from "../views/pause.js";
import { Skeleton } from "../views/skeleton.js";
import { SlotList } from "../views/slot-list.js";
import { StatusBanner, StatusPill } from "../views/status.js";
import { Toolbar } from "../views/toolbar.js";
import { Frame } from "./frame.js";

/** Phones start with the list. */
const wide = !matchMedia("(max-width: 767px)").matches;
const Grid = lazily(() => import("../grid/grid.js").then((file) => file.Grid), "here", wide);
const Sheet = lazily(() => import("../flow/sheet.js").then((file) => file.Sheet), "over");
const Waitlist = lazily(() => import("../flow/waitlist.js").then((file) => file.Waitlist), "over");

export function VenuePage({ model }: { readonly model: VenueModel }): JSX.Element {
	const opened = model.open.value;
	const waiting = model.waitlist.value;
	useEffect(() => reopen(model), []);
	return (
		<Frame
			title={model.venue.name}
			note={<Clock model={model} />}
			aside={
				<>
					<PauseButton model={model} />
					<StatusPill model={model} />
				</>
			}
			skipTo="times"
		>
			<div class="venue">
				<aside class="rail">
					<Filters model={model} />
					<div class="rail-end">
						<Legend />
						<SayChanges model={model} />
						<Contact model={model} />
					</div>
				</aside>
				<main class="main" id="times" tabIndex={-1}>
					<Toolbar model={model} />
					<StatusBanner model={model} />
					<WaitingBar model={model} />
					{model.choice.view.value !== "week" && <DayStrip model={model} />}
					<Times model={model} />
					{model.marks.refreshed.value > 0 && <p class="refreshed">{text.refreshed(model.marks.refreshed.value)}</p>}
				</main>
			</div>
			{opened && <OpenSheet model={model} />}
			{waiting && <Waitlist model={model} window={waiting} close={() => (model.waitlist.value = null)} />}
			{!opened && !waiting && <Announcer />}
		</Frame>
	);
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
			{text.zoneNote(model.city)} <span class="zone">{model.format.zone(example)}</span>
		</>
	);
}

function Times({ model }: { readonly model: VenueModel }): JSX.Element | null {
	const { choice } = model;
	const slots = model.slots.value;
	const view = choice.view.value;
	if (slots === null) return model.status.value.state === "error" ? null : <Skeleton view={view} />;
	const days = view === "week" ? choice.week.value : [choice.date.value];
	if (!hasSlots(model, days)) return <Empty model={model} words={view === "week" ? text.empty.week : text.empty.day} />;
	const dated = model.status.value.state;
	return (
		<div class={`times times-${dated}`} onKeyDown={(event) => pauseOnKey(model, event)}>
			{view === "list" ? (
				<SlotList model={model} date={choice.date.value} slots={slots} />
			) : (
				<Grid model={model} days={days} />
			)}
			{view !== "list" && (
				<p class="hint grid-help" id="grid-help">
					{text.gridHelp}
				</p>
			)}
		</div>
	);
}

const hasSlots = (model: VenueModel, days: readonly LocalDate[]): boolean =>
	(model.slots.value ?? []).some((slot) => days.includes(model.zone.wall(Date.parse(slot.start)).date));

function Empty({ model, words }: { readonly model: VenueModel; readonly words: string }): JSX.Element {
	const [state, setState] = useState<"idle" | "searching" | "none">("idle");
	const find = async (): Promise<void> => {
		setState("searching");
		setState((await model.findNext()) ? "idle" : "none");
	};
	return (
		<div class="empty">
			<h3>{text.empty.title}</h3>
			<p role="status">{state === "none" ? text.empty.none : words}</p>
			{state !== "none" && (
				<button type="button" class="button primary" disabled={state === "searching"} onClick={() => void find()}>
					{state === "searching" ? text.empty.searching : text.empty.find}
				</button>
			)}
		</div>
	);
}
