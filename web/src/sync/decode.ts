/*
 * From JSON text to typed values. Everything that comes over the wire passes here once, so that the rest of the code can
 * trust its types. Unknown members are ignored (the server may add some); missing or mistyped ones make the value null.
 */
import type { Alternative, Problem } from "./result.js";

export type SlotState = "available" | "limited" | "booked";

/** One bookable time. `id` stands for (service, resource, start, duration). Instants are RFC 3339 UTC. */
export interface Slot {
	readonly id: string;
	readonly service: string;
	readonly resource: string;
	readonly start: string;
	readonly end: string;
	/** The same instants in milliseconds since 1970: read once here, because screens compare them thousands of times. */
	readonly startMs: number;
	readonly endMs: number;
	readonly capacity: number;
	readonly remaining: number;
	readonly state: SlotState;
}

export type Freshness = "live" | "delayed" | "stale" | "unavailable";

export type ServerMessage =
	| { readonly type: "snapshot"; readonly id: string; readonly position: string; readonly rows: readonly Slot[] }
	| {
			readonly type: "delta";
			readonly id: string;
			readonly from: string;
			readonly to: string;
			readonly upsert: readonly Slot[];
			readonly remove: readonly string[];
	  }
	| { readonly type: "status"; readonly state: Freshness; readonly lagMs: number; readonly ageMs: number }
	| { readonly type: "reset"; readonly id: string; readonly reason: string }
	| { readonly type: "error"; readonly id: string | null; readonly problem: Problem };

export interface Service {
	readonly id: string;
	readonly key: string;
	readonly name: string;
	readonly durationsMin: readonly number[];
	/** Starts lie this far apart; 0: the server did not say. */
	readonly stepMin: number;
	readonly bufferBeforeMin: number;
	readonly bufferAfterMin: number;
	readonly horizonDays: number;
	readonly noticeMin: number;
	readonly partyMax: number;
	readonly holdTtlS: number;
	/** Restrictions in the venue's own words. */
	readonly note: string;
	/** In the venue's currency, in its smallest unit: one for each of durationsMin, or one for all. Empty: no price is shown. */
	readonly pricesMinor: readonly number[];
	readonly pricePer: PricePer;
	readonly resources: readonly string[];
}

export type PricePer = "booking" | "person";

export interface Resource {
	readonly id: string;
	readonly key: string;
	readonly name: string;
	readonly kind: string;
	readonly capacity: number;
}

export interface Venue {
	readonly slug: string;
	readonly name: string;
	readonly tz: string;
	/** BCP 47; "": the venue did not say. */
	readonly locale: string;
	/** ISO 4217; "": the venue shows no prices. */
	readonly currency: string;
	readonly contact: { readonly phone: string; readonly email: string };
	readonly services: readonly Service[];
	readonly resources: readonly Resource[];
}

export interface VenueSummary {
	readonly slug: string;
	readonly name: string;
	readonly tz: string;
}

/** A hold or a booking: the same object, the same reference, through its whole life. */
export interface Booking {
	readonly ref: string;
	readonly state: string;
	readonly service: string;
	readonly resource: string;
	readonly start: string;
	readonly end: string;
	readonly party: number;
	readonly holdExpiresAt: string | null;
	readonly version: number;
	readonly position: string;
}

export interface WaitlistEntry {
	readonly id: string;
	readonly state: string;
	/** 1: next in line. */
	readonly rank: number;
}

type Members = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): Members | null {
	return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : null;
}

export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

const string = (value: unknown): string | null => (typeof value === "string" ? value : null);
const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** Every element decoded, or null when one of them is not what it should be. */
export function listOf<T>(value: unknown, decode: (item: unknown) => T | null): T[] | null {
	if (!Array.isArray(value)) return null;
	const out: T[] = [];
	for (const item of value as readonly unknown[]) {
		const decoded = decode(item);
		if (decoded === null) return null;
		out.push(decoded);
	}
	return out;
}

const FRESHNESS: Readonly<Record<Freshness, true>> = { live: true, delayed: true, stale: true, unavailable: true };
const SLOT_STATES: Readonly<Record<SlotState, true>> = { available: true, limited: true, booked: true };
const PRICE_PER: Readonly<Record<PricePer, true>> = { booking: true, person: true };

const oneOf = <K extends string>(set: Readonly<Record<K, true>>, value: unknown): K | null =>
	typeof value === "string" && Object.prototype.hasOwnProperty.call(set, value) ? (value as K) : null;

export function decodeSlot(value: unknown): Slot | null {
	const o = asObject(value);
	if (!o) return null;
	const id = string(o["id"]);
	const service = string(o["service"]);
	const resource = string(o["resource"]);
	const start = string(o["start"]);
	const end = string(o["end"]);
	const capacity = number(o["capacity"]);
	const remaining = number(o["remaining"]);
	const state = oneOf(SLOT_STATES, o["state"]);
	if (id === null || service === null || resource === null || start === null || end === null) return null;
	if (capacity === null || remaining === null || state === null) return null;
	const startMs = Date.parse(start);
	const endMs = Date.parse(end);
	if (Number.isNaN(startMs + endMs)) return null;
	return { id, service, resource, start, end, startMs, endMs, capacity, remaining, state };
}

function decodeAlternative(value: unknown): Alternative | null {
	const o = asObject(value);
	const resource = string(o?.["resource"]);
	const start = string(o?.["start"]);
	const end = string(o?.["end"]);
	if (resource === null || start === null || end === null) return null;
	return { resource, start, end, remaining: number(o?.["remaining"]) ?? 0, why: string(o?.["why"]) ?? "" };
}

