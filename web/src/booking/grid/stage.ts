/* What the rooms of the grid share: where it stands, what it shows, and which cell has the tab stop. Only the engine puts other axes or another fit. */
import type { Slot } from "../../sync/index.js";
import type { LocalDate } from "../dates.js";
import type { VenueModel } from "../model.js";
import type { Axes } from "./axes.js";
import type { Fit } from "./fit.js";
import type { Box } from "./geometry.js";

export interface Stage {
	/** The scroll container, and what is scrolled in it. */
	readonly host: HTMLElement;
	readonly field: HTMLElement;
	readonly model: VenueModel;
	readonly days: readonly LocalDate[];
	readonly rtl: boolean;
	axes: Axes;
	fit: Fit;
	/** The cell with the tab stop, and whether the focus is there. */
	stop: number;
	focused: boolean;
}

/** What can be seen, in field coordinates (x from the inline start). */
export const viewOf = ({ host }: Stage): Box => ({ x: Math.abs(host.scrollLeft), y: host.scrollTop, width: host.clientWidth, height: host.clientHeight });

export function slotIn({ axes, model }: Stage, cell: number): Slot | undefined {
	const id = axes.cells.ids[cell];
	return id === undefined ? undefined : model.rows.get(id);
}

export function openSlot(stage: Stage, cell: number): void {
	const slot = slotIn(stage, cell);
	if (slot) stage.model.open.value = slot;
}
