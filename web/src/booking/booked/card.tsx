/* The booking as it stands, and what can be done about it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Booking } from "../../sync/index.js";
import { announce, Announcer } from "../announcer.js";
import { Contact } from "../contact.js";
import { readKept } from "../flow/kept.js";
import { Icon } from "../icons.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";
import { CancelDialog } from "./cancel-dialog.js";
import { Facts } from "./facts.js";
import { Move } from "./move.js";
import type { News, Visit } from "./visit.js";

interface Face {
	readonly title: string;
	readonly lead: string;
	readonly mood: "good" | "calm";
}

const FACES: Readonly<Record<string, Face>> = {
	confirmed: { title: text.booked.title, lead: text.booked.lead, mood: "good" },
	held: { title: text.booked.heldTitle, lead: text.booked.heldLead, mood: "calm" },
	cancelled: { title: text.booked.cancelledTitle, lead: text.booked.cancelledLead, mood: "calm" },
};
const ENDED: Face = { title: text.booked.endedTitle, lead: text.booked.endedLead, mood: "calm" };
const PASSED: Face = { title: text.booked.passedTitle, lead: text.booked.passedLead, mood: "calm" };
/** What is left of a booking that somebody came to, or did not. */
const OVER: ReadonlySet<string> = new Set(["checked_in", "no_show", "completed"]);

function faceOf(visit: Visit, booking: Booking, news: News | null): Face {
	if (OVER.has(booking.state) || (booking.state === "confirmed" && Date.parse(booking.end) < environment.now())) return PASSED;
	if (booking.state === "confirmed" && news?.what === "moved")
		return { title: text.booked.movedTo(visit.say(booking.start)), lead: text.booked.movedLead, mood: "good" };
	return FACES[booking.state] ?? ENDED;
}

/** Of whatever state: a calendar that has an older version replaces it, or removes it. */
const calendarOf = ({ ref }: Booking): string => `/v1/bookings/${encodeURIComponent(ref)}.ics`;

export function Card({ visit, booking }: { readonly visit: Visit; readonly booking: Booking }): JSX.Element {
	const { format, venue } = visit;
	const news = visit.news.value;
	const face = faceOf(visit, booking, news);
	const service = visit.service.value;
	const title = useRef<HTMLHeadingElement>(null);
	const [doing, setDoing] = useState<"move" | "cancel" | null>(null);
	const [stale, setStale] = useState(false);
	const open = booking.state === "confirmed" && face !== PASSED;
	// Who comes from the form begins to read here.
	useEffect(() => {
		if (document.activeElement === document.body) title.current?.focus();
	}, []);
	// What somebody else did leaves nothing to go on with here.
	useEffect(() => {
		if (!open) setDoing(null);
	}, [open]);
	const finish = (changed: boolean): void => {
		setDoing(null);
		if (changed) queueMicrotask(() => title.current?.focus());
	};
	const away = visit.problem.value;
	return (
		<section class={`card card-${face.mood}`} data-state={booking.state} data-version={booking.version}>
			<span class="card-sign">
				<Icon name={face.mood === "good" ? "check" : "calendar"} />
			</span>
			<h1 ref={title} tabIndex={-1}>
				{face.title}
			</h1>
			<p class="lead">{face.lead}</p>
			{stale ? (
				<p class="changed">{text.move.stale}</p>
			) : (
				news?.elsewhere && (
					<p class="changed">
						<span class="tag">{text.updated}</span> {text.booked.changed}
					</p>
				)
			)}
			{away && (
				<p class="changed changed-away" role="status">
					<Icon name="alert" /> {text.booked.away(format.time(visit.seenAt.value))}
				</p>
			)}
			{(booking.state === "cancelled" || (open && news?.what === "moved")) && (
				<p class="changed">
					<Icon name="calendar" />
					<span>
						{text.booked.calendarOld} <a href={calendarOf(booking)}>{open ? text.booked.calendarUpdate : text.booked.calendarRemove}</a>
					</span>
				</p>
			)}
			<Facts visit={visit} booking={booking} />
			{doing === "move" && service ? (
				<Move
					visit={visit}
					booking={booking}
					service={service}
					close={(outcome) => {
						setStale(outcome === "stale");
						if (outcome === "stale") announce(text.move.stale, true);
						finish(outcome !== "kept");
					}}
				/>
			) : (
				<Actions visit={visit} booking={booking} open={open} move={() => setDoing("move")} cancel={() => setDoing("cancel")} />
			)}
			{venue && <Contact model={{ venue }} />}
			{doing === "cancel" ? <CancelDialog visit={visit} booking={booking} close={finish} /> : <Announcer />}
		</section>
	);
}

interface ActionsProps {
	readonly visit: Visit;
	readonly booking: Booking;
	readonly open: boolean;
	readonly move: () => void;
	readonly cancel: () => void;
}

function Actions({ visit, booking, open, move, cancel }: ActionsProps): JSX.Element {
	const service = visit.service.value;
	const venue = visit.venue && `/v/${encodeURIComponent(visit.venue.slug)}`;
	const again = venue && `${venue}${service ? `?service=${encodeURIComponent(service.key)}` : ""}`;
	const unfinished = booking.state === "held" && readKept()?.ref === booking.ref;
	return (
		<div class="card-actions">
			{open && (
				<>
					<a class="button primary" href={calendarOf(booking)}>
						<Icon name="calendar" />
						{text.booked.calendar}
					</a>
					{service && (
						<button type="button" class="button quiet" onClick={move}>
							{text.move.open}
						</button>
					)}
					<button type="button" class="button danger" onClick={cancel}>
						{text.booked.cancel}
					</button>
				</>
			)}
			{again && (
				<a class={open ? "link link-again" : "button primary"} href={unfinished && venue ? venue : again}>
					{unfinished ? text.booked.finish : text.booked.another}
				</a>
			)}
		</div>
	);
}
