/*
 * A cable between browser and server, of real sockets, that a test may pull at: everything passes, comes late, stands still, is cut, or is
 * refused. What it cannot do is change the order of bytes: below TCP's promise a browser never sees any other, so reordering is no
 * state of the page.
 *
 * A fault concerns the connections whose first line matches: /^GET \/v1\/live/ leaves the page itself alone.
 */
import { EventEmitter, once } from "node:events";
import { connect, createServer } from "node:net";

export class Wire {
	#server = createServer((near) => this.#accept(near));
	#pairs = new Set();
	#events = new EventEmitter();
	#target;
	#port = 0;
	#mode = "pass";
	#match = /^/;
	#lateMs = 0;
	url = "";

	constructor(target) {
		this.#target = new URL(target);
	}

	async start() {
		this.#server.listen(this.#port, "127.0.0.1");
		await once(this.#server, "listening");
		this.#port = this.#server.address().port;
		this.url = `http://127.0.0.1:${this.#port}`;
		return this;
	}

	/** All is well again; what was kept back goes on its way. */
	async pass() {
		this.#mode = "pass";
		this.#lateMs = 0;
		if (!this.#server.listening) await this.start();
		for (const pair of this.#pairs) pair.release();
	}
	/** Every piece comes so much later, in order. */
	delay(ms) {
		this.#lateMs = ms;
	}
	/** Nothing comes through, and nobody is told. */
	async stall(match = /^/) {
		this.#mode = "stall";
		this.#match = match;
		if (!this.#server.listening) await this.start();
	}
	/** Somebody asks for something on a new connection. */
	asked() {
		return once(this.#events, "asked");
	}
	/** What is connected breaks; new connections pass. */
	cut(match = /^/) {
		for (const pair of this.#pairs) if (match.test(pair.first)) pair.break();
	}
	/** What is connected breaks, and nobody answers any more. */
	async refuse() {
		const closed = once(this.#server, "close");
		this.#server.close();
		this.cut();
		await closed;
	}
	async destroy() {
		if (this.#server.listening) await this.refuse();
	}

	#accept(near) {
		const far = connect(Number(this.#target.port), this.#target.hostname);
		const waiting = [];
		const pair = {
			first: "",
			release: () => {
				for (const go of waiting.splice(0)) go();
			},
			break: () => {
				near.resetAndDestroy();
				far.destroy();
			},
		};
		this.#pairs.add(pair);
		const carry = (from, to) => {
			from.on("data", (bytes) => {
				if (pair.first === "") {
					pair.first = bytes.toString("latin1").split("\r\n", 1)[0];
					this.#events.emit("asked");
				}
				const go = () => to.write(bytes);
				const held = this.#mode === "stall" && this.#match.test(pair.first);
				if (held || waiting.length > 0) waiting.push(go);
				else if (this.#lateMs > 0) setTimeout(go, this.#lateMs);
				else go();
			});
			from.on("error", () => {});
			from.on("close", () => {
				this.#pairs.delete(pair);
				to.destroy();
			});
		};
		carry(near, far);
		carry(far, near);
	}
}
