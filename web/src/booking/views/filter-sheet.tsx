/* The filters as a sheet, in a native modal <dialog>. What is chosen is shown behind it at once. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { JSX, TargetedMouseEvent } from "preact";
import { Announcer } from "../announcer.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { Filters } from "./filters.js";

export function FilterSheet({ model, close }: { readonly model: VenueModel; readonly close?: () => void }): JSX.Element {
	const dialog = useRef<HTMLDialogElement>(null);
	useLayoutEffect(() => {
		const element = dialog.current;
		element?.showModal();
		element?.querySelector<HTMLElement>("input:checked")?.focus();
		return () => element?.close();
	}, []);
	const onBackdrop = (event: TargetedMouseEvent<HTMLDialogElement>): void => {
		if (event.target === dialog.current) close?.();
	};
	return (
		<dialog class="filter-sheet" ref={dialog} aria-label={text.filters.label} onClose={close} onClick={onBackdrop}>
			<div class="filter-sheet-body">
				<Filters model={model} />
				<div class="filter-sheet-foot">
					<button type="button" class="button primary wide" onClick={close}>
						{text.filters.done}
					</button>
				</div>
			</div>
			<Announcer />
		</dialog>
	);
}