/** Problem members of any object; what is missing gets the status's plain meaning. */
export function decodeProblem(value: unknown, status: number): Problem {
	const o = asObject(value) ?? {};
	const field = string(o["field"]);
	const requestId = string(o["request_id"]);
	const heldUntil = string(o["held_until"]);
	const alternatives = listOf(o["alternatives"], decodeAlternative);
	return {
		code: string(o["code"]) ?? (status >= 500 ? "unavailable" : "bad-request"),
		status: number(o["status"]) ?? status,
		title: string(o["title"]) ?? "",
		detail: string(o["detail"]) ?? "",
		retryable: typeof o["retryable"] === "boolean" ? o["retryable"] : status >= 500,
		...(field === null ? {} : { field }),
		...(requestId === null ? {} : { requestId }),
		...(heldUntil === null ? {} : { heldUntil }),
		...(alternatives === null ? {} : { alternatives }),
	};
}

/** One live message, parsed. What comes over SSE or long-poll carries no `id`: the road knows whose it is and says so. */
export function decodeMessage(value: unknown, owner?: string): ServerMessage | null {
	const o = asObject(value);
	if (!o) return null;
	const id = owner ?? string(o["id"]);
	switch (o["type"]) {
		case "snapshot": {
			const position = string(o["position"]);
			const rows = listOf(o["rows"], decodeSlot);
			return id === null || position === null || rows === null ? null : { type: "snapshot", id, position, rows };
		}
		case "delta": {
			const from = string(o["from"]);
			const to = string(o["to"]);
			const upsert = listOf(o["upsert"], decodeSlot);
			const remove = listOf(o["remove"], string);
			if (id === null || from === null || to === null || upsert === null || remove === null) return null;
			return { type: "delta", id, from, to, upsert, remove };
		}
		case "status": {
			const state = oneOf(FRESHNESS, o["state"]);
			return state === null
				? null
				: { type: "status", state, lagMs: number(o["lag_ms"]) ?? 0, ageMs: number(o["age_ms"]) ?? 0 };
		}
		case "reset":
			return id === null ? null : { type: "reset", id, reason: string(o["reason"]) ?? "" };
		case "error":
			return { type: "error", id, problem: decodeProblem(o, number(o["status"]) ?? 400) };
		default:
			return null;
	}
}

function decodeService(value: unknown): Service | null {
	const o = asObject(value);
	const id = string(o?.["id"]);
	const name = string(o?.["name"]);
	const durationsMin = listOf(o?.["durations_min"] ?? [], number);
	const resources = listOf(o?.["resources"], string);
	if (id === null || name === null || durationsMin === null || resources === null) return null;
	return {
		id,
		name,
		durationsMin,
		resources,
		key: string(o?.["key"]) ?? id,
		stepMin: number(o?.["step_min"]) ?? 0,
		bufferBeforeMin: number(o?.["buffer_before_min"]) ?? 0,
		bufferAfterMin: number(o?.["buffer_after_min"]) ?? 0,
		horizonDays: number(o?.["horizon_days"]) ?? 92,
		noticeMin: number(o?.["notice_min"]) ?? 0,
		partyMax: number(o?.["party_max"]) ?? 1,
		holdTtlS: number(o?.["hold_ttl_s"]) ?? 300,
		note: string(o?.["note"]) ?? "",
		pricesMinor: listOf(o?.["prices_minor"], number) ?? [],
		pricePer: oneOf(PRICE_PER, o?.["price_per"]) ?? "booking",
	};
}

function decodeResource(value: unknown): Resource | null {
	const o = asObject(value);
	const id = string(o?.["id"]);
	const name = string(o?.["name"]);
	if (id === null || name === null) return null;
	return {
		id,
		name,
		key: string(o?.["key"]) ?? id,
		kind: string(o?.["kind"]) ?? "exclusive",
		capacity: number(o?.["capacity"]) ?? 1,
	};
}

export function decodeVenueSummary(value: unknown): VenueSummary | null {
	const o = asObject(value);
	const slug = string(o?.["slug"]);
	const name = string(o?.["name"]);
	const tz = string(o?.["tz"]);
	return slug === null || name === null || tz === null ? null : { slug, name, tz };
}

export function decodeVenue(value: unknown): Venue | null {
	const o = asObject(value);
	const summary = decodeVenueSummary(value);
	const services = listOf(o?.["services"], decodeService);
	const resources = listOf(o?.["resources"], decodeResource);
	if (!summary || services === null || resources === null) return null;
	const contact = asObject(o?.["contact"]);
	return {
		...summary,
		locale: string(o?.["locale"]) ?? "",
		currency: string(o?.["currency"]) ?? "",
		services,
		resources,
		contact: { phone: string(contact?.["phone"]) ?? "", email: string(contact?.["email"]) ?? "" },
	};
}

export function decodeBooking(value: unknown): Booking | null {
	const o = asObject(value);
	const ref = string(o?.["ref"]);
	const state = string(o?.["state"]);
	const service = string(o?.["service"]);
	const resource = string(o?.["resource"]);
	const start = string(o?.["start"]);
	const end = string(o?.["end"]);
	if (ref === null || state === null || service === null || start === null || end === null) return null;
	return {
		ref,
		state,
		service,
		start,
		end,
		resource: resource ?? "",
		party: number(o?.["party"]) ?? 1,
		holdExpiresAt: string(o?.["hold_expires_at"]),
		version: number(o?.["version"]) ?? 0,
		position: string(o?.["position"]) ?? "",
	};
}

export function decodeWaitlistEntry(value: unknown): WaitlistEntry | null {
	const o = asObject(value);
	const id = string(o?.["id"]);
	const state = string(o?.["state"]);
	return id === null || state === null ? null : { id, state, rank: number(o?.["rank"]) ?? 0 };
}
