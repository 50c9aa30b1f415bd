/*
 * One connection for all tabs of a browser. Whoever holds the Web Lock leads: that tab runs the real transport, for itself and
 * for the others, who ask and are answered over BroadcastChannels. Over a WebSocket sixty tabs are one connection. SSE and
 * long-poll take a request for each query, whoever asks; of them there is one set for the browser, in one tab.
 *
 *   joining ──here──▶ following ──granted──▶ leading
 *      │ └─────────────granted───────────────▲
 *      └──quiet──▶ alone ◀──quiet── following
 *
 * A leader that closes, dies or loses its connection loses the lock; the browser grants it to another tab, which connects,
 * announces itself, and is asked by everybody anew from where their rows stand; what the old one said late is no longer heard.
 * Followers are not told `closed`: to their connection tables it is a pause like any other, and when the server is gone each
 * hears it from the attempt of its own. A leader whose lock is taken away (`steal`, by whatever script) is no leader: with two,
 * followers would turn from one to the other without end.
 * A leader that says nothing (frozen, stuck) keeps nobody dark: who hears nothing takes a connection of his own.
 * A tab that dies leaves no subscriptions behind: it held a lock of its own, and the leader stands in line for it. Heartbeats
 * were rejected in both directions, because timers of hidden tabs run once a minute.
 *
 * Equal queries of two tabs are two subscriptions: sharing one would need the rows here, and the server makes one delta for
 * both anyway.
 */
import { asObject } from "./decode.js";
import type { Environment } from "./environment.js";
import { createMembers, type Said } from "./members.js";
import { platform, type ChannelLike, type LocksLike } from "./platform.js";
import type { Connect, Subscribe, Transport } from "./transport.js";

export interface Sharing {
	readonly locks: LocksLike;
	readonly channel: (name: string) => ChannelLike;
	readonly environment: Pick<Environment, "after" | "random">;
}

/** A leader answers at once or is no leader. */
export const JOIN_MS = 1_000;
/** Longer than the slowest road is silent (3 s), shorter than the watchdog's patience (8 s). */
export const QUIET_MS = 7_000;

type Role = "joining" | "following" | "leading" | "alone" | "gone";
type Happening =
	/** the lock is ours */
	| "granted"
	/** a leader spoke whom we do not follow yet */
	| "here"
	/** nothing was heard for too long, or locks are refused here or were taken away */
	| "quiet"
	/** our own connection has ended */
	| "ended"
	| "close";
type Act =
	/** open the real transport */
	| "connect"
	/** tell the others that we lead */
	| "announce"
	/** ask for all subscriptions anew */
	| "ask"
	/** let go of locks, channels and transport */
	| "leave"
	| "closed";

interface Cell {
	readonly to: Role;
	readonly acts: readonly Act[];
}

const go = (to: Role, ...acts: Act[]): Cell => ({ to, acts });

export const SHARING: Readonly<Record<Role, Readonly<Record<Happening, Cell>>>> = {
	joining: {
		granted: go("leading", "connect", "ask", "announce"),
		here: go("following", "ask"),
		quiet: go("alone", "leave", "connect", "ask"),
		ended: go("joining"),
		close: go("gone", "leave"),
	},
	following: {
		granted: go("leading", "connect", "ask", "announce"),
		here: go("following", "ask"),
		quiet: go("alone", "leave", "connect", "ask"),
		ended: go("following"),
		close: go("gone", "leave"),
	},
	leading: {
		granted: go("leading"),
		here: go("leading"),
		quiet: go("gone", "leave", "closed"),
		ended: go("gone", "leave", "closed"),
		close: go("gone", "leave"),
	},
	alone: {
		granted: go("alone"),
		here: go("alone"),
		quiet: go("gone", "leave", "closed"),
		ended: go("gone", "leave", "closed"),
		close: go("gone", "leave"),
	},
	gone: {
		granted: go("gone"),
		here: go("gone"),
		quiet: go("gone"),
		ended: go("gone"),
		close: go("gone"),
	},
};

/** Sharing as this platform can, or null: then everybody has a connection of their own. */
export function platformSharing(environment: Sharing["environment"]): Sharing | null {
	const locks = platform.navigator?.locks;
	const Channel = platform.BroadcastChannel;
	return locks && Channel ? { locks, environment, channel: (name) => new Channel(name) } : null;
}

