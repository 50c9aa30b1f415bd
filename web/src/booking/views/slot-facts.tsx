/*
 * All there is to know about one slot: how much is left, when (also by the visitor's own clock), where, for how much, under what
 * conditions, and how old this knowledge is. The panel and the detail beside a slot say it with the same words.
 */
import type { ComponentChildren, JSX } from "preact";
import type { Slot } from "../../sync/index.js";
import { createFormat, type Format } from "../format.js";
import { Icon, type IconName } from "../icons.js";
import type { VenueModel } from "../model.js";
import { useSecond } from "../second.js";
import { text } from "../text/index.js";
import { Cue } from "./cue.js";
import { priceFor } from "./price.js";

interface Props {
	readonly model: VenueModel;
	readonly slot: Slot;
	/** Without what its surroundings say already. */
	readonly omit?: readonly ("when" | "where" | "spots")[];
}

export function SlotFacts({ model, slot, omit = [] }: Props): JSX.Element {
	const { choice, format } = model;
	const service = choice.service.value;
	const own = visitorSpan(format, model.zone.name, slot);
	const price = priceFor(model, service, choice.duration.value, choice.party.value);
	const notices = [
		service.noticeMin > 0 ? text.facts.notice(format.minutes(service.noticeMin)) : "",
		service.partyMax > 1 ? text.filters.upTo(service.partyMax) : "",
	].filter(Boolean);
	return (
		<dl class="slot-facts">
			{!omit.includes("spots") && <Spots slot={slot} mine={model.ours.value.has(slot.id)} format={format} />}
			{!omit.includes("when") && (
				<Fact icon="clock" name={text.sheet.when}>
					{format.shortDay(model.zone.wall(slot.startMs).date)}, {format.span(slot.start, slot.end)} <span class="zone">{format.zone(slot.start)}</span>
				</Fact>
			)}
			{own && (
				<Fact icon="globe" name={text.facts.yourTime}>
					{own}
				</Fact>
			)}
			{!omit.includes("where") && (
				<Fact icon="pin" name={text.sheet.where}>
					<bdi>{model.resourceName(slot.resource)}</bdi>
				</Fact>
			)}
			{price && (
				<Fact icon="price" name={text.facts.price}>
					{price}
				</Fact>
			)}
			{(notices.length > 0 || service.note) && (
				<Fact icon="info" name={text.facts.conditions}>
					{service.note && <bdi class="slot-note">{service.note}</bdi>}
					{notices.length > 0 && <span class="slot-note">{notices.join(" · ")}</span>}
				</Fact>
			)}
			<Age model={model} />
		</dl>
	);
}

interface SpotsProps {
	readonly slot: Slot;
	readonly mine: boolean;
	readonly format: Format;
}

function Spots({ slot, mine, format }: SpotsProps): JSX.Element {
	return (
		<div class="slot-fact">
			<dt class="unseen">{text.sheet.places}</dt>
			<dd class={`place-${mine ? "mine" : slot.state}`}>
				<span class="swatch" aria-hidden="true">
					<Cue slot={slot} mine={mine} format={format} />
				</span>
				<strong>{mine ? text.state.mine : text.state[slot.state]}</strong>
				{slot.capacity > 1 && <span> {text.leftOf(slot.remaining, slot.capacity)}</span>}
			</dd>
		</div>
	);
}

interface FactProps {
	readonly icon: IconName;
	readonly name: string;
	readonly children: ComponentChildren;
}

function Fact({ icon, name, children }: FactProps): JSX.Element {
	return (
		<div class="slot-fact">
			<dt>
				<Icon name={icon} />
				<span class="unseen">{name}</span>
			</dt>
			<dd>{children}</dd>
		</div>
	);
}

/** Grows by itself, and is no live region: nobody wants to hear every second. */
function Age({ model }: { readonly model: VenueModel }): JSX.Element {
	const now = useSecond(true);
	const live = model.status.value.state === "live" && !model.rows.paused.value;
	const ageMs = model.ageMs();
	return (
		<div class="slot-fact slot-age">
			<dt class="unseen">{text.facts.age}</dt>
			<dd>
				<span class={`dot ${live ? "is-live" : ""}`} aria-hidden="true" />
				{live ? text.facts.checked(model.format.ago(ageMs)) : text.facts.asOf(model.format.time(now - ageMs))}
			</dd>
		</div>
	);
}

const visitorZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
let visitorFormat: Format | null = null;

/** The same time on the visitor's own clock; null when that clock says the same. */
export function visitorSpan(format: Format, venueZone: string, slot: Pick<Slot, "start" | "end">): string | null {
	if (visitorZone === venueZone) return null;
	visitorFormat ??= createFormat(format.locale, visitorZone, format.home);
	const same = visitorFormat.fullDay(slot.start) === format.fullDay(slot.start) && visitorFormat.time(slot.start) === format.time(slot.start);
	if (same) return null;
	const day = visitorFormat.fullDay(slot.start) === format.fullDay(slot.start) ? "" : `${visitorFormat.fullDay(slot.start)}, `;
	return text.facts.forYou(`${day}${visitorFormat.span(slot.start, slot.end)} ${visitorFormat.zone(slot.start)}`);
}
