/* What both adapters need: one query, as a value that changes at most once per frame and once per change of status. */
import type { AvailabilityQuery, LiveClient, Slot, Status } from "../index.js";

export interface AvailabilityState {
	/** In order of start, then resource; null before the first rows. */
	readonly slots: readonly Slot[] | null;
	readonly status: Status;
}

export type AvailabilitySource = Pick<LiveClient, "availability">;

export const LOADING: AvailabilityState = { slots: null, status: { state: "loading", lagMs: 0, ageMs: 0 } };

/** Subscribe; the returned function leaves. While everything is live, status is not told again: only its age would change. */
export function watch(
	client: AvailabilitySource,
	query: AvailabilityQuery,
	changed: (state: AvailabilityState) => void,
): () => void {
	const view = client.availability(query);
	let state: AvailabilityState = { ...LOADING, status: view.status() };
	const change = (part: Partial<AvailabilityState>): void => {
		state = { ...state, ...part };
		changed(state);
	};
	const ends = [
		view.slots.subscribe(() => change({ slots: view.slots.all() })),
		view.onStatus((status) => {
			if (status.state !== "live" || state.status.state !== "live") change({ status });
		}),
	];
	return () => {
		// Rows that came since the last frame are told at the next one, to whoever still listens.
		for (const end of ends) end();
		view.close();
	};
}
