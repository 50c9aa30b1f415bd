/*
 * How fresh the page is: a pill that always says it, and a banner when it matters. The banner waits a second for the short
 * hiccups that heal by themselves, except where booking is impossible. It is announced once and not a live region: the age in
 * it changes every second.
 */
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { BOOKABLE, type Status, type StatusState } from "../../sync/index.js";
import { announce } from "../announcer.js";
import { Contact } from "../contact.js";
import { Icon } from "../icons.js";
import type { VenueModel } from "../model.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";

const PATIENCE_MS = 1_000;

export function StatusPill({ state }: { readonly state: StatusState }): JSX.Element {
	const word = text.status[state];
	return (
		<span class={`pill-status status-${state}`} role="status" aria-label={text.statusLabel(word)}>
			<span class="dot" aria-hidden="true" />
			{word}
		</span>
	);
}

const QUIET: Readonly<Record<StatusState, boolean>> = {
	loading: true,
	live: true,
	delayed: false,
	stale: false,
	unavailable: false,
	offline: false,
	error: false,
};

/** True once `state` has lasted, false at once when it is quiet again. */
function useSettled(state: StatusState): boolean {
	const [settled, setSettled] = useState<StatusState | null>(null);
	useEffect(() => environment.after(state === "delayed" ? PATIENCE_MS : 0, () => setSettled(state)), [state]);
	return settled === state && !QUIET[state];
}

/** Draws itself again every second, for ages that grow. */
function useSecond(on: boolean): number {
	const [now, setNow] = useState(environment.now());
	useEffect(() => {
		if (!on) return;
		setNow(environment.now());
		const timer = setInterval(() => setNow(environment.now()), 1_000);
		return () => clearInterval(timer);
	}, [on]);
	return now;
}

export function StatusBanner({ model }: { readonly model: VenueModel }): JSX.Element | null {
	const status = model.status.value;
	const shown = useSettled(status.state);
	const [since, setSince] = useState({ status, at: environment.now() });
	useEffect(() => setSince({ status, at: environment.now() }), [status]);
	const now = useSecond(shown);
	const serious = !BOOKABLE[status.state];
	useEffect(() => {
		if (shown && serious) announce(wordsFor(status, "", "").title, true);
	}, [shown, serious, status.state]);
	if (!shown) return null;
	const goodAt = since.at - since.status.ageMs;
	const age = model.format.age(Math.max(0, now - goodAt));
	const time = `${model.format.time(goodAt)} ${model.format.zone(goodAt)}`;
	const words = wordsFor(status, age, time);
	return (
		<div class={`banner banner-${status.state}`}>
			<Icon name={status.state === "stale" || status.state === "delayed" ? "clock" : "alert"} />
			<div class="banner-words">
				<strong>{words.title}</strong>
				{words.detail && <p>{words.detail}</p>}
				{status.problem?.requestId && <p class="hint">{text.banner.requestId(status.problem.requestId)}</p>}
				{serious && <Contact model={model} />}
			</div>
			{serious && (
				<button type="button" class="button quiet" onClick={() => model.retry()}>
					{text.banner.retry}
				</button>
			)}
		</div>
	);
}

function wordsFor(status: Status, age: string, time: string): { readonly title: string; readonly detail: string } {
	switch (status.state) {
		case "delayed":
			return { title: text.banner.delayed(age), detail: "" };
		case "stale":
			return { title: text.banner.stale(time), detail: "" };
		case "unavailable":
			return { title: text.banner.unavailable, detail: text.banner.unavailableDetail(time) };
		case "offline":
			return { title: text.banner.offline, detail: text.banner.offlineDetail(time) };
		case "error":
			return {
				title: text.banner.error,
				detail: status.problem ? status.problem.detail || text.banner.refusedDetail : text.banner.errorDetail,
			};
		case "live":
		case "loading":
			return { title: "", detail: "" };
	}
}
