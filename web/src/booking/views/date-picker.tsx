/*
 * A month to choose a day from. Keys as in the WAI-ARIA date picker dialog. Days that cannot be booked can be stood on, and say why.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { JSX, TargetedKeyboardEvent } from "preact";
import { announce, Announcer } from "../announcer.js";
import { addDays, addMonths, monthOf, type LocalDate } from "../dates.js";
import { Icon } from "../icons.js";
import { onBackdrop, useModal } from "../modal.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { dayFor } from "./day-keys.js";
import { countDay, stateOf } from "./days.js";

export function DatePicker({ model, close }: { readonly model: VenueModel; readonly close?: () => void }): JSX.Element {
	const { choice, format, today, last } = model;
	const dialog = useModal();
	const [day, setDay] = useState(choice.date.peek());
	const byKey = useRef(true);
	useLayoutEffect(() => {
		const element = dialog.current;
		const button = document.querySelector(".date-button")?.getBoundingClientRect();
		if (element && button) {
			const start = document.dir === "rtl" ? innerWidth - button.right : button.left;
			element.style.setProperty("--below", `${Math.round(button.bottom)}px`);
			element.style.setProperty("--start", `${Math.round(start)}px`);
		}
	}, []);
	useEffect(() => {
		if (byKey.current) dialog.current?.querySelector<HTMLElement>(`[data-day="${day}"]`)?.focus();
	}, [day]);
	const go = (target: LocalDate): void => {
		byKey.current = true;
		if (target >= addDays(today.value, -366) && target <= addDays(last.value, 366)) setDay(target);
	};
	/** With a button, which keeps the focus. */
	const turn = (months: 1 | -1): void => {
		byKey.current = false;
		const target = addMonths(day, months);
		setDay(target);
		announce(format.month(target), false, "month");
	};
	const choose = (target: LocalDate): void => {
		if (whyNot(model, target)) return;
		model.goTo(target);
		close?.();
	};
	const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>): void => {
		const target = dayFor(event, day, choice.firstDay);
		if (!target) return;
		go(target);
		event.preventDefault();
	};
	const month = day.slice(0, 7);
	const monthsEnd = (n: number): LocalDate => addMonths(`${month}-01`, n);
	return (
		<dialog class="picker" ref={dialog} aria-label={text.picker.title} onClose={close} onClick={onBackdrop(close)}>
			<div class="picker-body">
				<div class="picker-head">
					<h3>{format.month(day)}</h3>
					<button
						type="button"
						class="icon-button"
						aria-label={text.toolbar.previousMonth}
						disabled={`${month}-01` <= today.value}
						onClick={() => turn(-1)}
					>
						<Icon name="left" />
					</button>
					<button
						type="button"
						class="icon-button"
						aria-label={text.toolbar.nextMonth}
						disabled={monthsEnd(1) > last.value}
						onClick={() => turn(1)}
					>
						<Icon name="right" />
					</button>
				</div>
				<Days model={model} day={day} onKeyDown={onKeyDown} choose={choose} />
				<p class="hint picker-why" aria-hidden="true">
					{whyNot(model, day) && `${format.shortDay(day)}: ${whyNot(model, day)}`}
				</p>
				<div class="picker-foot">
					<button type="button" class="button quiet" onClick={() => choose(today.value)}>
						{text.toolbar.today}
					</button>
					<button type="button" class="button quiet" onClick={close}>
						{text.close}
					</button>
				</div>
			</div>
			<Announcer />
		</dialog>
	);
}

const whyNot = ({ today, last, format }: VenueModel, date: LocalDate): string =>
	date < today.value ? text.picker.past : date > last.value ? text.picker.far(format.shortDay(last.value)) : "";

interface DaysProps {
	readonly model: VenueModel;
	readonly day: LocalDate;
	readonly onKeyDown: (event: TargetedKeyboardEvent<HTMLElement>) => void;
	readonly choose: (date: LocalDate) => void;
}

function Days({ model, day, onKeyDown, choose }: DaysProps): JSX.Element {
	const { choice, format, today } = model;
	const all = monthOf(day, choice.firstDay);
	const weeks = Array.from({ length: all.length / 7 }, (_, n) => all.slice(7 * n, 7 * n + 7));
	// What is free is known for the days on the screen behind; the others say nothing.
	const slots = model.slots.value ?? [];
	return (
		<table class="picker-days" role="grid" aria-label={format.month(day)} aria-describedby="picker-help" onKeyDown={onKeyDown}>
			<thead>
				<tr>
					{all.slice(0, 7).map((date) => (
						<th scope="col" key={format.weekday(date)}>
							{format.weekday(date)}
						</th>
					))}
				</tr>
			</thead>
			<tbody>
				{weeks.map((week) => (
					<tr key={week[0]}>
						{week.map((date) => {
							if (date.slice(0, 7) !== day.slice(0, 7)) return <td key={date} />;
							const why = whyNot(model, date);
							const state = stateOf(countDay(slots, date, model.zone));
							return (
								<td
									key={date}
									class={`picker-day${date === today.value ? " is-today" : ""}${why || state === "closed" ? "" : ` has-${state}`}`}
									tabIndex={date === day ? 0 : -1}
									data-day={date}
									aria-selected={date === choice.date.value}
									aria-disabled={why !== ""}
									aria-current={date === today.value ? "date" : undefined}
									title={why || undefined}
									onClick={() => choose(date)}
									onKeyDown={(event) => {
										if (event.key !== "Enter" && event.key !== " ") return;
										event.preventDefault();
										choose(date);
									}}
								>
									<span class="unseen">{format.day(date)}</span>
									<span aria-hidden="true">{format.dayNumber(date)}</span>
									{why && <span class="unseen">, {why}</span>}
								</td>
							);
						})}
					</tr>
				))}
			</tbody>
			<caption class="unseen" id="picker-help">
				{text.picker.help}
			</caption>
		</table>
	);
}
