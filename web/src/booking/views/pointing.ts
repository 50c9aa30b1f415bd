/* What an element that stands for a slot has to do to be pointed at. A finger does not point: its tap opens the panel. */
import type { TargetedEvent, TargetedPointerEvent } from "preact";
import type { Slot } from "../../sync/index.js";
import { pointed, type Pointed } from "../pointed.js";

export interface PointHandlers {
	readonly onPointerEnter: (event: TargetedPointerEvent<HTMLElement>) => void;
	readonly onPointerLeave: () => void;
	readonly onFocus: (event: TargetedEvent<HTMLElement>) => void;
	readonly onBlur: () => void;
}

export function pointAt(slot: Slot): PointHandlers {
	const set = (element: HTMLElement, by: Pointed["by"]): void => {
		pointed.value = { slot, rect: element.getBoundingClientRect(), by };
	};
	const leave = (): void => {
		if (pointed.peek()?.slot.id === slot.id) pointed.value = null;
	};
	return {
		onPointerEnter: (event) => event.pointerType !== "touch" && set(event.currentTarget, "pointer"),
		onPointerLeave: leave,
		onFocus: (event) => event.currentTarget.matches(":focus-visible") && set(event.currentTarget, "focus"),
		onBlur: leave,
	};
}
