/* Who books. Validated when it is sent and then as it is mended; the first wrong field takes the focus. */
import { useRef, useState } from "preact/hooks";
import type { JSX, TargetedEvent } from "preact";
import { BOOKABLE } from "../../sync/index.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";
import { ConflictPanel } from "./conflict-panel.js";
import type { BookingFlow, Draft } from "./flow.js";
import { HoldTimer } from "./hold-timer.js";

type Field = keyof Draft;
type Faults = Readonly<Partial<Record<Field, string>>>;

const ORDER: readonly Field[] = ["name", "email", "phone"];
const INPUT: Readonly<Record<Field, { label: string; type: "text" | "email" | "tel"; autocomplete: "name" | "email" | "tel"; required: boolean }>> = {
	name: { label: text.form.name, type: "text", autocomplete: "name", required: true },
	email: { label: text.form.email, type: "email", autocomplete: "email", required: true },
	phone: { label: text.form.phone, type: "tel", autocomplete: "tel", required: false },
};

export function faultsOf(draft: Draft): Faults {
	const email = draft.email.trim();
	return {
		...(draft.name.trim() ? {} : { name: text.form.nameMissing }),
		...(!email ? { email: text.form.emailMissing } : /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email) ? {} : { email: text.form.emailWrong }),
	};
}

export function BookingForm({ model, flow }: { readonly model: VenueModel; readonly flow: BookingFlow }): JSX.Element {
	const form = useRef<HTMLFormElement>(null);
	const [tried, setTried] = useState(false);
	const draft = flow.draft.value;
	const hold = flow.hold.value;
	const problem = flow.problem.value ?? (hold.kind === "failed" ? hold.problem : null);
	const refusedField = ORDER.find((field) => problem?.field?.endsWith(field));
	const faults: Faults = {
		...(tried ? faultsOf(draft) : {}),
		...(refusedField && problem ? { [refusedField]: problem.detail } : {}),
	};
	const reachable = BOOKABLE[model.status.value.state];
	const ready = (hold.kind === "held" || hold.kind === "ended") && reachable;
	const confirming = flow.busy.value === "confirm";

	const submit = (event: TargetedEvent<HTMLFormElement>): void => {
		event.preventDefault();
		setTried(true);
		const wrong = faultsOf(draft);
		const first = ORDER.find((field) => wrong[field]);
		if (first) form.current?.querySelector<HTMLInputElement>(`[name=${first}]`)?.focus();
		else if (ready) void flow.confirm();
	};

	return (
		<form class="form" ref={form} noValidate onSubmit={submit}>
			{hold.kind === "refused" && (
				<ConflictPanel model={model} problem={hold.problem} choose={(alternative) => void flow.choose(alternative)} />
			)}
			<HoldTimer flow={flow} total={model.choice.service.value.holdTtlS} />
			<h3 class="form-title">{text.form.title}</h3>
			{ORDER.map((field) => {
				const { label, type, autocomplete, required } = INPUT[field];
				const fault = faults[field];
				return (
					<label class="field" key={field}>
						<span class="field-label">
							{label}
							{!required && <small> {text.form.optional}</small>}
						</span>
						<input
							name={field}
							type={type}
							list={undefined}
							autoComplete={autocomplete}
							required={required}
							value={draft[field]}
							aria-invalid={fault ? "true" : undefined}
							aria-describedby={fault ? `${field}-fault` : undefined}
							onInput={(event) => (flow.draft.value = { ...flow.draft.peek(), [field]: event.currentTarget.value })}
						/>
						{fault && (
							<span class="fault" id={`${field}-fault`}>
								{fault}
							</span>
						)}
					</label>
				);
			})}
			{problem && !refusedField && (
				<div class="failure" role="alert">
					{problem.code === "extend-limit" ? (
						text.hold.limit
					) : (
						<>
							<strong>{text.form.failed}</strong> {problem.code === "network" ? text.form.networkDetail : problem.detail}
						</>
					)}
					{problem.requestId && <small> {text.banner.requestId(problem.requestId)}</small>}
					{hold.kind === "failed" && (
						<button type="button" class="button quiet" onClick={() => void flow.begin()}>
							{text.banner.retry}
						</button>
					)}
				</div>
			)}
			<div class="form-end">
				<button type="submit" class="button primary wide" disabled={!ready || confirming} aria-describedby="confirm-why">
					{confirming ? text.form.confirming : text.form.confirm}
				</button>
				<p class="hint" id="confirm-why">
					{!reachable ? text.sheet.blocked : hold.kind === "refused" ? text.form.pickFirst : text.form.privacy}
				</p>
			</div>
		</form>
	);
}
