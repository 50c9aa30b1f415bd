/* Preact with signals: a query's rows and status, each a signal of its own, so that a pill does not draw a grid. */
import { batch, signal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { AvailabilityQuery } from "../index.js";
import { LOADING, watch, type AvailabilitySource, type AvailabilityState } from "./watch.js";

export type { AvailabilitySource, AvailabilityState } from "./watch.js";

export type AvailabilitySignals = { readonly [K in keyof AvailabilityState]: ReadonlySignal<AvailabilityState[K]> };

function signals(): { readonly shown: AvailabilitySignals; readonly show: (state: AvailabilityState) => void } {
	const slots = signal(LOADING.slots);
	const status = signal(LOADING.status);
	const show = (state: AvailabilityState): void =>
		batch(() => {
			slots.value = state.slots;
			status.value = state.status;
		});
	return { shown: { slots, status }, show };
}

/** Outside of components: subscribes at once; close() leaves. */
export function availabilitySignals(client: AvailabilitySource, query: AvailabilityQuery): AvailabilitySignals & { close(): void } {
	const { shown, show } = signals();
	return { ...shown, close: watch(client, query, show) };
}

/** In a component: for as long as it is mounted. The query is compared by value: it may be written in place. */
export function useAvailability(client: AvailabilitySource, query: AvailabilityQuery): AvailabilitySignals {
	const words = JSON.stringify(query);
	const { shown, show } = useMemo(signals, [client, words]);
	useEffect(() => watch(client, JSON.parse(words) as AvailabilityQuery, show), [client, words]);
	return shown;
}
