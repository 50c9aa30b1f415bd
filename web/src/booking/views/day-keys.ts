/* Where the keys lead in a grid of days: the same in the month and in the date picker (WAI-ARIA grid and date picker patterns). */
import { addDays, addMonths, weekOf, type LocalDate } from "../dates.js";

interface Press {
	readonly key: string;
	readonly shiftKey: boolean;
	readonly ctrlKey: boolean;
	readonly altKey: boolean;
	readonly metaKey: boolean;
}

/** null: the key is none of ours. */
export function dayFor(press: Press, from: LocalDate, firstDay: number): LocalDate | null {
	if (press.ctrlKey || press.altKey || press.metaKey) return null;
	// In a right-to-left page the next day lies to the left.
	const onward = document.dir === "rtl" ? -1 : 1;
	const week = weekOf(from, firstDay);
	switch (press.key) {
		case "ArrowLeft":
			return addDays(from, -onward);
		case "ArrowRight":
			return addDays(from, onward);
		case "ArrowUp":
			return addDays(from, -7);
		case "ArrowDown":
			return addDays(from, 7);
		case "Home":
			return week[0] ?? from;
		case "End":
			return week[6] ?? from;
		case "PageUp":
			return addMonths(from, press.shiftKey ? -12 : -1);
		case "PageDown":
			return addMonths(from, press.shiftKey ? 12 : 1);
		default:
			return null;
	}
}
