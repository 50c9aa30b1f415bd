/* A strip of days and the free times of one of them. Native radios, so that the arrow keys are the browser's. */
import type { JSX } from "preact";
import type { Booking, Service } from "../../sync/index.js";
import { Icon } from "../icons.js";
import { text } from "../text/index.js";
import type { Times } from "./times.js";
import type { Visit } from "./visit.js";

interface Props {
	readonly visit: Visit;
	readonly times: Times;
}

export function DayChoice({ visit, times }: Props): JSX.Element {
	const { format, zone } = visit;
	const free = times.free.value;
	return (
		<div class="move-days" role="group" aria-label={text.strip.label}>
			<button
				type="button"
				class="icon-button"
				aria-label={text.toolbar.previous}
				disabled={!times.canGoBack.value}
				onClick={() => times.turn(-1)}
			>
				<Icon name="left" />
			</button>
			{times.days.value.map((date) => {
				const count = free?.filter((slot) => zone.wall(slot.startMs).date === date).length;
				const words = count === undefined ? "" : count > 0 ? text.strip.free(count) : text.strip.none;
				return (
					<label class="move-day" key={date} data-free={count === undefined || count > 0}>
						<input
							type="radio"
							name="move-day"
							checked={times.day.value === date}
							aria-label={[format.day(date), words].filter(Boolean).join(", ")}
							onChange={() => (times.day.value = date)}
						/>
						<span aria-hidden="true">
							{format.weekday(date)}
							<strong>{format.dayNumber(date)}</strong>
						</span>
					</label>
				);
			})}
			<button type="button" class="icon-button" aria-label={text.toolbar.next} disabled={!times.canGoOn.value} onClick={() => times.turn(1)}>
				<Icon name="right" />
			</button>
		</div>
	);
}

interface TimeProps extends Props {
	readonly booking: Booking;
	readonly service: Service;
}

export function TimeChoice({ visit, times, booking, service }: TimeProps): JSX.Element {
	const { format, zone, venue } = visit;
	const free = times.free.value;
	const day = times.day.value;
	const list = free?.filter((slot) => zone.wall(slot.startMs).date === day && slot.start !== booking.start) ?? [];
	const ours = zone.wall(Date.parse(booking.start)).date === day;
	const where = (id: string): string => venue?.resources.find((one) => one.id === id)?.name ?? "";
	return (
		<fieldset class="move-times" aria-busy={free === null}>
			<legend>
				{format.day(day)} <small>{format.zone(`${day}T12:00:00Z`)}</small>
			</legend>
			{service.resources.length > 1 && (
				<label class="tick">
					<input type="checkbox" checked={times.anywhere.value} onChange={(event) => (times.anywhere.value = event.currentTarget.checked)} />
					{text.move.elsewhere}
				</label>
			)}
			{ours && (
				<p class="move-now">
					<span class="swatch" aria-hidden="true">
						★
					</span>
					{text.move.now}: {format.span(booking.start, booking.end)}
				</p>
			)}
			{free === null && <div class="part-waiting" role="status" aria-label={text.loading} />}
			{free !== null && list.length === 0 && <p class="hint">{text.move.none}</p>}
			<div class="move-list">
				{list.map((slot) => (
					<label class="move-time" key={slot.id} data-slot={slot.id}>
						<input type="radio" name="move-time" checked={times.picked.value?.id === slot.id} onChange={() => times.pick(slot)} />
						<span>
							{format.time(slot.start)}
							{times.anywhere.value && <small> {where(slot.resource)}</small>}
						</span>
					</label>
				))}
			</div>
		</fieldset>
	);
}
