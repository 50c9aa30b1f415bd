/*
 * Instants and a venue's wall time. The server speaks in instants (UTC) and venue-local dates; the page shows the venue's
 * wall time, whatever zone the visitor's machine is in. Only Intl knows the zones: no table of ours, no library.
 *
 * A local date is "YYYY-MM-DD". Arithmetic on it runs in UTC, where every day has 24 hours.
 */
const DAY_MS = 86_400_000;
const QUARTER_MS = 900_000;

export type LocalDate = string;

export interface Wall {
	readonly date: LocalDate;
	/** Minutes after midnight, as the clock on the wall shows them. */
	readonly minutes: number;
	/** Minutes east of UTC. Tells apart the two 01:30 of an autumn night. */
	readonly offset: number;
}

const dateOf = (utcMs: number): LocalDate => new Date(utcMs).toISOString().slice(0, 10);

export const addDays = (date: LocalDate, days: number): LocalDate => dateOf(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS);

export const daysBetween = (from: LocalDate, to: LocalDate): number =>
	Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);

/** 1 = Monday … 7 = Sunday. */
export const weekday = (date: LocalDate): number => ((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7) + 1;

export const isLocalDate = (text: string): boolean =>
	/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && dateOf(Date.parse(`${text}T00:00:00Z`)) === text;

/** The seven dates of the week that holds `date`. */
export function weekOf(date: LocalDate, firstDay: number): readonly LocalDate[] {
	const monday = addDays(date, -((weekday(date) - firstDay + 7) % 7));
	return [0, 1, 2, 3, 4, 5, 6].map((n) => addDays(monday, n));
}

/** The same day of another month, or that month's last one. */
export function addMonths(date: LocalDate, months: number): LocalDate {
	const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
	const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
	return dateOf(Date.UTC(year, month - 1 + months, Math.min(day, last)));
}

/** The whole weeks of the month that holds `date`. */
export function monthOf(date: LocalDate, firstDay: number): readonly LocalDate[] {
	const first = `${date.slice(0, 8)}01`;
	const last = addDays(addMonths(first, 1), -1);
	const days: LocalDate[] = [];
	for (let day = first; day <= last; day = addDays(day, 7)) days.push(...weekOf(day, firstDay));
	return days.includes(last) ? days : [...days, ...weekOf(last, firstDay)];
}

/** The locale's first day of the week, where the browser knows it. */
export function firstDayOfWeek(locale: string): number {
	interface WeekInfo {
		readonly firstDay: number;
	}
	try {
		const info = new Intl.Locale(locale) as Intl.Locale & { getWeekInfo?: () => WeekInfo; weekInfo?: WeekInfo };
		return info.getWeekInfo?.().firstDay ?? info.weekInfo?.firstDay ?? 1;
	} catch {
		return 1;
	}
}

export interface Zone {
	readonly name: string;
	wall(instantMs: number): Wall;
}

export function createZone(name: string): Zone {
	const parts = new Intl.DateTimeFormat("en-US", {
		timeZone: name,
		hourCycle: "h23",
		year: "numeric",
		month: "2-digit",
		day: "2-digit",
		hour: "2-digit",
		minute: "2-digit",
		second: "2-digit",
	});
	const offsets = new Map<number, number>();
	// Asking Intl is slow (tens of µs) and a week has thousands of slots; zones change on quarter hours only.
	const offsetMs = (instantMs: number): number => {
		const quarter = Math.floor(instantMs / QUARTER_MS) * QUARTER_MS;
		const known = offsets.get(quarter);
		if (known !== undefined) return known;
		const field = new Map(parts.formatToParts(quarter).map((part) => [part.type, Number(part.value)]));
		const at = (type: Intl.DateTimeFormatPartTypes): number => field.get(type) ?? 0;
		const wall = Date.UTC(at("year"), at("month") - 1, at("day"), at("hour"), at("minute"), at("second"));
		offsets.set(quarter, wall - quarter);
		return wall - quarter;
	};
	return {
		name,
		wall(instantMs) {
			const offset = offsetMs(instantMs);
			const wallMs = instantMs + offset;
			const midnight = Math.floor(wallMs / DAY_MS) * DAY_MS;
			return { date: dateOf(midnight), minutes: Math.floor((wallMs - midnight) / 60_000), offset: offset / 60_000 };
		},
	};
}