/** `name`: one for each server and road. */
export function sharedTransport(name: string, inner: Connect, sharing: Sharing | null): Connect {
	if (!sharing) return inner;
	const { locks, environment } = sharing;
	return (events) => {
		const me = environment.random().toString(36).slice(2);
		const abort = new platform.AbortController();
		const ends: (() => void)[] = [() => abort.abort(), () => members.close()];
		const asked = new Map<string, Subscribe>();
		let role: Role = "joining";
		let leader = "";
		let open = false;
		let told = false;
		/** We hold the lock that says that we live. Who called in before would be buried at once. */
		let known = false;
		let transport: Transport | null = null;
		let cancelQuiet: () => void = () => {};
		const nameOf = (member: string): string => `${name} ${member}`;
		const members = createMembers({ ...sharing, me, nameOf, signal: abort.signal, transport: () => transport });

		const listen = (to: string, hear: (said: Said) => void): ChannelLike => {
			const channel = sharing.channel(to);
			channel.addEventListener("message", ({ data }) => hear(data as Said));
			ends.push(() => channel.close());
			return channel;
		};
		const hold = (lock: string, run: () => void): void => {
			const held = (): Promise<void> =>
				new Promise((release) => {
					ends.push(release);
					if (role === "gone" || role === "alone") release();
					else run();
				});
			locks.request(lock, { signal: abort.signal }, held).catch(() => {
				// Our own leaving also ends here.
				if (role !== "alone") happen("quiet");
			});
		};
		const waiting = (): boolean => role === "joining" || role === "following";
		const expect = (ms: number): void => {
			cancelQuiet();
			cancelQuiet = environment.after(ms, () => happen("quiet"));
		};
		const opened = (): void => {
			if (told) return;
			told = true;
			events.opened();
		};

		const heardLeader = (said: Said): void => {
			if (!waiting() || !known) return;
			if (said.from !== leader) {
				// Only an announcement makes a leader; anything else is the last word of one who has gone.
				if (said.open === undefined) return;
				leader = said.from;
				happen("here");
			}
			expect(QUIET_MS);
			if (said.open) opened();
			if (said.data !== undefined) events.message(said.data, said.id);
		};

		const say = (said: Omit<Said, "from">): void => common.postMessage({ from: me, ...said });
		/** What the real transport heard, to whom it belongs. */
		const route = (data: unknown, stream?: string): void => {
			const id = stream ?? asObject(data)?.["id"];
			if (typeof id !== "string") {
				if (role === "leading") say({ data });
				return events.message(data);
			}
			const [whose, own] = id.split(".") as [string, string];
			if (whose === me) events.message(data, own);
			else members.give(whose, own, data);
		};
		/** Its name on the shared connection. */
		const wire = (id: string): string => `${me}.${id}`;
		const ask = (request: Subscribe): void => {
			asked.set(request.id, request);
			const words = { id: wire(request.id), query: request.query, after: request.after };
			if (transport) transport.subscribe(words);
			else if (role === "following") say({ asks: [words] });
		};

		const acts: Readonly<Record<Act, () => void>> = {
			connect() {
				expect(QUIET_MS);
				transport = inner({
					opened() {
						open = true;
						if (role === "leading") say({ open });
						cancelQuiet();
						opened();
					},
					message: route,
					closed: () => happen("ended"),
				});
			},
			announce: () => say({ open }),
			ask: () => asked.forEach(ask),
			leave() {
				cancelQuiet();
				transport?.close();
				for (const end of ends.splice(0)) end();
			},
			closed: () => events.closed(),
		};
		const happen = (event: Happening): void => {
			const cell = SHARING[role][event];
			role = cell.to;
			for (const act of cell.acts) acts[act]();
		};

		const common = listen(name, (said) => {
			if (!(said.asks ?? said.drops)) heardLeader(said);
			else if (role === "leading") members.hear(said, open);
		});
		listen(nameOf(me), heardLeader);
		expect(JOIN_MS);
		hold(nameOf(me), () => {
			known = true;
			say({ asks: [] });
		});
		hold(name, () => happen("granted"));
		return {
			subscribe: ask,
			unsubscribe(id) {
				asked.delete(id);
				if (transport) transport.unsubscribe(wire(id));
				else if (role === "following") say({ drops: [wire(id)] });
			},
			close: () => happen("close"),
		};
	};
}
