/* Which cell a pointer or the focus is on: for the detail beside it, and for the click that opens it. */
import { pointed, type Pointed } from "../pointed.js";
import { boxOf, cellUnder } from "./geometry.js";
import { openSlot, slotIn, type Stage } from "./stage.js";

export interface Pointing {
	readonly onMove: (event: PointerEvent) => void;
	readonly onLeave: () => void;
	readonly onClick: (event: MouseEvent) => void;
	readonly onFocus: (event: FocusEvent) => void;
	readonly onBlur: () => void;
	/** Other cells have come under the pointer. */
	readonly onScroll: () => void;
}

export function createPointing(stage: Stage): Pointing {
	const { field, rtl } = stage;
	let under = -1;

	const point = (cell: number, by: Pointed["by"]): void => {
		const slot = slotIn(stage, cell);
		if (!slot) return void (pointed.value = null);
		const around = field.getBoundingClientRect();
		const { x, y, width, height } = boxOf(stage.fit.geometry, cell);
		pointed.value = { slot, rect: new DOMRect(rtl ? around.right - x - width : around.left + x, around.top + y, width, height), by };
	};
	const cellOf = (event: MouseEvent): number => {
		if (!(event.target instanceof Element)) return -1;
		const element = event.target.closest<HTMLElement>("[data-cell]");
		if (element) return Number(element.dataset["cell"]);
		// A head lies over the cells; between cells, and over those that have no element yet, there is only the grid itself.
		if (event.target.closest(".row-head, .grid-top")) return -1;
		const around = field.getBoundingClientRect();
		return cellUnder(stage.fit.geometry, rtl ? around.right - event.clientX : event.clientX - around.left, event.clientY - around.top);
	};
	return {
		onMove(event) {
			if (event.pointerType !== "mouse") return;
			const cell = cellOf(event);
			if (cell === under) return;
			under = cell;
			point(cell, "pointer");
		},
		onLeave() {
			if (under >= 0) pointed.value = null;
			under = -1;
		},
		onClick(event) {
			const cell = cellOf(event);
			if (cell < 0) return;
			stage.stop = cell;
			stage.axes.semantics.stop(cell).focus({ preventScroll: true });
			openSlot(stage, cell);
		},
		onFocus(event) {
			const cell = event.target instanceof HTMLElement ? Number(event.target.dataset["cell"] ?? -1) : -1;
			if (cell < 0) return;
			stage.focused = true;
			stage.stop = cell;
			const made = stage.axes.semantics.stop(cell);
			if (made.matches(":focus-visible")) point(cell, "focus");
		},
		onBlur() {
			stage.focused = false;
			if (pointed.peek()?.by === "focus") pointed.value = null;
		},
		onScroll() {
			if (pointed.peek()?.by === "pointer") pointed.value = null;
			under = -1;
		},
	};
}
