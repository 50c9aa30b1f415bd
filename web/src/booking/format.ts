/*
 * Times, days, numbers and money, in the language of the page and with the habits of the venue: an English page of a venue in
 * New York says 10:00 AM, a German page of the same venue does too, and an Arabic page of a venue in Lisbon says 10:00. All
 * digits of a page are of one kind, that of its language, so that they agree with the numbers in its sentences.
 *
 * Formatters are dear to make (up to a millisecond), so each is made when it is first asked for, and kept.
 */
import type { LocalDate } from "./dates.js";
import { text } from "./text/index.js";

const DAY_MS = 86_400_000;

export interface Format {
	/** What the formatters are made for. */
	readonly locale: string;
	/** Where the venue is at home: the first day of its week, its clock. */
	readonly home: string;
	/** "1,240" */
	number(n: number): string;
	/** "10:30" */
	time(instant: string | number): string;
	/** "10:30:07" */
	exact(instant: string | number): string;
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
	/** "16–22 Nov" */
	shortWeek(from: LocalDate, to: LocalDate): string;
	/** "November 2026" */
	month(date: LocalDate): string;
	/** "1 Dec" */
	dayMonth(date: LocalDate): string;
	/** "09:15" from minutes after midnight */
	clock(minutes: number): string;
	/** "1 hr 30 mins" */
	minutes(minutes: number): string;
	/** "30–90 mins", "2–4 hrs" */
	lengths(shortest: number, longest: number): string;
	/** "€45", "€12.50", from the currency's smallest unit */
	money(minor: number, currency: string): string;
	/** How old: "6 secs", "3 mins" */
	age(ms: number): string;
	/** "120 ms" */
	delay(ms: number): string;
	/** "2 secs ago", "now" */
	ago(ms: number): string;
	/** "4:59" */
	countdown(seconds: number): string;
}

const dayAt = (date: LocalDate): Date => new Date(`${date}T12:00:00Z`);

const formats = new Map<string, Format>();

/** lang: the page's; habits: the venue's locale, "" where there is none. */
export function createFormat(lang: string, timeZone: string, habits = ""): Format {
	const key = `${lang} ${timeZone} ${habits}`;
	const known = formats.get(key);
	if (known) return known;
	const format = makeFormat(lang, timeZone, habits);
	formats.set(key, format);
	return format;
}

/** The page's, for a venue. One whose habits are not known is taken for an ordinary one of its continent. */
export const formatFor = (venue: { readonly tz: string; readonly locale?: string }): Format =>
	createFormat(text.lang, venue.tz, venue.locale || "en");

