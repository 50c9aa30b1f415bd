/*
 * The live client: runs the connection table and the subscription tables over whichever transport works.
 *
 * Transports are tried in the order given (WebSocket, SSE, long-poll), each FALL_BACK times, until one opens. That one is then
 * preferred: while it fails, only every PROBE-th attempt tries the next road. So a proxy that swallows WebSockets costs two
 * quick attempts, a server that restarts does not push its visitors onto the slower road, and a laptop that moves behind
 * such a proxy still finds a way.
 *
 * The watchdog: the server says `status` every 3 s. Anything that arrives is a tick.
 */
import { backoffMs } from "./backoff.js";
import { CONNECTION, type ConnectionEvent, type ConnectionEffect, type ConnectionState } from "./connection.js";
import { decodeMessage, type Freshness, type ServerMessage } from "./decode.js";
import type { Environment } from "./environment.js";
import type { Problem } from "./result.js";
import { createSlotStore, type SlotStore } from "./slots.js";
import { shownState, type Status } from "./status.js";
import { SUBSCRIPTION, type SubscriptionEvent, type SubscriptionState } from "./subscription.js";
import type { AvailabilityQuery, Connect, Transport } from "./transport.js";

export const LATE_MS = 8_000;
export const SILENT_MS = 30_000;
/** A transport that does not open within this time has failed. */
export const OPEN_MS = 8_000;
const FALL_BACK = 2;
const PROBE = 4;

export interface Availability {
	readonly query: AvailabilityQuery;
	readonly slots: SlotStore;
	/** Where the rows stand; null before the first snapshot. */
	position(): string | null;
	status(): Status;
	/** Called whenever status().state may have changed. */
	onStatus(listener: (status: Status) => void): () => void;
	close(): void;
}

export interface LiveClient {
	availability(query: AvailabilityQuery): Availability;
	/** The tab is visible again, the network is back, or a person asks: look now, do not wait. */
	wake(): void;
	offline(): void;
	state(): ConnectionState;
	close(): void;
}

interface Subscription {
	id: string;
	readonly query: AvailabilityQuery;
	readonly slots: SlotStore;
	state: SubscriptionState;
	position: string | null;
	problem: Problem | undefined;
	readonly listeners: Set<(status: Status) => void>;
}

