/* The filters as a sheet. What is chosen is shown behind it at once. */
import type { JSX } from "preact";
import { Announcer } from "../announcer.js";
import { onBackdrop, useModal } from "../modal.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { Filters } from "./filters.js";

export function FilterSheet({ model, close }: { readonly model: VenueModel; readonly close?: () => void }): JSX.Element {
	return (
		<dialog class="filter-sheet" ref={useModal("input:checked")} aria-label={text.filters.label} onClose={close} onClick={onBackdrop(close)}>
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
