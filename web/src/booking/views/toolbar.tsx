/* Which days, and drawn how. The range of days opens the date picker. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { announce } from "../announcer.js";
import { VIEWS, type View } from "../choice.js";
import { Icon } from "../icons.js";
import { lazily } from "../lazily.js";
import type { VenueModel } from "../model.js";
import { narrow } from "../screen.js";
import { text } from "../text/index.js";

const DatePicker = lazily(() => import("./date-picker.js").then((file) => file.DatePicker), "over");

export function Toolbar({ model }: { readonly model: VenueModel }): JSX.Element {
	const { choice, format } = model;
	const [picking, setPicking] = useState(false);
	const month = choice.view.value === "month";
	const week = choice.week.value;
	const inFull = month ? format.month(choice.date.value) : format.week(week[0] ?? "", week[6] ?? "");
	const range = narrow.value && !month ? format.shortWeek(week[0] ?? "", week[6] ?? "") : inFull;
	const said = useRef(inFull);
	useEffect(() => {
		if (said.current !== inFull) announce(inFull, false, "days");
		said.current = inFull;
	}, [inFull]);
	return (
		<div class="toolbar">
			<div class="toolbar-move">
				<Turn model={model} steps={-1} label={month ? text.toolbar.previousMonth : text.toolbar.previous} />
				<Turn model={model} steps={1} label={month ? text.toolbar.nextMonth : text.toolbar.next} />
				<h2>
					<button
						type="button"
						class="date-button"
						aria-haspopup="dialog"
						aria-expanded={picking}
						aria-label={text.toolbar.choose(range)}
						onClick={() => setPicking(true)}
					>
						{range}
						<Icon name="down" />
					</button>
				</h2>
				{choice.date.value !== model.today.value && (
					<button type="button" class="button quiet toolbar-today" onClick={() => model.goTo(model.today.value)}>
						{text.toolbar.today}
					</button>
				)}
			</div>
			{narrow.value ? <ViewMenu model={model} /> : <ViewSegments model={model} />}
			{picking && <DatePicker model={model} close={() => setPicking(false)} />}
		</div>
	);
}

function Turn({ model, steps, label }: { readonly model: VenueModel; readonly steps: 1 | -1; readonly label: string }): JSX.Element {
	const can = steps < 0 ? model.canGoBack.value : model.canGoOn.value;
	return (
		<button type="button" class="icon-button" aria-label={label} disabled={!can} onClick={() => model.turn(steps)}>
			<Icon name={steps < 0 ? "left" : "right"} />
		</button>
	);
}

function ViewSegments({ model: { choice } }: { readonly model: VenueModel }): JSX.Element {
	return (
		<div class="segments toolbar-view" role="radiogroup" aria-label={text.toolbar.view}>
			{VIEWS.map((view) => (
				<label class="segment" key={view}>
					<input type="radio" name="view" checked={choice.view.value === view} onChange={() => (choice.view.value = view)} />
					<span>{text.toolbar[view]}</span>
				</label>
			))}
		</div>
	);
}

/** Four names side by side would be a row of its own on a phone. */
function ViewMenu({ model: { choice } }: { readonly model: VenueModel }): JSX.Element {
	return (
		<select
			class="view-menu"
			aria-label={text.toolbar.view}
			value={choice.view.value}
			onChange={(event) => (choice.view.value = event.currentTarget.value as View)}
		>
			{VIEWS.map((view) => (
				<option value={view} key={view}>
					{text.toolbar[view]}
				</option>
			))}
		</select>
	);
}
