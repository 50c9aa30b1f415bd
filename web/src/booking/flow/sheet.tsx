/*
 * The panel of one slot: what it is, then the form. A native modal <dialog>, so that the browser itself traps the focus, hides
 * the rest from assistive technology, closes on Esc and gives the focus back to where it came from.
 */
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { JSX, TargetedMouseEvent } from "preact";
import { BOOKABLE, type Slot } from "../../sync/index.js";
import { Announcer } from "../announcer.js";
import { Contact } from "../contact.js";
import { Icon } from "../icons.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { Cue } from "../views/cue.js";
import { BookingForm } from "./booking-form.js";
import { createFlow, type BookingFlow } from "./flow.js";

interface Props {
	readonly model: VenueModel;
	/** The slot as it was when it was opened: one sheet per opening. */
	readonly slot: Slot;
	readonly close: () => void;
}

export function Sheet({ model, slot, close }: Props): JSX.Element {
	const dialog = useRef<HTMLDialogElement>(null);
	const flow = useMemo(() => createFlow(model, slot), [model, slot]);
	useEffect(() => {
		const element = dialog.current;
		element?.showModal();
		element?.querySelector<HTMLElement>(".primary")?.focus();
		return () => {
			flow.leave();
			element?.close();
		};
	}, [flow]);
	useEffect(() => {
		if (flow.step.value === "form") dialog.current?.querySelector<HTMLInputElement>("input")?.focus();
	}, [flow.step.value]);

	const onBackdrop = (event: TargetedMouseEvent<HTMLDialogElement>): void => {
		if (event.target === dialog.current) close();
	};
	return (
		<dialog class="sheet" ref={dialog} aria-labelledby="sheet-title" onClose={close} onClick={onBackdrop}>
			<div class="sheet-body">
				<button type="button" class="icon-button sheet-close" aria-label={text.sheet.close} onClick={close}>
					<Icon name="close" />
				</button>
				<When model={model} flow={flow} />
				{flow.step.value === "details" ? <Details model={model} flow={flow} /> : <BookingForm model={model} flow={flow} />}
			</div>
			<Announcer />
		</dialog>
	);
}

interface PartProps {
	readonly model: VenueModel;
	readonly flow: BookingFlow;
}

function When({ model, flow }: PartProps): JSX.Element {
	const { format, choice, zone } = model;
	const target = flow.target.value;
	const start = Date.parse(target.start);
	const minutes = Math.round((Date.parse(target.end) - start) / 60_000);
	return (
		<header class="when">
			<p class="eyebrow">{choice.service.value.name}</p>
			<h2 id="sheet-title">
				<span class="when-day">{format.day(zone.wall(start).date)}</span>
				<span class="when-time">
					{format.span(target.start, target.end)} <small>{format.zone(start)}</small>
				</span>
			</h2>
			<p class="when-facts">
				<span>
					<Icon name="clock" />
					{format.minutes(minutes)}
				</span>
				<span>
					<Icon name="pin" />
					{model.resourceName(target.resource)}
				</span>
				{choice.service.value.partyMax > 1 && (
					<span>
						<Icon name="people" />
						{choice.party.value}
					</span>
				)}
			</p>
		</header>
	);
}

function Details({ model, flow }: PartProps): JSX.Element {
	const now = model.open.value;
	const reachable = BOOKABLE[model.status.value.state];
	const taken = now?.state === "booked";
	return (
		<div class="details">
			{now && (
				<p class={`place place-${now.state}`}>
					<span class="swatch">
						<Cue slot={now} mine={false} />
					</span>
					<span>
						<strong>{taken ? text.sheet.taken : text.state[now.state]}</strong>
						{(taken || now.capacity > 1) && <br />}
						{taken ? text.sheet.takenLong : now.capacity > 1 ? text.leftOf(now.remaining, now.capacity) : ""}
					</span>
				</p>
			)}
			<button
				type="button"
				class="button primary wide"
				disabled={!reachable}
				aria-describedby="continue-why"
				onClick={() => void flow.begin()}
			>
				{taken ? text.sheet.alternatives : text.sheet.continue}
			</button>
			<p class="hint" id="continue-why">
				{reachable ? text.sheet.promise(model.format.minutes(Math.ceil(model.choice.service.value.holdTtlS / 60))) : text.sheet.blocked}
			</p>
			{!reachable && <Contact model={model} />}
		</div>
	);
}
