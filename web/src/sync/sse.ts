/*
 * Server-sent events: one stream per subscription; the transport is open when the first of them is. A stream that the server
 * refuses while others are well is that subscription's trouble: the others, perhaps of other tabs, keep theirs.
 */
import { parseJson } from "./decode.js";
import { platform, type SourceClass, type SourceLike } from "./platform.js";
import { queryString, subscribeMembers, type Connect } from "./transport.js";

/** The platform will not try this stream again: the answer was no stream. Why, it does not say. */
const CLOSED = 2;
const REFUSED = { type: "error", code: "bad-request", detail: "The booking server does not answer this question." };
const EVENT_TYPES = ["snapshot", "delta", "status", "reset", "error"] as const;

/** `url`: address of /v1/live/sse. */
export function sseTransport(url: string, sourceClass = platform.EventSource as SourceClass): Connect {
	return (events) => {
		const sources = new Map<string, SourceLike>();
		let done = false;
		let open = false;
		const close = (): void => {
			done = true;
			for (const source of sources.values()) source.close();
			sources.clear();
		};
		const listen = (id: string, source: SourceLike): void => {
			let heard = false;
			source.addEventListener("open", () => {
				heard = true;
				if (open || done) return;
				open = true;
				events.opened();
			});
			for (const type of EVENT_TYPES) {
				source.addEventListener(type, ({ data }) => {
					if (done || sources.get(id) !== source) return;
					// The platform's own "error" event has no data; the server's message of that type has.
					if (typeof data === "string") return events.message(parseJson(data), id);
					if (open && !heard && source.readyState === CLOSED) {
						sources.delete(id);
						return events.message(REFUSED, id);
					}
					close();
					events.closed();
				});
			}
		};
		return {
			subscribe(request) {
				const source = new sourceClass(`${url}?${queryString(subscribeMembers(request))}`);
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
