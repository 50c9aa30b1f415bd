/*
 * What people are told, derived from the two tables and the server's own word. Total again: every pair has an answer.
 */
import type { ConnectionState } from "./connection.js";
import type { Freshness } from "./decode.js";
import type { Problem } from "./result.js";
import type { SubscriptionState } from "./subscription.js";

export type StatusState = "loading" | Freshness | "offline" | "error";

export interface Status {
	readonly state: StatusState;
	/** How long the slowest change since the last status took from its commit to the wire; 0: there was none. */
	readonly lagMs: number;
	/** How old the rows may be, now. */
	readonly ageMs: number;
	/** Why the server refused the subscription (state error). */
	readonly problem?: Problem;
}

/** "server": whatever the server's last status message said. */
type Shown = StatusState | "server";

const ROW = (waiting: Shown, rows: Shown, refused: Shown): Readonly<Record<SubscriptionState, Shown>> => ({
	waiting,
	joined: rows,
	resuming: rows === "server" ? "delayed" : rows,
	rebuilding: rows === "server" ? "delayed" : rows,
	refused,
	closed: "offline",
});

export const SHOWN: Readonly<Record<ConnectionState, Readonly<Record<SubscriptionState, Shown>>>> = {
	idle: ROW("loading", "delayed", "error"),
	connecting: ROW("loading", "delayed", "error"),
	open: ROW("loading", "server", "error"),
	late: ROW("loading", "delayed", "error"),
	silent: ROW("error", "stale", "error"),
	retrying: ROW("loading", "delayed", "error"),
	down: ROW("error", "offline", "error"),
};

export function shownState(
	connection: ConnectionState,
	subscription: SubscriptionState,
	server: Freshness,
): StatusState {
	const shown = SHOWN[connection][subscription];
	return shown === "server" ? server : shown;
}

/** May a person try to book? What they see must be at most a little old, and the server must take writes. */
export const BOOKABLE: Readonly<Record<StatusState, boolean>> = {
	loading: false,
	live: true,
	delayed: true,
	stale: true,
	unavailable: false,
	offline: false,
	error: false,
};
