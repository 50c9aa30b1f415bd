/* React 18 and later: a query's rows and status, as state. */
import { useMemo, useSyncExternalStore } from "react";
import type { AvailabilityQuery } from "../index.js";
import { LOADING, watch, type AvailabilitySource, type AvailabilityState } from "./watch.js";

export type { AvailabilitySource, AvailabilityState } from "./watch.js";

/** The query is compared by value: it may be written in place. Rendered on a server it is "loading". */
export function useAvailability(client: AvailabilitySource, query: AvailabilityQuery): AvailabilityState {
	const words = JSON.stringify(query);
	const store = useMemo(() => {
		let state = LOADING;
		const get = (): AvailabilityState => state;
		const subscribe = (changed: () => void): (() => void) =>
			watch(client, JSON.parse(words) as AvailabilityQuery, (next) => {
				state = next;
				changed();
			});
		return { get, subscribe };
	}, [client, words]);
	return useSyncExternalStore(store.subscribe, store.get, store.get);
}
