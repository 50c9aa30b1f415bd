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
	readonly horizonDays: number;
	readonly noticeMin: number;
	readonly partyMax: number;
	readonly holdTtlS: number;
	readonly resources: readonly string[];
}

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
	return { id, service, resource, start, end, capacity, remaining, state };
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

/** One live message. SSE data carries no `id`: the stream is the subscription, so the caller passes it. */
export function decodeMessage(text: string, streamId?: string): ServerMessage | null {
	const o = asObject(parseJson(text));
	if (!o) return null;
	const id = string(o["id"]) ?? streamId ?? null;
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
		horizonDays: number(o?.["horizon_days"]) ?? 92,
		noticeMin: number(o?.["notice_min"]) ?? 0,
		partyMax: number(o?.["party_max"]) ?? 1,
		holdTtlS: number(o?.["hold_ttl_s"]) ?? 300,
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
