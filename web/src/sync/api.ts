/*
 * The HTTP calls a visitor needs. Each answers with a Result; none throws.
 *
 * A write carries an Idempotency-Key that belongs to the intent, not to the attempt: the same call with the same payload
 * keeps its key until the server has given a definite outcome, through our own retries, through a person who presses the
 * button again, and (with sessionStorage) through a reload. So "did it work?" never becomes two bookings.
 */
import { backoffMs } from "./backoff.js";
import { asObject, decodeBooking, decodeProblem, decodeSlot, listOf, parseJson, type Booking, type Slot } from "./decode.js";
import { decodeVenue, decodeVenueSummary, decodeWaitlistEntry } from "./decode.js";
import type { Venue, VenueSummary, WaitlistEntry } from "./decode.js";
import type { Environment } from "./environment.js";
import { platform, type FetchLike, type KeyStorage } from "./platform.js";
import { failure, success, type Problem, type Result } from "./result.js";
import { queryMembers, queryString, type AvailabilityQuery } from "./transport.js";

export interface HoldRequest {
	readonly service: string;
	readonly resource?: string;
	readonly start: string;
	readonly durationMin?: number;
	readonly party?: number;
}

export interface Customer {
	readonly name: string;
	readonly email: string;
	readonly phone?: string;
}

export interface MoveRequest {
	readonly start: string;
	readonly resource?: string;
}

export interface WaitlistRequest {
	readonly service: string;
	readonly resource?: string;
	/** The span in which any start would do. */
	readonly from: string;
	readonly to: string;
	readonly party: number;
	readonly customer: Customer;
}

export interface ApiOptions {
	/** "" for the page's own origin. */
	readonly base: string;
	readonly environment: Pick<Environment, "after" | "random">;
	readonly fetch: FetchLike;
	readonly newKey: () => string;
	readonly storage?: KeyStorage;
}

export interface Api {
	hold(request: HoldRequest): Promise<Result<Booking>>;
	book(hold: string, customer: Customer): Promise<Result<Booking>>;
	extend(ref: string): Promise<Result<Booking>>;
	release(ref: string): Promise<Result<Booking>>;
	cancel(ref: string): Promise<Result<Booking>>;
	/** To another time; `version` is the one on the screen, so that nobody moves what somebody else has just moved (412). */
	move(ref: string, version: number, to: MoveRequest): Promise<Result<Booking>>;
	joinWaitlist(request: WaitlistRequest): Promise<Result<WaitlistEntry>>;
	booking(ref: string): Promise<Result<Booking>>;
	venues(): Promise<Result<readonly VenueSummary[]>>;
	venue(slug: string): Promise<Result<Venue>>;
	availability(query: AvailabilityQuery): Promise<Result<readonly Slot[]>>;
}

const ATTEMPTS = 3;
const TIMEOUT_MS = 15_000;
/** The server may have done it, or may do it in a moment: the same key asks again without doing it twice. */
const ASK_AGAIN: ReadonlySet<string> = new Set(["network", "outcome-unknown", "in-flight"]);

const NETWORK: Problem = {
	code: "network",
	status: 0,
	title: "No answer",
	detail: "The booking server did not answer. Nothing is lost: you can try again.",
	retryable: true,
};

