/*
 * How fresh the page is: a pill that always says it, with the figures for those who point at it, and a banner when it matters. There
 * is one state and so one banner. Neither is a live region: what is to be heard goes through the one voice (model.ts).
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { BOOKABLE, type StatusState } from "../../sync/index.js";
import { Contact } from "../contact.js";
import { Icon } from "../icons.js";
import { lazily } from "../lazily.js";
import type { VenueModel } from "../model.js";
import { PATIENCE } from "../patience.js";
import { environment } from "../services.js";
import { useSecond } from "../second.js";
import { stateWords } from "../state-words.js";
import { text } from "../text/index.js";

const PillDetail = lazily(() => import("./pill-detail.js").then((file) => file.PillDetail));

type Shown = StatusState | "paused";

/** A pause is what people see first, unless something is wrong besides. */
const pillState = (model: VenueModel): Shown => {
	const { state } = model.status.value;
	return model.rows.paused.value && (state === "live" || state === "delayed" || state === "loading") ? "paused" : state;
};

/** Going to another week is not "Connecting", unless it takes long enough to wonder. */
function usePatient(state: Shown): Shown {
	const [shown, setShown] = useState(state);
	useEffect(() => environment.after(state === "loading" ? PATIENCE.wordsMs : 0, () => setShown(state)), [state]);
	return state === "loading" ? shown : state;
}

export function StatusPill({ model }: { readonly model: VenueModel }): JSX.Element {
	const state = usePatient(pillState(model));
	const [open, setOpen] = useState(false);
	const cancel = useRef<() => void>(() => {});
	const word = text.status[state];
	const later = (ms: number, next: boolean): void => {
		cancel.current();
		cancel.current = environment.after(ms, () => setOpen(next));
	};
	return (
		<div
			class="pill-place"
			onPointerEnter={(event) => event.pointerType === "mouse" && later(PATIENCE.pointMs, true)}
			onPointerLeave={() => later(PATIENCE.pointMs, false)}
			onFocusOut={() => later(0, false)}
			onKeyDown={(event) => {
				if (event.key !== "Escape" || !open) return;
				event.preventDefault();
				later(0, false);
			}}
		>
			<button
				type="button"
				class={`pill-status status-${state}`}
				aria-label={text.statusLabel(word)}
				data-live={text.status.live}
				aria-describedby={open ? "pill-detail" : undefined}
				onFocus={() => later(0, true)}
				onClick={() => later(0, true)}
			>
				<span class="dot" aria-hidden="true" />
				<span class="pill-word">{word}</span>
			</button>
			{open && <PillDetail model={model} word={word} />}
		</div>
	);
}

export function StatusBanner({ model }: { readonly model: VenueModel }): JSX.Element | null {
	const told = model.status.value;
	const { state } = told;
	const now = useSecond(state === "delayed");
	const words = stateWords(told, Math.max(now, told.goodAt), model.format);
	if (!words.title) return null;
	const serious = !BOOKABLE[state];
	return (
		<div class={`banner banner-${state}`}>
			<Icon name={serious ? "alert" : "clock"} />
			<div class="banner-words">
				<strong>{words.title}</strong>
				{words.detail && <p>{words.detail}</p>}
				{told.problem?.requestId && <p class="hint">{text.banner.requestId(told.problem.requestId)}</p>}
				{serious && <Contact model={model} />}
			</div>
			{state !== "delayed" && <Retry retry={() => model.retry()} />}
		</div>
	);
}

/** The press is answered at once, also when the answer itself takes its time. */
function Retry({ retry }: { readonly retry: () => void }): JSX.Element {
	const [trying, setTrying] = useState(false);
	const press = (): void => {
		if (trying) return;
		setTrying(true);
		environment.after(PATIENCE.glanceMs, () => setTrying(false));
		retry();
	};
	return (
		<button type="button" class="button quiet" aria-disabled={trying} onClick={press}>
			{trying ? text.banner.trying : text.banner.retryNow}
		</button>
	);
}
