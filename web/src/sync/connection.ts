/*
 * The connection to the server as a total table: every state says what every event means. A missing cell does not compile.
 *
 *              start            opened            closed             closed
 *      idle ──────────▶ connecting ────────▶ open ◀───────▶ retrying ────────▶ down
 *                           │ closed          │ late   opened               ▲  │ retry: connect
 *                           └────────────┐    ▼                             │  └──┘
 *                                        │   late ── silent ──▶ silent ─────┘ closed
 *                                        └───────────────────────────────▶ down
 *
 * `retrying` is a connection that broke a moment ago and has not yet failed to come back: people are told "delayed".
 * Only when the first attempt to return fails too are they told that we are offline. So a server's rolling restart is
 * hardly seen, and a dead server is named within about a second, without a timer that guesses.
 *
 * The alternative, flags (connected, retrying, lastTick) and ifs, was rejected: its illegal combinations are silent.
 */
export type ConnectionState = "idle" | "connecting" | "open" | "late" | "silent" | "retrying" | "down";

export type ConnectionEvent =
	/** somebody subscribed */
	| "start"
	/** the transport is up */
	| "opened"
	/** anything at all arrived */
	| "tick"
	/** nothing arrived for LATE_MS */
	| "late"
	/** nothing arrived for SILENT_MS */
	| "silent"
	/** the transport ended, or could not be opened */
	| "closed"
	/** the pause before the next attempt is over */
	| "retry"
	/** the tab was shown again, the network came back, or a person pressed "Retry now" */
	| "wake"
	/** the browser says that there is no network */
	| "offline"
	/** the last subscriber has gone */
	| "stop";

export type ConnectionEffect =
	/** drop what there is and connect now */
	| "connect"
	/** connect after a short jittered pause, so that a restarted server does not meet everybody at once */
	| "soon"
	/** connect after a growing jittered pause */
	| "backoff"
	/** tell the subscriptions that they are on a new connection */
	| "joined"
	/** restart the watchdog */
	| "watch"
	/** ask the watchdog whether it is overdue: timers of hidden tabs are throttled */
	| "check"
	| "drop";

interface Cell {
	readonly to: ConnectionState;
	readonly effects: readonly ConnectionEffect[];
}

const go = (to: ConnectionState, ...effects: ConnectionEffect[]): Cell => ({ to, effects });

export const CONNECTION: Readonly<Record<ConnectionState, Readonly<Record<ConnectionEvent, Cell>>>> = {
	idle: {
		start: go("connecting", "connect"),
		opened: go("idle"),
		tick: go("idle"),
		late: go("idle"),
		silent: go("idle"),
		closed: go("idle"),
		retry: go("idle"),
		wake: go("idle"),
		offline: go("idle"),
		stop: go("idle"),
	},
	connecting: {
		start: go("connecting"),
		opened: go("open", "joined", "watch"),
		tick: go("connecting"),
		late: go("connecting"),
		silent: go("connecting"),
		closed: go("down", "backoff"),
		retry: go("connecting"),
		wake: go("connecting"),
		offline: go("down", "drop", "backoff"),
		stop: go("idle", "drop"),
	},
	open: {
		start: go("open"),
		opened: go("open"),
		tick: go("open", "watch"),
		late: go("late"),
		silent: go("silent", "connect"),
		closed: go("retrying", "soon"),
		retry: go("open"),
		wake: go("open", "check"),
		offline: go("down", "drop", "backoff"),
		stop: go("idle", "drop"),
	},
	late: {
		start: go("late"),
		opened: go("late"),
		tick: go("open", "watch"),
		late: go("late"),
		silent: go("silent", "connect"),
		closed: go("retrying", "soon"),
		retry: go("late"),
		wake: go("retrying", "connect"),
		offline: go("down", "drop", "backoff"),
		stop: go("idle", "drop"),
	},
	silent: {
		start: go("silent"),
		opened: go("open", "joined", "watch"),
		tick: go("silent"),
		late: go("silent"),
		silent: go("silent"),
		closed: go("down", "backoff"),
		retry: go("silent", "connect"),
		wake: go("silent", "connect"),
		offline: go("down", "drop", "backoff"),
		stop: go("idle", "drop"),
	},
	retrying: {
		start: go("retrying"),
		opened: go("open", "joined", "watch"),
		tick: go("retrying"),
		late: go("retrying"),
		silent: go("retrying"),
		closed: go("down", "backoff"),
		retry: go("retrying", "connect"),
		wake: go("retrying", "connect"),
		offline: go("down", "drop", "backoff"),
		stop: go("idle", "drop"),
	},
	down: {
		start: go("down"),
		opened: go("open", "joined", "watch"),
		tick: go("down"),
		late: go("down"),
		silent: go("down"),
		closed: go("down", "backoff"),
		retry: go("down", "connect"),
		wake: go("down", "connect"),
		offline: go("down"),
		stop: go("idle", "drop"),
	},
};
