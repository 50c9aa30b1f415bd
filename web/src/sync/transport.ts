/*
 * Two roads for the same messages. A transport reports `opened` once and `closed` once; it never reconnects by itself (the
 * connection table decides that), also where the platform would (EventSource).
 */
import { decodeMessage, type ServerMessage } from "./decode.js";

export interface AvailabilityQuery {
	readonly service: string;
	readonly resource?: string;
	/** Venue-local dates, inclusive. */
	readonly from: string;
	readonly to: string;
	readonly durationMin?: number;
	readonly party?: number;
}

export interface Subscribe {
	readonly id: string;
	readonly query: AvailabilityQuery;
	readonly after: string | null;
}

export interface TransportEvents {
	opened(): void;
	message(message: ServerMessage): void;
	closed(): void;
}

export interface Transport {
	subscribe(request: Subscribe): void;
	unsubscribe(id: string): void;
	close(): void;
}

export type Connect = (events: TransportEvents) => Transport;

/** Members of a subscribe message, and parameters of the SSE address. */
export function subscribeMembers(request: Subscribe): Record<string, string | number> {
	const { query } = request;
	return {
		topic: "availability",
		service: query.service,
		...(query.resource === undefined ? {} : { resource: query.resource }),
		from: query.from,
		to: query.to,
		...(query.durationMin === undefined ? {} : { duration_min: query.durationMin }),
		...(query.party === undefined ? {} : { party: query.party }),
		...(request.after === null ? {} : { after: request.after }),
	};
}

/** `url`: ws: or wss: address of /v1/live. */
export function webSocketTransport(url: string, socketClass: typeof WebSocket = WebSocket): Connect {
	return (events) => {
		const socket = new socketClass(url, "rowcast.v1+json");
		let done = false;
		const waiting: string[] = [];
		const end = (): void => {
			if (done) return;
			done = true;
			events.closed();
		};
		const send = (message: object): void => {
			const text = JSON.stringify(message);
			if (socket.readyState === socket.OPEN) socket.send(text);
			else waiting.push(text);
		};
		socket.onopen = () => {
			for (const text of waiting.splice(0)) socket.send(text);
			if (!done) events.opened();
		};
		socket.onmessage = (event: MessageEvent<unknown>) => {
			const message = typeof event.data === "string" ? decodeMessage(event.data) : null;
			if (message && !done) events.message(message);
		};
		socket.onclose = end;
		socket.onerror = end;
		return {
			subscribe: (request) => send({ type: "subscribe", id: request.id, ...subscribeMembers(request) }),
			unsubscribe: (id) => send({ type: "unsubscribe", id }),
			close() {
				done = true;
				socket.close();
			},
		};
	};
}

const EVENT_TYPES = ["snapshot", "delta", "status", "reset", "error"] as const;

/** `url`: address of /v1/live/sse. One stream per subscription; the transport is open when the first of them is. */
export function sseTransport(url: string, sourceClass: typeof EventSource = EventSource): Connect {
	return (events) => {
		const sources = new Map<string, EventSource>();
		let done = false;
		let open = false;
		const close = (): void => {
			done = true;
			for (const source of sources.values()) source.close();
			sources.clear();
		};
		const listen = (id: string, source: EventSource): void => {
			source.onopen = () => {
				if (open || done) return;
				open = true;
				events.opened();
			};
			for (const type of EVENT_TYPES) {
				source.addEventListener(type, (event: Event) => {
					if (done) return;
					// The platform's own "error" event has no data; the server's message of that type has.
					const data: unknown = event instanceof MessageEvent ? event.data : undefined;
					if (typeof data === "string") {
						const message = decodeMessage(data, id);
						if (message) events.message(message);
					} else {
						close();
						events.closed();
					}
				});
			}
		};
		return {
			subscribe(request) {
				const parameters = new URLSearchParams();
				for (const [name, value] of Object.entries(subscribeMembers(request))) parameters.set(name, String(value));
				const source = new sourceClass(`${url}?${parameters.toString()}`);
				sources.set(request.id, source);
				listen(request.id, source);
			},
			unsubscribe(id) {
				sources.get(id)?.close();
				sources.delete(id);
			},
			close,
		};
	};
}
