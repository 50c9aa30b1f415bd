/*
 * A place in the line for a time, a day or a week. It promises what this software does: the entry stands in the venue's list, and people
 * of the venue get in touch. Nothing is booked by itself.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX, TargetedEvent } from "preact";
import type { Problem, WaitlistEntry } from "../../sync/index.js";
import { Announcer } from "../announcer.js";
import { weekOf } from "../dates.js";
import { Icon } from "../icons.js";
import { useModal } from "../modal.js";
import type { VenueModel, WaitlistWindow } from "../model.js";
import { api } from "../services.js";
import { text } from "../text/index.js";
import { CustomerFields, faultsOf, focusFirst, refusedField } from "./customer-fields.js";
import { customerOf, draft } from "./draft.js";
import { Failure } from "./failure.js";
import { PartyStepper } from "../views/extent.js";

/** One of the spans to wait for; `from` and `to` as the server takes them: dates, or instants. */
interface Span {
	readonly words: string;
	readonly from: string;
	readonly to: string;
	readonly resource?: string;
}

interface Props {
	readonly model: VenueModel;
	readonly window: WaitlistWindow;
	readonly close: () => void;
}

export function Waitlist({ model, window, close }: Props): JSX.Element {
	const dialog = useModal("input:checked");
	const [entry, setEntry] = useState<{ readonly entry: WaitlistEntry; readonly span: Span } | null>(null);
	return (
		<dialog class="ask ask-wide" ref={dialog} aria-labelledby="wait-title" onClose={close}>
			{entry ? (
				<Joined service={model.choice.service.value.name} entry={entry.entry} span={entry.span} close={close} />
			) : (
				<JoinForm model={model} spans={spansOf(model, window)} joined={(made, span) => setEntry({ entry: made, span })} close={close} />
			)}
			<Announcer />
		</dialog>
	);
}

function spansOf(model: VenueModel, { from, to, slot }: WaitlistWindow): readonly Span[] {
	const { format } = model;
	const week = from === to ? weekOf(from, model.choice.firstDay) : [from, to];
	const [first = from, last = to] = [week[0], week[week.length - 1]];
	const start = first < model.today.peek() ? model.today.peek() : first;
	return [
		...(slot
			? [
					{
						words: `${format.day(from)}, ${format.span(slot.start, slot.end)} ${format.zone(slot.start)}`,
						from: slot.start,
						to: slot.end,
						resource: slot.resource,
					},
				]
			: []),
		...(from === to ? [{ words: format.day(from), from, to }] : []),
		{ words: format.week(start, last), from: start, to: last },
	];
}

interface JoinProps {
	readonly model: VenueModel;
	readonly spans: readonly Span[];
	readonly joined: (entry: WaitlistEntry, span: Span) => void;
	readonly close: () => void;
}

function JoinForm({ model, spans, joined, close }: JoinProps): JSX.Element {
	const form = useRef<HTMLFormElement>(null);
	const [span, setSpan] = useState(spans[0]);
	const [tried, setTried] = useState(false);
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem | null>(null);
	const { service, resource, party } = model.choice;
	const refused = refusedField(problem);
	const faults = { ...refused, ...(tried ? faultsOf(draft().value) : {}) };

	const join = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
		event.preventDefault();
		setTried(true);
		if (focusFirst(form.current, faultsOf(draft().peek())) || busy || !span) return;
		setBusy(true);
		setProblem(null);
		const where = span.resource ?? resource.peek()?.id;
		const result = await api.joinWaitlist({
			service: service.peek().id,
			from: span.from,
			to: span.to,
			party: party.peek(),
			customer: customerOf(draft().peek()),
			...(where === undefined ? {} : { resource: where }),
		});
		setBusy(false);
		if (result.ok) joined(result.value, span);
		else setProblem(result.error);
	};
	return (
		<form class="form" ref={form} noValidate onSubmit={(event) => void join(event)}>
			<header>
				<p class="eyebrow">{service.value.name}</p>
				<h2 id="wait-title">{text.waitlist.join}</h2>
				<p class="hint">{text.waitlist.lead}</p>
			</header>
			<fieldset class="spans">
				<legend class="field-label">{text.waitlist.when}</legend>
				{spans.map((item) => (
					<label class="span" key={item.from + item.to}>
						<input type="radio" name="span" checked={item === span || item.words === span?.words} onChange={() => setSpan(item)} />
						<span>{item.words}</span>
					</label>
				))}
			</fieldset>
			<PartyStepper model={model} as="ask-for" />
			<CustomerFields faults={faults} />
			{problem && Object.keys(refused).length === 0 && <Failure problem={problem} title={text.waitlist.failed} />}
			<div class="ask-actions">
				<button type="button" class="button quiet" onClick={close}>
					{text.waitlist.notNow}
				</button>
				<button type="submit" class="button primary" disabled={busy}>
					{busy ? text.waitlist.joining : text.waitlist.join}
				</button>
			</div>
		</form>
	);
}

interface JoinedProps {
	readonly service: string;
	readonly entry: WaitlistEntry;
	readonly span: Span;
	readonly close: () => void;
}

/** The line is one for the service; the span says what of it would do. */
function Joined({ service, entry, span, close }: JoinedProps): JSX.Element {
	const title = useRef<HTMLHeadingElement>(null);
	useEffect(() => title.current?.focus(), []);
	return (
		<div class="joined">
			<span class="card-sign">
				<Icon name="check" />
			</span>
			<h2 id="wait-title" ref={title} tabIndex={-1}>
				{text.waitlist.joined(entry.rank, service)}
			</h2>
			<p class="joined-when">{span.words}</p>
			<p class="hint">{text.waitlist.next}</p>
			<button type="button" class="button primary" onClick={close}>
				{text.waitlist.done}
			</button>
		</div>
	);
}
