/*
 * What people typed about themselves. One for the page, so that it goes from the form to the waitlist and back, and kept in the tab
 * until it is closed. Not longer: for the next visit the browser's own autofill is better at it, and asks its owner.
 */
import { effect, signal, type Signal } from "@preact/signals";
import { asObject, parseJson, type Customer } from "../../sync/index.js";

export interface Draft {
	readonly name: string;
	readonly email: string;
	readonly phone: string;
}

const PLACE = "draft";

let shared: Signal<Draft> | null = null;

export function draft(): Signal<Draft> {
	if (shared) return shared;
	const made = signal(read());
	effect(() => sessionStorage.setItem(PLACE, JSON.stringify(made.value)));
	return (shared = made);
}

function read(): Draft {
	const saved = asObject(parseJson(sessionStorage.getItem(PLACE) ?? "")) ?? {};
	const word = (name: keyof Draft): string => {
		const value = saved[name];
		return typeof value === "string" ? value : "";
	};
	return { name: word("name"), email: word("email"), phone: word("phone") };
}

export const customerOf = ({ name, email, phone }: Draft): Customer => ({
	name: name.trim(),
	email: email.trim(),
	...(phone.trim() ? { phone: phone.trim() } : {}),
});
