/*
 * A native modal <dialog>: the browser itself traps the focus, hides the rest from assistive technology, closes on Esc and gives the
 * focus back to where it came from. What is said while it is open is said from inside it (Announcer): the rest is inert.
 */
import type { RefObject, TargetedMouseEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** `first`: what takes the focus when it opens; without it the browser chooses. */
export function useModal(first?: string): RefObject<HTMLDialogElement | null> {
	const dialog = useRef<HTMLDialogElement>(null);
	useLayoutEffect(() => {
		const element = dialog.current;
		element?.showModal();
		if (first) element?.querySelector<HTMLElement>(first)?.focus();
		// Before it leaves the document, or the focus would not go back.
		return () => element?.close();
	}, []);
	return dialog;
}

/** What lies behind the dialog was pressed, not the dialog. */
export const onBackdrop =
	(close?: () => void) =>
	(event: TargetedMouseEvent<HTMLDialogElement>): void => {
		if (event.target === event.currentTarget) close?.();
	};
