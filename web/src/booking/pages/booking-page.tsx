/* One booking under its own address: what, when, where; calendar file; cancel. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Booking, Problem, Result, Venue } from "../../sync/index.js";
import { announce, Announcer } from "../announcer.js";
import { Contact } from "../contact.js";
import { formatFor, type Format } from "../format.js";
import { Icon } from "../icons.js";
import { api } from "../services.js";
import { text } from "../text/index.js";
import { Frame } from "./frame.js";

interface Props {
	readonly refCode: string;
	readonly venue: Venue | null;
}

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

export function BookingPage({ refCode, venue }: Props): JSX.Element {
	const [answer, setAnswer] = useState<Result<Booking> | null>(null);
	const load = (): void => void api.booking(refCode).then(setAnswer);
	useEffect(load, [refCode]);
	return (
		<Frame title={venue?.name ?? text.venues.title} href={venue ? `/v/${encodeURIComponent(venue.slug)}` : "/"}>
			<main class="page">
				{answer === null && <div class="card card-waiting" role="status" aria-label={text.loading} />}
				{answer && !answer.ok && <Missing problem={answer.error} venue={venue} retry={load} />}
				{answer?.ok && <Card booking={answer.value} venue={venue} update={(next) => setAnswer({ ok: true, value: next })} />}
			</main>
		</Frame>
	);
}

function Missing({ problem, venue, retry }: { readonly problem: Problem; readonly venue: Venue | null; readonly retry: () => void }): JSX.Element {
	const gone = problem.code === "not-found";
	return (
		<section class="card">
			<h1>{gone ? text.booked.missing : text.form.failed}</h1>
			<p class="lead">{gone ? text.booked.missingLead : problem.detail}</p>
			{problem.requestId && <p class="hint">{text.banner.requestId(problem.requestId)}</p>}
			{venue && <Contact model={{ venue }} />}
			{!gone && (
				<button type="button" class="button primary" onClick={retry}>
					{text.banner.retry}
				</button>
			)}
		</section>
	);
}

interface CardProps {
	readonly booking: Booking;
	readonly venue: Venue | null;
	readonly update: (booking: Booking) => void;
}

function Card({ booking, venue, update }: CardProps): JSX.Element {
	const format = formatFor(venue ?? { tz: "UTC" });
	const face = FACES[booking.state] ?? ENDED;
	const [asking, setAsking] = useState(false);
	const title = useRef<HTMLHeadingElement>(null);
	const service = venue?.services.find((item) => item.id === booking.service);
	const again = venue && `/v/${encodeURIComponent(venue.slug)}${service ? `?service=${encodeURIComponent(service.key)}` : ""}`;
	const cancelled = (next: Booking): void => {
		update(next);
		setAsking(false);
		announce(text.booked.cancelledTitle);
		title.current?.focus();
	};
	return (
		<section class={`card card-${face.mood}`} data-state={booking.state}>
			<span class="card-sign">
				<Icon name={face.mood === "good" ? "check" : "calendar"} />
			</span>
			<h1 ref={title} tabIndex={-1}>
				{face.title}
			</h1>
			<p class="lead">{face.lead}</p>
			<Facts booking={booking} venue={venue} format={format} />
			<div class="card-actions">
				{booking.state === "confirmed" && (
					<>
						<a class="button primary" href={`/v1/bookings/${encodeURIComponent(booking.ref)}.ics`}>
							<Icon name="calendar" />
							{text.booked.calendar}
						</a>
						<button type="button" class="button danger" onClick={() => setAsking(true)}>
							{text.booked.cancel}
						</button>
					</>
				)}
				{again && (
					<a class={booking.state === "confirmed" ? "button quiet" : "button primary"} href={again}>
						{text.booked.another}
					</a>
				)}
			</div>
			{asking ? <CancelDialog booking={booking} done={cancelled} close={() => setAsking(false)} /> : <Announcer />}
		</section>
	);
}

function Facts({ booking, venue, format }: { readonly booking: Booking; readonly venue: Venue | null; readonly format: Format }): JSX.Element {
	const name = (list: readonly { readonly id: string; readonly name: string }[] | undefined, id: string): string =>
		list?.find((item) => item.id === id)?.name ?? "";
	const [copied, setCopied] = useState(false);
	const copy = (): void =>
		void navigator.clipboard?.writeText(booking.ref).then(() => {
			setCopied(true);
			announce(text.booked.copied);
		});
	return (
		<dl class="facts">
			<div class="fact fact-main">
				<dt>{text.sheet.when}</dt>
				<dd>
					<strong>{format.fullDay(booking.start)}</strong>
					<span>
						{format.span(booking.start, booking.end)} <small>{format.zone(booking.start)}</small>
					</span>
				</dd>
			</div>
			<div class="fact">
				<dt>{text.filters.service}</dt>
				<dd>{name(venue?.services, booking.service)}</dd>
			</div>
			<div class="fact">
				<dt>{text.sheet.where}</dt>
				<dd>
					{[name(venue?.resources, booking.resource), venue?.name].filter(Boolean).join(", ")}
				</dd>
			</div>
			{booking.party > 1 && (
				<div class="fact">
					<dt>{text.sheet.people}</dt>
					<dd>{booking.party}</dd>
				</div>
			)}
			<div class="fact">
				<dt>{text.booked.reference}</dt>
				<dd>
					<code dir="ltr">{booking.ref}</code>
					{"clipboard" in navigator && (
						<button type="button" class="link" onClick={copy}>
							{copied ? text.booked.copied : text.booked.copy}
						</button>
					)}
				</dd>
			</div>
		</dl>
	);
}

interface CancelProps {
	readonly booking: Booking;
	readonly done: (booking: Booking) => void;
	readonly close: () => void;
}

function CancelDialog({ booking, done, close }: CancelProps): JSX.Element {
	const dialog = useRef<HTMLDialogElement>(null);
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem | null>(null);
	useEffect(() => {
		const element = dialog.current;
		element?.showModal();
		element?.querySelector<HTMLElement>(".quiet")?.focus();
		return () => element?.close();
	}, []);
	const cancel = async (): Promise<void> => {
		setBusy(true);
		const result = await api.cancel(booking.ref);
		setBusy(false);
		if (result.ok) done(result.value);
		else setProblem(result.error);
	};
	return (
		<dialog class="ask" ref={dialog} aria-labelledby="ask-title" onClose={close}>
			<h2 id="ask-title">{text.booked.cancelTitle}</h2>
			<p>{text.booked.cancelLead}</p>
			{problem && (
				<p class="failure" role="alert">
					{problem.detail} {problem.requestId && <small>{text.banner.requestId(problem.requestId)}</small>}
				</p>
			)}
			<div class="ask-actions">
				<button type="button" class="button quiet" onClick={close}>
					{text.booked.keep}
				</button>
				<button type="button" class="button danger" disabled={busy} onClick={() => void cancel()}>
					{busy ? text.booked.cancelling : text.booked.cancelYes}
				</button>
			</div>
			<Announcer />
		</dialog>
	);
}
