/* Everything of the grid that follows from the rows: its axes, what each cell shows, and the elements that say it. Made anew for other rows. */
import type { LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";
import { createCells, type Cells } from "./cells.js";
import { createHeads, type Heads } from "./heads.js";
import { labelOf } from "./labels.js";
import { createLayout, type Layout } from "./layout.js";
import { createSemantics, type Semantics } from "./semantics.js";

/** A calendar of a day has its resources side by side while each gets this much. */
const SIDE_BY_SIDE = 64;

export interface Axes {
	readonly layout: Layout;
	readonly cells: Cells;
	readonly heads: Heads;
	readonly semantics: Semantics;
}

export function createAxes(model: VenueModel, days: readonly LocalDate[], width: number, still: boolean, onDirty: () => void): Axes {
	const rows = model.rows.all();
	const layout = createLayout(rows, days, model.resources.peek(), model.zone, Math.floor(width / SIDE_BY_SIDE));
	const cells = createCells(layout, onDirty);
	for (const slot of rows) cells.put(slot);
	cells.own(model.holding.peek(), model.ours.peek());
	for (const id of model.marks.ids.peek()) cells.mark(id, model.marks.at(id) ?? 0);
	cells.age(environment.now(), still);
	const heads = createHeads(layout, model);
	const semantics = createSemantics(cells, heads, labelOf(model, cells));
	const week = model.format.week(days[0] ?? "", days[days.length - 1] ?? "");
	semantics.root.setAttribute("aria-label", text.gridLabel(model.choice.service.peek().name, week));
	return { layout, cells, heads, semantics };
}
