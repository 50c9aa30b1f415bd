/*
 * The window on the field. Scrolling does nothing at all until the canvas' margin is used up; the elements follow when it has come to
 * rest.
 */
import { boxOf, spanOf } from "./geometry.js";
import { viewOf, type Stage } from "./stage.js";

const SETTLED_MS = 120;

export interface Scrolling {
	readonly onScroll: () => void;
	/** Elements for what can be seen now. */
	settle(): void;
	/** Scroll until this cell can be seen. */
	reveal(cell: number): void;
	stop(): void;
}

export function createScrolling(stage: Stage, repaint: () => void): Scrolling {
	let timer = 0;

	const settle = (): void => {
		timer = 0;
		const { x, y, width, height } = viewOf(stage);
		const { geometry } = stage.fit;
		const { headInline, headBlock } = geometry;
		stage.axes.semantics.show(spanOf(geometry, { x: x + headInline, y: y + headBlock, width: width - headInline, height: height - headBlock }));
	};
	return {
		settle,
		onScroll() {
			if (stage.fit.painter.leaves(viewOf(stage))) repaint();
			clearTimeout(timer);
			timer = window.setTimeout(settle, SETTLED_MS);
		},
		reveal(cell) {
			const { geometry } = stage.fit;
			const { x, y, width, height } = boxOf(geometry, cell);
			const { headInline, headBlock } = geometry;
			const shown = viewOf(stage);
			const along = (at: number, size: number, from: number, room: number, head: number): number =>
				at - head < from ? at - head : at + size > from + room ? at + size - room : from;
			const inline = along(x, width, shown.x, shown.width, headInline);
			const top = along(y, height, shown.y, shown.height, headBlock);
			if (inline !== shown.x || top !== shown.y) stage.host.scrollTo({ left: stage.rtl ? -inline : inline, top, behavior: "instant" });
		},
		stop: () => clearTimeout(timer),
	};
}
