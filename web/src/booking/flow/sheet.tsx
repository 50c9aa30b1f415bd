/*
 * The panel of one slot: what it is, then the form. A native modal <dialog>, so that the browser itself traps the focus, hides
 * the rest from assistive technology, closes on Esc and gives the focus back to where it came from.
 */
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { JSX, TargetedKeyboardEvent } from "preact";
import type { Slot } from "../../sync/index.js";
import { Announcer } from "../announcer.js";
import { Icon } from "../icons.js";
import { onBackdrop } from "../modal.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { BookingForm } from "./booking-form.js";
import { Details } from "./details.js";
import { createFlow } from "./flow.js";
import { When } from "./when.js";

interface Props {
	readonly model: VenueModel;
	/** The slot as it was when it was opened: one sheet per opening. */
	readonly slot: Slot;
	readonly close: () => void;
}

export function Sheet({ model, slot, close }: Props): JSX.Element {
	const dialog = useRef<HTMLDialogElement>(null);
	const flow = useMemo(() => createFlow(model, slot), [model, slot]);
	const step = flow.step.value;
	useLayoutEffect(() => {
		const element = dialog.current;
		element?.showModal();
		// Who comes back to this page out of the browser's memory comes back to the times, not to a form that is done.
		const onPageShow = (event: PageTransitionEvent): void => {
			if (event.persisted) close();
		};
		addEventListener("pageshow", onPageShow);
		return () => {
			removeEventListener("pageshow", onPageShow);
			const last = model.open.peek()?.id ?? slot.id;
			flow.leave();
			element?.close();
			comeBackTo(last);
		};
	}, [flow]);
	useLayoutEffect(() => {
		const fields = dialog.current?.querySelectorAll<HTMLInputElement>(".form .field input") ?? [];
		const next = [...fields].find((field) => field.value === "") ?? dialog.current?.querySelector<HTMLElement>(".primary");
		if (!dialog.current?.querySelector(".conflict")) next?.focus();
	}, [step]);

	const onKey = (event: TargetedKeyboardEvent<HTMLDialogElement>): void => {
		if (event.key !== "Enter" || !event.altKey) return;
		event.preventDefault();
		void flow.extend();
	};
	return (
		<dialog class="sheet" ref={dialog} aria-labelledby="sheet-title" onClose={close} onClick={onBackdrop(close)} onKeyDown={onKey}>
			<div class="sheet-body">
				<button type="button" class="icon-button sheet-close" aria-label={text.close} onClick={close}>
					<Icon name="close" />
				</button>
				<When model={model} slot={model.open.value ?? slot} />
				{step === "details" ? <Details model={model} flow={flow} opened={slot} /> : <BookingForm model={model} flow={flow} />}
			</div>
			<Announcer />
		</dialog>
	);
}

/** The browser gives the focus back to what had it, unless that was drawn anew meanwhile; then its successor gets it. */
function comeBackTo(slotId: string): void {
	if (document.activeElement && document.activeElement !== document.body) return;
	const place = document.querySelector<HTMLElement>(`[data-slot="${CSS.escape(slotId)}"]`) ?? document.getElementById("times");
	place?.focus();
}
