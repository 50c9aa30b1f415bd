/*
 * What a road for the messages is. It reports `opened` once and `closed` once; it never reconnects by itself (the connection
 * table decides that), also where the platform would (EventSource). It carries what it hears unread: whoever listens decodes,
 * so that a tab of yesterday's release can carry messages for a tab of today's.
 */
export interface AvailabilityQuery {
	readonly service: string;
	readonly resource?: string;
	/** Venue-local dates, inclusive. */
	readonly from: string;
	readonly to: string;
	readonly durationMin?: number;
	readonly party?: number;
	/** At most so many changes of the list a second, 1/60 to 1000; what happens between comes as one. Default: as they come. */
	readonly maxPerS?: number;
}

export interface Subscribe {
	readonly id: string;
	readonly query: AvailabilityQuery;
	/** Where the subscriber's rows stand at the moment of reading; null: he has none. */
	readonly after: string | null;
}

export interface TransportEvents {
	opened(): void;
	/** A JSON value. `id`: whose it is, where the road knows it and the message does not say. */
	message(data: unknown, id?: string): void;
	closed(): void;
}

export interface Transport {
	subscribe(request: Subscribe): void;
	unsubscribe(id: string): void;
	close(): void;
}

export type Connect = (events: TransportEvents) => Transport;

type Members = Readonly<Record<string, string | number | undefined>>;

export function queryMembers(query: AvailabilityQuery): Members {
	const { service, resource, from, to, durationMin, party } = query;
	return { service, resource, from, to, duration_min: durationMin, party };
}

/** Members of a subscribe message, and parameters of the addresses of SSE and long-poll. */
export function subscribeMembers(request: Subscribe): Members {
	return { topic: "availability", ...queryMembers(request.query), max_per_s: request.query.maxPerS, after: request.after ?? undefined };
}

export function queryString(members: Members): string {
	return Object.entries(members)
		.flatMap(([name, value]) => (value === undefined ? [] : `${name}=${encodeURIComponent(value)}`))
		.join("&");
}
