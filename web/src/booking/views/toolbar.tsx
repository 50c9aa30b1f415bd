import type { JSX } from "preact";
import type { View } from "../choice.js";
import { Icon } from "../icons.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";

const VIEWS: readonly View[] = ["week", "day", "list"];

export function Toolbar({ model }: { readonly model: VenueModel }): JSX.Element {
	const { choice, format } = model;
	const week = choice.week.value;
	return (
		<div class="toolbar">
			<div class="toolbar-move">
				<button
					type="button"
					class="icon-button"
					aria-label={text.toolbar.previous}
					disabled={!model.canGoBack.value}
					onClick={() => model.moveDays(-7)}
				>
					<Icon name="left" />
				</button>
				<button
					type="button"
					class="icon-button"
					aria-label={text.toolbar.next}
					disabled={!model.canGoOn.value}
					onClick={() => model.moveDays(7)}
				>
					<Icon name="right" />
				</button>
				<h2 aria-live="polite">{format.week(week[0] ?? "", week[6] ?? "")}</h2>
				{choice.date.value !== model.today.value && (
					<button type="button" class="button quiet toolbar-today" onClick={() => (choice.date.value = model.today.value)}>
						{text.toolbar.today}
					</button>
				)}
			</div>
			<div class="segments toolbar-view" role="radiogroup" aria-label={text.toolbar.view}>
				{VIEWS.map((view) => (
					<label class="segment" key={view}>
						<input type="radio" name="view" checked={choice.view.value === view} onChange={() => (choice.view.value = view)} />
						<span>{text.toolbar[view]}</span>
					</label>
				))}
			</div>
		</div>
	);
}
