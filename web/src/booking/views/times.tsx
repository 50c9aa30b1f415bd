/* The times themselves, in the chosen view; what stands there before they come, and when there are none. */
import type { JSX } from "preact";
import { lazily } from "../lazily.js";
import type { VenueModel } from "../model.js";
import { narrow } from "../screen.js";
import { text } from "../text/index.js";
import { isFree, slotsOn } from "./days.js";
import { pauseOnKey } from "./pause.js";
import { Skeleton } from "./skeleton.js";

/** Phones start with the list, others with the grid; each fetches at once what it starts with. */
const SlotList = lazily(() => import("./slot-list.js").then((file) => file.SlotList), "here", narrow.peek());
const Grid = lazily(() => import("../grid/grid.js").then((file) => file.Grid), "here", !narrow.peek());
const Empty = lazily(() => import("./empty.js").then((file) => file.Empty));
const Month = lazily(() => import("./month.js").then((file) => file.Month));

export function Times({ model }: { readonly model: VenueModel }): JSX.Element | null {
	const { choice } = model;
	const slots = model.slots.value;
	const view = choice.view.value;
	const state = model.status.value.state;
	if (slots === null && state === "error") return null;
	if (view === "month")
		return (
			<div class={`times times-${state}`} onKeyDown={(event) => pauseOnKey(model, event)}>
				<Month model={model} />
			</div>
		);
	if (slots === null) return <Skeleton view={view} />;
	const days = view === "week" ? choice.week.value : [choice.date.value];
	const shown = view === "week" ? slots : slotsOn(slots, choice.date.value, model.zone);
	const empty = shown.length === 0;
	const booked = !empty && !shown.some(isFree);
	return (
		<div class={`times times-${state}`} onKeyDown={(event) => pauseOnKey(model, event)}>
			{(empty || booked) && <Empty model={model} days={days} booked={booked} />}
			{!empty && (view === "list" ? <SlotList model={model} date={choice.date.value} slots={shown} /> : <Grid model={model} days={days} />)}
			{!empty && view !== "list" && (
				<p class="hint grid-help" id="grid-help">
					{text.gridHelp}
				</p>
			)}
		</div>
	);
}