function makeFormat(lang: string, timeZone: string, habits: string): Format {
	const home = supported(regional(habits || lang, timeZone));
	// The venue's own variety of the page's language: an Austrian venue's January is Jänner.
	const spoken = languageOf(home) === languageOf(lang) ? home : supported(regional(lang, timeZone));
	// Which digits plain Arabic has, browsers of different years say differently; ours has Latin ones, as its catalogue does.
	const numberingSystem = lang === "ar" ? "latn" : new Intl.NumberFormat(supported(lang)).resolvedOptions().numberingSystem;
	const locale = new Intl.Locale(spoken, { numberingSystem }).toString();
	const { hourCycle } = new Intl.DateTimeFormat(home, { hour: "numeric" }).resolvedOptions();

	const date = (options: Intl.DateTimeFormatOptions, zone = "UTC"): (() => Intl.DateTimeFormat) =>
		once(() => new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }));
	const clockTime = { hour: "2-digit", minute: "2-digit", ...(hourCycle ? { hourCycle } : {}) } as const;
	const time = date(clockTime, timeZone);
	const exact = date({ ...clockTime, second: "2-digit" }, timeZone);
	const zone = date({ timeZoneName: "short", hour: "numeric" }, timeZone);
	const fullDay = date({ weekday: "long", day: "numeric", month: "long", year: "numeric" }, timeZone);
	const day = date({ weekday: "long", day: "numeric", month: "long" });
	const shortDay = date({ weekday: "short", day: "numeric", month: "short" });
	const weekday = date({ weekday: "short" });
	// The "short" days of Portugal are words ("segunda"); seven of them do not stand side by side on a phone.
	const letters = languageOf(locale) === "pt" ? 3 : undefined;
	const dayNumber = date({ day: "numeric" });
	const week = date({ day: "numeric", month: "long" });
	const datedWeek = date({ day: "numeric", month: "long", year: "numeric" });
	const dayMonth = date({ day: "numeric", month: "short" });
	const month = date({ month: "long", year: "numeric" });
	const clock = date(clockTime);

	const number = once(() => new Intl.NumberFormat(locale));
	const twoDigits = once(() => new Intl.NumberFormat(locale, { minimumIntegerDigits: 2 }));
	const unit = (name: "hour" | "minute" | "second" | "millisecond"): (() => Intl.NumberFormat) =>
		once(() => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short" }));
	const units = { hour: unit("hour"), minute: unit("minute"), second: unit("second"), millisecond: unit("millisecond") };
	const past = once(() => new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" }));

	const zoneAt = (at: number): string =>
		zone()
			.formatToParts(at)
			.find((part) => part.type === "timeZoneName")?.value ?? timeZone;
	// Asking for a zone's name costs ten times a time; null: the clock changes on that day, so ask each time.
	const zoneOfDay = new Map<number, string | null>();
	const ms = (instant: string | number): number => (typeof instant === "number" ? instant : Date.parse(instant));
	return {
		locale,
		home,
		number: (n) => number().format(n),
		time: (instant) => time().format(ms(instant)),
		exact: (instant) => exact().format(ms(instant)),
		span: (start, end) => `${time().format(ms(start))} – ${time().format(ms(end))}`,
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
		day: (date) => day().format(dayAt(date)),
		fullDay: (instant) => fullDay().format(ms(instant)),
		weekday: (date) => weekday().format(dayAt(date)).slice(0, letters),
		dayNumber: (date) => dayNumber().format(dayAt(date)),
		shortDay: (date) => shortDay().format(dayAt(date)),
		week(from, to) {
			const thisYear = String(new Date().getUTCFullYear());
			const form = from.startsWith(thisYear) && to.startsWith(thisYear) ? week : datedWeek;
			return form().formatRange(dayAt(from), dayAt(to));
		},
		shortWeek: (from, to) => dayMonth().formatRange(dayAt(from), dayAt(to)),
		month: (date) => month().format(dayAt(date)),
		dayMonth: (date) => dayMonth().format(dayAt(date)),
		clock: (value) => clock().format(value * 60_000),
		minutes(value) {
			const whole = Math.floor(value / 60);
			const rest = value % 60;
			if (whole === 0) return units.minute().format(rest);
			const hours = units.hour().format(whole);
			return rest === 0 ? hours : `${hours} ${units.minute().format(rest)}`;
		},
		lengths(shortest, longest) {
			const whole = shortest % 60 === 0 && longest % 60 === 0;
			const per = whole ? 60 : 1;
			return units[whole ? "hour" : "minute"]()
				.formatToParts(longest / per)
				.map((part) => (part.type === "integer" ? `${number().format(shortest / per)}–${part.value}` : part.value))
				.join("");
		},
		money: (minor, currency) => moneyIn(locale, currency)(minor),
		age(ms) {
			const [amount, name] = rounded(ms);
			return units[name]().format(amount);
		},
		delay: (ms) => units.millisecond().format(Math.round(ms)),
		ago(ms) {
			const [amount, name] = rounded(ms);
			return past().format(-amount, name);
		},
		countdown: (seconds) => `${number().format(Math.floor(seconds / 60))}:${twoDigits().format(seconds % 60)}`,
	};
}

function once<T>(make: () => T): () => T {
	let made: T | undefined;
	return () => (made ??= make());
}

/** Seconds up to a minute and a half, minutes up to an hour and a half, then hours. */
function rounded(ms: number): readonly [number, "second" | "minute" | "hour"] {
	const seconds = Math.round(ms / 1_000);
	if (seconds < 90) return [seconds, "second"];
	const minutes = Math.round(seconds / 60);
	return minutes < 90 ? [minutes, "minute"] : [Math.round(minutes / 60), "hour"];
}

const monies = new Map<string, (minor: number) => string>();

/** Yen have no smaller unit, dinars have a thousand: Intl knows how many digits. Whole amounts are written without them. */
function moneyIn(locale: string, currency: string): (minor: number) => string {
	const key = `${locale} ${currency}`;
	let money = monies.get(key);
	if (!money) {
		const shape = { style: "currency", currency } as const;
		const exact = new Intl.NumberFormat(locale, shape);
		const whole = new Intl.NumberFormat(locale, { ...shape, minimumFractionDigits: 0, maximumFractionDigits: 0 });
		const unit = 10 ** (exact.resolvedOptions().maximumFractionDigits ?? 0);
		money = (minor) => (minor % unit === 0 ? whole : exact).format(minor / unit);
		monies.set(key, money);
	}
	return money;
}

const languageOf = (locale: string): string => locale.split("-")[0]?.toLowerCase() ?? "";

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
