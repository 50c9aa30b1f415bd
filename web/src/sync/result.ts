/*
 * Outcomes of calls. Expected failure is a value with the server's problem in it (RFC 9457), never an exception.
 */

export type Result<T, E = Problem> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export const success = <T>(value: T): Result<T, never> => ({ ok: true, value });
export const failure = <E>(error: E): Result<never, E> => ({ ok: false, error });

/** A free place the server proposes instead of the one that was refused. */
export interface Alternative {
	readonly resource: string;
	readonly start: string;
	readonly end: string;
	readonly remaining: number;
	readonly why: string;
}

export interface Problem {
	/** The machine's word: "slot-full", "hold-expired", … or "network" when no answer came. */
	readonly code: string;
	/** HTTP status; 0 when no answer came. */
	readonly status: number;
	readonly title: string;
	readonly detail: string;
	readonly field?: string;
	readonly retryable: boolean;
	readonly requestId?: string;
	readonly alternatives?: readonly Alternative[];
	/** When the hold that stands in the way ends (slot-held). */
	readonly heldUntil?: string;
}
