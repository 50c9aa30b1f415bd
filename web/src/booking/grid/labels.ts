/*
 * What is said of the cells: their names, and the counts of changes in the row heads. The paint shows a change in its frame; the elements
 * say it 4 times a second, and the focused one at once.
 */
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { CLOSED, isOpen, nameOf, type Cells } from "./cells.js";
import type { Stage } from "./stage.js";

const LABELS_MS = 250;
/** With more marks than this a word on each would be noise; the row heads count them. */
const TAGS_MAX = 12;

export const stateWords = (state: number, remaining: number): string => (isOpen(state) ? text.left(remaining) : text.state[nameOf(state)]);

export const labelOf =
	({ rows, format }: VenueModel, cells: Cells) =>
	(cell: number): string => {
		const { layout } = cells;
		const { day, resource, line } = layout.placeOf(cell);
		const id = cells.ids[cell];
		const at = (id === undefined ? undefined : rows.get(id))?.startMs ?? layout.lines[line]?.example ?? 0;
		const state = cells.state[cell] ?? CLOSED;
		return [
			`${format.time(at)} ${format.zone(at)}`,
			format.shortDay(layout.days[day] ?? ""),
			layout.resources[resource]?.name ?? "",
			text.state[nameOf(state)],
			...(isOpen(state) ? [text.left(cells.remaining[cell] ?? 0)] : []),
			...((cells.ring[cell] ?? 0) > 0 ? [text.updated] : []),
		].join(", ");
	};

export interface Labels {
	/** These cells show something else now. */
	changed(cells: readonly number[]): void;
	/** There are other cells. */
	forget(): void;
	stop(): void;
}

export function createLabels(stage: Stage): Labels {
	const unsaid = new Set<number>();
	let timer = 0;
	let saidAt = -Infinity;

	const say = (): void => {
		timer = 0;
		saidAt = performance.now();
		stage.axes.semantics.patch(unsaid);
		unsaid.clear();
		count();
	};
	const count = (): void => {
		const { cells, heads, layout } = stage.axes;
		const marked = [...cells.marked()];
		if (!stage.fit.tagged) {
			const counts = new Map<number, number>();
			for (const cell of marked) {
				const row = Math.floor(cell / layout.columns);
				counts.set(row, (counts.get(row) ?? 0) + 1);
			}
			heads.count(counts);
		}
		stage.field.classList.toggle("grid-tagged", !stage.fit.tagged && marked.length <= TAGS_MAX);
	};
	return {
		changed(cells) {
			if (cells.length === 0) return;
			for (const cell of cells) if (stage.axes.semantics.at(cell)) unsaid.add(cell);
			if (stage.focused && unsaid.delete(stage.stop)) stage.axes.semantics.patch([stage.stop]);
			if (timer) return;
			const wait = saidAt + LABELS_MS - performance.now();
			if (wait <= 0) say();
			else timer = window.setTimeout(say, wait);
		},
		forget: () => unsaid.clear(),
		stop: () => clearTimeout(timer),
	};
}
