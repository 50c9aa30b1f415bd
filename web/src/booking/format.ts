/*
 * Times, days and spans as people of the venue's locale write them. One object per page: Intl formatters are dear to make.
 */
import type { LocalDate } from "./dates.js";

const DAY_MS = 86_400_000;

export interface Format {
	readonly locale: string;
	/** "10:30" */
	time(instant: string | number): string;
	/** "10:30 – 11:00" */
	span(start: string, end: string): string;
	/** "WET", "GMT+1" */
	zone(instant: string | number): string;
	/** "Friday 20 November" */
	day(date: LocalDate): string;
	/** "Friday 20 November 2026" */
	fullDay(instant: string): string;
	/** "Fri" */
	weekday(date: LocalDate): string;
	/** "20" */
	dayNumber(date: LocalDate): string;
	/** "Fri 20 Nov" */
	shortDay(date: LocalDate): string;
	/** "16 – 22 November"; with the year when it is not this one */
	week(from: LocalDate, to: LocalDate): string;
	/** "09:15" from minutes after midnight */
	clock(minutes: number): string;
	/** "1 hr 30 min" */
	minutes(minutes: number): string;
	/** "30–90 min", "2–4 hrs" */
	lengths(shortest: number, longest: number): string;
	/** "€45", "€12.50", from the currency's smallest unit */
	money(minor: number, currency: string): string;
	/** "2 sec. ago", "now" */
	ago(ms: number): string;
}

const dayAt = (date: LocalDate): Date => new Date(`${date}T12:00:00Z`);

export function createFormat(wanted: string, timeZone: string): Format {
	const locale = supported(regional(wanted, timeZone));
	const make = (options: Intl.DateTimeFormatOptions, zone: string): Intl.DateTimeFormat =>
		new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
	const time = make({ hour: "2-digit", minute: "2-digit" }, timeZone);
	const zone = make({ timeZoneName: "short", hour: "numeric" }, timeZone);
	const fullDay = make({ weekday: "long", day: "numeric", month: "long", year: "numeric" }, timeZone);
	const day = make({ weekday: "long", day: "numeric", month: "long" }, "UTC");
	const shortDay = make({ weekday: "short", day: "numeric", month: "short" }, "UTC");
	const weekday = make({ weekday: "short" }, "UTC");
	const dayNumber = make({ day: "numeric" }, "UTC");
	const week = make({ day: "numeric", month: "long" }, "UTC");
	const datedWeek = make({ day: "numeric", month: "long", year: "numeric" }, "UTC");
	const thisYear = String(new Date().getUTCFullYear());
	const clock = make({ hour: "2-digit", minute: "2-digit" }, "UTC");
	const unit = (name: "hour" | "minute"): Intl.NumberFormat =>
		new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short" });
	const hours = unit("hour");
	const minutes = unit("minute");
	const past = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
	const zoneAt = (at: number): string =>
		zone.formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? timeZone;
	// Asking for a zone's name costs ten times a time; null: the clock changes on that day, so ask each time.
	const zoneOfDay = new Map<number, string | null>();
	const ms = (instant: string | number): number => (typeof instant === "number" ? instant : Date.parse(instant));
	return {
		locale,
		time: (instant) => time.format(ms(instant)),
		span: (start, end) => `${time.format(ms(start))} – ${time.format(ms(end))}`,
		zone(instant) {
			const at = ms(instant);
			const day = Math.floor(at / DAY_MS);
			let name = zoneOfDay.get(day);
			if (name === undefined) {
				const [first, last] = [zoneAt(day * DAY_MS), zoneAt((day + 1) * DAY_MS - 1)];
				name = first === last ? first : null;
				zoneOfDay.set(day, name);
			}
			return name ?? zoneAt(at);
		},
		day: (date) => day.format(dayAt(date)),
		fullDay: (instant) => fullDay.format(ms(instant)),
		weekday: (date) => weekday.format(dayAt(date)),
		dayNumber: (date) => dayNumber.format(dayAt(date)),
		shortDay: (date) => shortDay.format(dayAt(date)),
		week: (from, to) =>
			(from.startsWith(thisYear) && to.startsWith(thisYear) ? week : datedWeek).formatRange(dayAt(from), dayAt(to)),
		clock: (value) => clock.format(value * 60_000),
		minutes(value) {
			const whole = Math.floor(value / 60);
			const rest = value % 60;
			if (whole === 0) return minutes.format(rest);
			return rest === 0 ? hours.format(whole) : `${hours.format(whole)} ${minutes.format(rest)}`;
		},
		lengths(shortest, longest) {
			const whole = shortest % 60 === 0 && longest % 60 === 0;
			const per = whole ? 60 : 1;
			return (whole ? hours : minutes)
				.formatToParts(longest / per)
				.map((part) => (part.type === "integer" ? `${shortest / per}–${part.value}` : part.value))
				.join("");
		},
		money(minor, currency) {
			const shape = { style: "currency", currency } as const;
			const digits = new Intl.NumberFormat(locale, shape).resolvedOptions().maximumFractionDigits ?? 0;
			const major = minor / 10 ** digits;
			return new Intl.NumberFormat(locale, Number.isInteger(major) ? { ...shape, minimumFractionDigits: 0 } : shape).format(major);
		},
		ago(ms) {
			const seconds = Math.round(ms / 1_000);
			return seconds < 90 ? past.format(-seconds, "second") : past.format(-Math.round(seconds / 60), "minute");
		},
	};
}

/** Bare "en" would mean the United States everywhere: a venue in Lisbon would open at 9 AM on 11/20. */
const regional = (wanted: string, timeZone: string): string =>
	wanted === "en" && !timeZone.startsWith("America/") ? "en-GB" : wanted;

/** A page without a usable lang (or an odd one) is formatted as English rather than not at all. */
function supported(wanted: string): string {
	try {
		return Intl.DateTimeFormat.supportedLocalesOf([wanted])[0] ?? "en-GB";
	} catch {
		return "en-GB";
	}
}