export function createApi(options: ApiOptions): Api {
	const keys = sturdy(options.storage);

	const attempt = async (
		method: string,
		path: string,
		body: string | null,
		extra: Readonly<Record<string, string>>,
	): Promise<Result<unknown>> => {
		const abort = new platform.AbortController();
		const cancel = options.environment.after(TIMEOUT_MS, () => abort.abort());
		try {
			const response = await options.fetch(options.base + path, {
				method,
				signal: abort.signal,
				headers: {
					Accept: "application/json",
					...(body === null ? {} : { "Content-Type": "application/json" }),
					...extra,
				},
				...(body === null ? {} : { body }),
			});
			const value = parseJson(await response.text());
			if (response.ok) return success(value);
			const problem = decodeProblem(value, response.status);
			const requestId = problem.requestId ?? response.headers.get("X-Request-Id");
			return failure(requestId ? { ...problem, requestId } : problem);
		} catch {
			return failure(NETWORK);
		} finally {
			cancel();
		}
	};

	const pause = (n: number): Promise<void> =>
		new Promise((resolve) => options.environment.after(backoffMs(n, options.environment.random()), resolve));

	const call = async <T>(
		method: "GET" | "POST" | "PATCH",
		path: string,
		payload: object | null,
		decode: (value: unknown) => T | null,
		ifMatch = "",
	): Promise<Result<T>> => {
		const body = payload === null ? null : JSON.stringify(payload);
		const intent = method === "GET" ? null : `idempotency ${path} ${fingerprint(ifMatch + (body ?? ""))}`;
		const extra: Record<string, string> = ifMatch === "" ? {} : { "If-Match": ifMatch };
		if (intent !== null) {
			const key = keys.getItem(intent) ?? options.newKey();
			keys.setItem(intent, key);
			extra["Idempotency-Key"] = key;
		}
		for (let n = 0; ; n++) {
			const result = await attempt(method, path, body, extra);
			if (result.ok) {
				const value = decode(result.value);
				// It was done, whatever it says: the key stays, so that another try does not do it twice.
				if (value === null) return failure({ ...NETWORK, code: "bad-answer", title: "Unreadable answer" });
				if (intent !== null) keys.removeItem(intent);
				return success(value);
			}
			const again = ASK_AGAIN.has(result.error.code);
			if (again && n + 1 < ATTEMPTS) {
				await pause(n);
				continue;
			}
			// A gateway's 5xx may hide a write that was made, so the next attempt must be the same one.
			if (intent !== null && !again && result.error.status < 500) keys.removeItem(intent);
			return result;
		}
	};

	const path = (ref: string): string => encodeURIComponent(ref);
	return {
		hold: (request) =>
			call(
				"POST",
				"/v1/holds",
				{
					service: request.service,
					resource: request.resource,
					start: request.start,
					duration_min: request.durationMin,
					party: request.party,
				},
				decodeBooking,
			),
		book: (hold, customer) => call("POST", "/v1/bookings", { hold, customer }, decodeBooking),
		extend: (ref) => call("POST", `/v1/holds/${path(ref)}:extend`, {}, decodeBooking),
		release: (ref) => call("POST", `/v1/holds/${path(ref)}:release`, {}, decodeBooking),
		cancel: (ref) => call("POST", `/v1/bookings/${path(ref)}:cancel`, {}, decodeBooking),
		move: (ref, version, { start, resource }) =>
			call("PATCH", `/v1/bookings/${path(ref)}`, { start, resource }, decodeBooking, `"${version}"`),
		joinWaitlist: ({ service, resource, from, to, party, customer }) =>
			call("POST", "/v1/waitlist", { service, resource, from, to, party, customer }, decodeWaitlistEntry),
		booking: (ref) => call("GET", `/v1/bookings/${path(ref)}`, null, decodeBooking),
		venues: () => call("GET", "/v1/venues", null, (value) => listOf(asObject(value)?.["venues"], decodeVenueSummary)),
		venue: (slug) => call("GET", `/v1/venues/${path(slug)}`, null, decodeVenue),
		availability: (query) =>
			call("GET", `/v1/availability?${queryString(queryMembers(query))}`, null, (value) =>
				listOf(asObject(value)?.["slots"], decodeSlot),
			),
	};
}

/** FNV-1a over two seeds. It names an intent in storage without keeping a customer's words there; it guards nothing. */
function fingerprint(text: string): string {
	let a = 0x811c9dc5;
	let b = 0x01000193;
	for (let i = 0; i < text.length; i++) {
		a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
		b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b);
	}
	return (a >>> 0).toString(16) + (b >>> 0).toString(16);
}

/** In memory too: a storage that is full or forbidden costs what a reload would have kept, not the call. */
function sturdy(storage: KeyStorage | undefined): KeyStorage {
	const values = new Map<string, string>();
	const tried = <T>(run: () => T): T | undefined => {
		try {
			return run();
		} catch {
			return undefined;
		}
	};
	return {
		getItem: (name) => values.get(name) ?? tried(() => storage?.getItem(name)) ?? null,
		setItem(name, value) {
			values.set(name, value);
			tried(() => storage?.setItem(name, value));
		},
		removeItem(name) {
			values.delete(name);
			tried(() => storage?.removeItem(name));
		},
	};
}
