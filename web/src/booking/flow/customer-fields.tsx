/* Who books or waits. Judged when it is sent and then as it is mended; the first wrong field takes the focus. */
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Problem } from "../../sync/index.js";
import { fromServer, text } from "../text/index.js";
import { draft, type Draft } from "./draft.js";

type Field = keyof Draft;
export type Faults = Readonly<Partial<Record<Field, string>>>;

const FIELDS: readonly Field[] = ["name", "email", "phone"];

interface Input {
	readonly label: string;
	readonly type: "text" | "email" | "tel";
	readonly autocomplete: "name" | "email" | "tel";
	readonly capitals: "words" | "off";
}

const INPUT: Readonly<Record<Field, Input>> = {
	name: { label: text.form.name, type: "text", autocomplete: "name", capitals: "words" },
	email: { label: text.form.email, type: "email", autocomplete: "email", capitals: "off" },
	phone: { label: text.form.phone, type: "tel", autocomplete: "tel", capitals: "off" },
};

export function faultsOf(typed: Draft): Faults {
	const email = typed.email.trim();
	return {
		...(typed.name.trim() ? {} : { name: text.form.nameMissing }),
		...(!email ? { email: text.form.emailMissing } : /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email) ? {} : { email: text.form.emailWrong }),
	};
}

/** The server's word about a field, where it is about one of these. */
export function refusedField(problem: Problem | null): Faults {
	const field = FIELDS.find((name) => problem?.field?.endsWith(name));
	return problem && field ? { [field]: fromServer(problem.detail, text.form.fieldWrong) } : {};
}

export function focusFirst(form: HTMLFormElement | null, faults: Faults): boolean {
	const first = FIELDS.find((field) => faults[field]);
	if (first) form?.querySelector<HTMLInputElement>(`[name=${first}]`)?.focus();
	return first !== undefined;
}

export function CustomerFields({ faults }: { readonly faults: Faults }): JSX.Element {
	const typed = draft();
	const [wantsPhone, setWantsPhone] = useState(typed.peek().phone !== "");
	return (
		<>
			{FIELDS.map((field) => {
				if (field === "phone" && !wantsPhone && !faults.phone) return null;
				const { label, type, autocomplete, capitals } = INPUT[field];
				const fault = faults[field];
				return (
					<label class="field" key={field}>
						<span class="field-label">
							{label}
							{field === "phone" && <small> {text.form.optional}</small>}
						</span>
						<input
							name={field}
							type={type}
							list={undefined}
							autoComplete={autocomplete}
							autoCapitalize={capitals}
							enterKeyHint={field === "name" ? "next" : "done"}
							spellcheck={false}
							required={field !== "phone"}
							value={typed.value[field]}
							aria-invalid={fault ? "true" : undefined}
							aria-describedby={fault ? `${field}-fault` : undefined}
							onInput={(event) => (typed.value = { ...typed.peek(), [field]: event.currentTarget.value })}
						/>
						{fault && (
							<span class="fault" id={`${field}-fault`}>
								{fault}
							</span>
						)}
					</label>
				);
			})}
			{!wantsPhone && (
				<button type="button" class="link link-add" onClick={() => setWantsPhone(true)}>
					{text.form.addPhone}
				</button>
			)}
		</>
	);
}
