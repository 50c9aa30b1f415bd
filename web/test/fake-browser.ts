/*
 * A browser with several tabs: Web Locks and BroadcastChannels as the platform has them, delivered when the test says so.
 * A tab can close its client, die (the browser ends it: locks are freed, nothing more is said) or hang (locks are kept).
 */
import type { Environment } from "../src/sync/environment.js";
import { createLiveClient, type Availability, type LiveClient } from "../src/sync/live.js";
import type { ChannelLike, EventLike, LocksLike } from "../src/sync/platform.js";
import { sharedTransport, type Sharing } from "../src/sync/shared.js";
import type { SlotBatch } from "../src/sync/slots.js";
import type { Subscribe } from "../src/sync/transport.js";
import { FakeServer, FakeWorld } from "./fake.js";

export const QUERY = { service: "1", from: "2026-11-16", to: "2026-11-22" };

interface Request {
	readonly tab: Tab;
	readonly run: () => Promise<void>;
	readonly fail: (error: Error) => void;
}

class Channel implements ChannelLike {
	listener: ((event: EventLike) => void) | null = null;
	constructor(
		readonly browser: FakeBrowser,
		readonly tab: Tab,
		readonly name: string,
	) {
		browser.channels.add(this);
	}
	addEventListener(_type: string, listener: (event: EventLike) => void): void {
		this.listener = listener;
	}
	postMessage(data: unknown): void {
		if (!this.browser.channels.has(this)) throw new Error("the channel is closed");
		const copy = structuredClone(data);
		for (const other of this.browser.channels)
			if (other !== this && other.name === this.name) this.browser.post.push({ to: other, data: copy });
	}
	close(): void {
		this.browser.channels.delete(this);
	}
}

export class FakeBrowser {
	readonly world = new FakeWorld();
	readonly channels = new Set<Channel>();
	post: { to: Channel; data: unknown }[] = [];
	private readonly lines = new Map<string, Request[]>();
	private tabs = 0;

	tab(): Tab {
		return new Tab(this, ++this.tabs);
	}
	/** Everything that was said is heard, locks change hands, until nothing more happens. */
	async settle(): Promise<void> {
		for (;;) {
			for (let i = 0; i < 20; i++) await null;
			const batch = this.post.splice(0);
			if (batch.length === 0) return;
			for (const { to, data } of batch) if (this.channels.has(to) && !to.tab.hung) to.listener?.({ type: "message", data });
		}
	}
	async pass(ms: number): Promise<void> {
		this.world.pass(ms);
		await this.settle();
	}
	/** Who holds a lock of this name: 1 is the first tab; 0: nobody. */
	holder(name: string): number {
		return this.lines.get(name)?.[0]?.tab.number ?? 0;
	}

	/** Another script takes this lock and gives it back at once. */
	steal(name: string): void {
		const [holder] = this.lines.get(name) ?? [];
		holder?.fail(new Error("AbortError"));
		this.leaveLine(name, (other) => other === holder);
	}

	locksOf(tab: Tab): LocksLike {
		return {
			request: (name, { signal }, run) =>
				new Promise((resolve, reject) => {
					const line = this.lines.get(name) ?? [];
					this.lines.set(name, line);
					const request: Request = { tab, fail: reject, run: () => run().then(() => this.release(name, request, resolve)) };
					(signal as AbortSignal).addEventListener("abort", () => {
						if (line.indexOf(request) < 1) return;
						line.splice(line.indexOf(request), 1);
						reject(new Error("aborted"));
					});
					line.push(request);
					if (line[0] === request) this.grant(request);
				}),
		};
	}
	private grant(request: Request): void {
		queueMicrotask(() => void request.run());
	}
	private release(name: string, request: Request, resolve: (value: unknown) => void): void {
		resolve(undefined);
		this.leaveLine(name, (other) => other === request);
	}
	private leaveLine(name: string, who: (request: Request) => boolean): void {
		const line = this.lines.get(name) ?? [];
		const first = line[0];
		for (const request of line.filter(who)) line.splice(line.indexOf(request), 1);
		if (line[0] && line[0] !== first) this.grant(line[0]);
	}
	end(tab: Tab): void {
		for (const channel of this.channels) if (channel.tab === tab) this.channels.delete(channel);
		for (const name of this.lines.keys()) this.leaveLine(name, (request) => request.tab === tab);
	}
}

export class Tab {
	/** The road to the server, should this tab take it. */
	readonly server = new FakeServer();
	readonly client: LiveClient;
	readonly batches: SlotBatch[] = [];
	/** What people were told, in order, without repetitions. */
	readonly told: string[] = [];
	hung = false;
	private dead = false;

	constructor(
		private readonly browser: FakeBrowser,
		readonly number: number,
	) {
		const { world } = browser;
		const awake = (run: () => void) => (): void => {
			if (!this.dead && !this.hung) run();
		};
		let chance = 0;
		const environment: Environment = {
			now: () => world.now(),
			after: (ms, run) => world.after(ms, awake(run)),
			frame: (run) => world.frame(awake(run)),
			random: () => (number * 1_000 + ++chance) / 1_000_000,
		};
		const sharing: Sharing = {
			environment,
			locks: browser.locksOf(this),
			channel: (name) => new Channel(browser, this, name),
		};
		this.client = createLiveClient(environment, [sharedTransport("x", this.server.connect, sharing)]);
	}
	watch(query = QUERY): Availability {
		const view = this.client.availability(query);
		view.slots.subscribe((batch) => this.batches.push(batch));
		view.onStatus(({ state }) => {
			if (this.told.at(-1) !== state) this.told.push(state);
		});
		return view;
	}
	/** The n-th subscription that this tab's connection was asked for. */
	asked(n: number): Subscribe {
		const request = this.server.asked[n];
		if (!request) throw new Error(`only ${this.server.asked.length} were asked`);
		return request;
	}
	/** The server says something on this tab's connection. */
	say(message: object): void {
		this.server.events?.message(message);
	}
	die(): void {
		this.dead = true;
		this.server.events = null;
		this.browser.end(this);
	}
}
