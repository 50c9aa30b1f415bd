/* One socket for all subscriptions. */
import { parseJson } from "./decode.js";
import { platform, type SocketClass } from "./platform.js";
import { subscribeMembers, type Connect } from "./transport.js";

const OPEN = 1;

/** `url`: ws: or wss: address of /v1/live. */
export function webSocketTransport(url: string, socketClass = platform.WebSocket as SocketClass): Connect {
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
			if (socket.readyState === OPEN) socket.send(text);
			else waiting.push(text);
		};
		socket.addEventListener("open", () => {
			for (const text of waiting.splice(0)) socket.send(text);
			if (!done) events.opened();
		});
		socket.addEventListener("message", ({ data }) => {
			if (typeof data === "string" && !done) events.message(parseJson(data));
		});
		socket.addEventListener("close", end);
		socket.addEventListener("error", end);
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
