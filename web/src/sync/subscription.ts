/*
 * One subscription on that connection, as a total table.
 *
 *   waiting ──snapshot──▶ joined ──connected──▶ resuming ──delta, tick, snapshot──▶ joined
 *                           │ reset                │ reset
 *                           └──▶ rebuilding ◀──────┘
 *                                    └──snapshot──▶ joined
 *
 * Rows are kept through `resuming` and `rebuilding`: a screen never goes blank because a connection did. A resumed
 * subscription on which nothing changed gets no delta, so the server's next tick is what confirms it.
 */
export type SubscriptionState = "waiting" | "joined" | "resuming" | "rebuilding" | "refused" | "closed";

export type SubscriptionEvent =
	/** a new connection carries it: it was asked for again, with `after` when it has rows */
	| "connected"
	| "snapshot"
	/** a delta that continues our position */
	| "delta"
	/** a delta that does not */
	| "gap"
	| "tick"
	| "reset"
	/** the server answered with an error */
	| "refused"
	| "close";

export type SubscriptionEffect =
	/** put the snapshot in the place of all rows */
	| "replace"
	/** apply the delta */
	| "patch"
	/** ask again from our position */
	| "rejoin"
	/** forget our position: only a snapshot helps */
	| "forget"
	/** leave the subscription */
	| "leave";

interface Cell {
	readonly to: SubscriptionState;
	readonly effects: readonly SubscriptionEffect[];
}

const go = (to: SubscriptionState, ...effects: SubscriptionEffect[]): Cell => ({ to, effects });

export const SUBSCRIPTION: Readonly<Record<SubscriptionState, Readonly<Record<SubscriptionEvent, Cell>>>> = {
	waiting: {
		connected: go("waiting"),
		snapshot: go("joined", "replace"),
		delta: go("waiting"),
		gap: go("waiting"),
		tick: go("waiting"),
		reset: go("waiting"),
		refused: go("refused"),
		close: go("closed", "leave"),
	},
	joined: {
		connected: go("resuming"),
		snapshot: go("joined", "replace"),
		delta: go("joined", "patch"),
		gap: go("resuming", "rejoin"),
		tick: go("joined"),
		reset: go("rebuilding", "forget"),
		refused: go("refused"),
		close: go("closed", "leave"),
	},
	resuming: {
		connected: go("resuming"),
		snapshot: go("joined", "replace"),
		delta: go("joined", "patch"),
		gap: go("rebuilding", "forget", "rejoin"),
		tick: go("joined"),
		reset: go("rebuilding", "forget"),
		refused: go("refused"),
		close: go("closed", "leave"),
	},
	rebuilding: {
		connected: go("rebuilding"),
		snapshot: go("joined", "replace"),
		delta: go("rebuilding"),
		gap: go("rebuilding"),
		tick: go("rebuilding"),
		reset: go("rebuilding", "forget"),
		refused: go("refused"),
		close: go("closed", "leave"),
	},
	refused: {
		connected: go("waiting"),
		snapshot: go("joined", "replace"),
		delta: go("refused"),
		gap: go("refused"),
		tick: go("refused"),
		reset: go("refused", "forget"),
		refused: go("refused"),
		close: go("closed", "leave"),
	},
	closed: {
		connected: go("closed"),
		snapshot: go("closed"),
		delta: go("closed"),
		gap: go("closed"),
		tick: go("closed"),
		reset: go("closed"),
		refused: go("closed"),
		close: go("closed"),
	},
};
