/* Server-sent events: one stream per subscription; the transport is open when the first of them is. */
import { parseJson } from "./decode.js";
import { platform, type SourceClass, type SourceLike } from "./platform.js";
import { queryString, subscribeMembers, type Connect } from "./transport.js";

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
			source.addEventListener("open", () => {
				if (open || done) return;
				open = true;
				events.opened();
			});
			for (const type of EVENT_TYPES) {
				source.addEventListener(type, ({ data }) => {
					if (done || sources.get(id) !== source) return;
					// The platform's own "error" event has no data; the server's message of that type has.
					if (typeof data === "string") return events.message(parseJson(data), id);
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
