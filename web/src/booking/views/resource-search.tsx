/* One of many places: a WAI-ARIA combobox. What is typed narrows the list, arrows move in it, Enter takes, Esc leaves it as it was. */
import { useId, useRef, useState } from "preact/hooks";
import type { JSX, TargetedKeyboardEvent } from "preact";
import type { Resource } from "../../sync/index.js";
import { Icon } from "../icons.js";
import type { VenueModel } from "../model.js";
import { plain } from "../plain.js";
import { text } from "../text/index.js";

export function ResourceSearch({ model: { choice } }: { readonly model: VenueModel }): JSX.Element {
	const id = useId();
	const list = useRef<HTMLUListElement>(null);
	const [typed, setTyped] = useState<string | null>(null);
	const [at, setAt] = useState(0);
	const chosen = choice.resource.value;
	const options: readonly (Resource | null)[] =
		typed ? choice.serving.value.filter(({ name }) => plain(name).includes(plain(typed))) : [null, ...choice.serving.value];
	const nameOf = (resource: Resource | null): string => resource?.name ?? text.filters.any;
	const close = (): void => setTyped(null);
	const take = (resource: Resource | null): void => {
		choice.resource.value = resource;
		close();
	};
	const open = (): void => {
		setTyped("");
		setAt(Math.max(0, options.indexOf(chosen)));
	};
	const move = (to: number): void => {
		const next = Math.max(0, Math.min(options.length - 1, to));
		setAt(next);
		list.current?.children[next]?.scrollIntoView({ block: "nearest" });
	};
	const onKeyDown = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
		const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
		if (step) typed === null ? open() : move(at + step);
		else if (typed === null) return;
		else if (event.key === "Enter") {
			if (at < options.length) take(options[at] ?? null);
		} else if (event.key === "Escape") close();
		else return;
		event.preventDefault();
		event.stopPropagation();
	};
	return (
		<div class="search">
			<input
				role="combobox"
				dir="auto"
				class="search-field"
				aria-label={text.filters.search}
				aria-expanded={typed !== null}
				aria-controls={id}
				aria-autocomplete="list"
				aria-activedescendant={typed !== null && options.length > 0 ? `${id}-${at}` : undefined}
				autocomplete="off"
				spellcheck={false}
				placeholder={text.filters.search}
				value={typed ?? nameOf(chosen)}
				onClick={() => typed === null && open()}
				onFocus={(event) => event.currentTarget.select()}
				onInput={(event) => {
					setTyped(event.currentTarget.value);
					setAt(0);
				}}
				onBlur={close}
				onKeyDown={onKeyDown}
			/>
			<Icon name="down" />
			<ul role="listbox" class="search-list" id={id} ref={list} aria-label={text.filters.resource} hidden={typed === null}>
				{typed !== null &&
					options.map((resource, n) => (
						<li
							role="option"
							id={`${id}-${n}`}
							key={resource?.id ?? "any"}
							class={n === at ? "is-active" : ""}
							aria-selected={resource === chosen}
							// The field keeps the focus; a blur would close the list before the click arrives.
							onMouseDown={(event) => event.preventDefault()}
							onClick={() => take(resource)}
						>
							<bdi>{nameOf(resource)}</bdi>
						</li>
					))}
			</ul>
			{typed !== null && options.length === 0 && (
				<p class="hint" role="status">
					{text.filters.noMatch}
				</p>
			)}
		</div>
	);
}