export function createLiveClient(environment: Environment, transports: readonly Connect[]): LiveClient {
	let state: ConnectionState = "idle";
	let transport: Transport | null = null;
	let generation = 0;
	let proven: number | null = null;
	let failures = 0;
	let attempt = 0;
	let nextId = 1;
	let heardAt = environment.now();
	let server: { state: Freshness; lagMs: number; ageMs: number } = { state: "live", lagMs: 0, ageMs: 0 };
	let cancelWatch: () => void = () => {};
	let cancelRetry: () => void = () => {};
	const subscriptions = new Set<Subscription>();

	const statusOf = (subscription: Subscription): Status => ({
		state: shownState(state, subscription.state, server.state),
		lagMs: server.lagMs,
		ageMs: Math.max(0, environment.now() - heardAt) + server.ageMs,
		...(subscription.problem ? { problem: subscription.problem } : {}),
	});
	const publish = (): void => {
		for (const subscription of subscriptions) {
			const status = statusOf(subscription);
			for (const listener of [...subscription.listeners]) listener(status);
		}
	};

	const ask = (subscription: Subscription): void => {
		subscription.id = String(nextId++);
		transport?.subscribe({
			id: subscription.id,
			query: subscription.query,
			get after() {
				return subscription.position;
			},
		});
	};

	const happenTo = (subscription: Subscription, event: SubscriptionEvent, message?: ServerMessage): void => {
		const cell = SUBSCRIPTION[subscription.state][event];
		subscription.state = cell.to;
		for (const effect of cell.effects) {
			switch (effect) {
				case "replace":
					if (message?.type !== "snapshot") break;
					subscription.position = message.position;
					subscription.problem = undefined;
					subscription.slots.replace(message.rows);
					break;
				case "patch":
					if (message?.type !== "delta") break;
					subscription.position = message.to;
					subscription.slots.patch(message.upsert, message.remove);
					break;
				case "forget":
					subscription.position = null;
					break;
				case "rejoin":
					transport?.unsubscribe(subscription.id);
					ask(subscription);
					break;
				case "leave":
					transport?.unsubscribe(subscription.id);
					break;
			}
		}
	};

	const nextRoad = (): number => {
		if (proven === null) return Math.floor(failures / FALL_BACK) % transports.length;
		if (failures % PROBE !== PROBE - 1 || transports.length < 2) return proven;
		const detour = 1 + (Math.floor(failures / PROBE) % (transports.length - 1));
		return (proven + detour) % transports.length;
	};

	const connect = (): void => {
		cancelWatch();
		cancelRetry();
		transport?.close();
		const mine = ++generation;
		const current = (run: () => void): void => {
			if (mine === generation) run();
		};
		const road = nextRoad();
		const make = transports[road];
		if (!make) return;
		cancelWatch = environment.after(OPEN_MS, () => current(fail));
		transport = make({
			opened: () =>
				current(() => {
					proven = road;
					failures = 0;
					happen("opened");
				}),
			message: (data, owner) =>
				current(() => {
					const message = decodeMessage(data, owner);
					if (message) receive(message);
				}),
			closed: () => current(fail),
		});
		for (const subscription of subscriptions) ask(subscription);
	};

	const fail = (): void => {
		drop();
		failures += 1;
		happen("closed");
	};

	const drop = (): void => {
		generation += 1;
		cancelWatch();
		cancelRetry();
		transport?.close();
		transport = null;
	};

	const watch = (): void => {
		cancelWatch();
		cancelWatch = environment.after(LATE_MS, () => {
			cancelWatch = environment.after(SILENT_MS - LATE_MS, () => happen("silent"));
			happen("late");
		});
	};

	const later = (ms: number): void => {
		cancelRetry();
		cancelRetry = environment.after(ms, () => happen("retry"));
	};

	const effects: Readonly<Record<ConnectionEffect, () => void>> = {
		connect,
		drop,
		watch,
		soon: () => later(backoffMs(0, environment.random()) / 2),
		backoff: () => later(backoffMs(attempt++, environment.random())),
		joined: () => {
			for (const subscription of subscriptions) happenTo(subscription, "connected");
		},
		check: () => {
			if (environment.now() - heardAt < LATE_MS) return;
			happen("late");
			happen("wake");
		},
	};

	const happen = (event: ConnectionEvent): void => {
		const cell = CONNECTION[state][event];
		state = cell.to;
		for (const effect of cell.effects) effects[effect]();
		publish();
	};

	const receive = (message: ServerMessage): void => {
		heardAt = environment.now();
		attempt = 0;
		if (message.type === "status") {
			server = message;
			for (const subscription of subscriptions) happenTo(subscription, "tick");
		} else {
			for (const subscription of subscriptions) {
				if (subscription.id !== message.id) continue;
				deliver(subscription, message);
			}
		}
		happen("tick");
	};

	const deliver = (subscription: Subscription, message: Exclude<ServerMessage, { type: "status" }>): void => {
		switch (message.type) {
			case "snapshot":
			case "reset":
				happenTo(subscription, message.type, message);
				break;
			case "delta":
				happenTo(subscription, message.from === subscription.position ? "delta" : "gap", message);
				break;
			case "error":
				subscription.problem = message.problem;
				happenTo(subscription, "refused");
				break;
		}
	};

	return {
		availability(query) {
			const subscription: Subscription = {
				id: "",
				query,
				slots: createSlotStore(environment),
				state: "waiting",
				position: null,
				problem: undefined,
				listeners: new Set(),
			};
			subscriptions.add(subscription);
			if (state === "idle") happen("start");
			else if (transport) ask(subscription);
			return {
				query,
				slots: subscription.slots,
				position: () => subscription.position,
				status: () => statusOf(subscription),
				onStatus(listener) {
					subscription.listeners.add(listener);
					return () => void subscription.listeners.delete(listener);
				},
				close() {
					happenTo(subscription, "close");
					subscriptions.delete(subscription);
					if (subscriptions.size === 0) happen("stop");
				},
			};
		},
		wake: () => happen("wake"),
		offline: () => happen("offline"),
		state: () => state,
		close() {
			for (const subscription of subscriptions) happenTo(subscription, "close");
			subscriptions.clear();
			happen("stop");
		},
	};
}
