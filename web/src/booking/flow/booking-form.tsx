/* The time is being held: who books? */
import { useRef, useState } from "preact/hooks";
import type { JSX, TargetedEvent } from "preact";
import { BOOKABLE } from "../../sync/index.js";
import type { VenueModel } from "../model.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";
import { priceFor } from "../views/price.js";
import { ConflictPanel, conflictTitle } from "./conflict-panel.js";
import { CustomerFields, faultsOf, focusFirst, refusedField } from "./customer-fields.js";
import { draft } from "./draft.js";
import { Failure } from "./failure.js";
import type { BookingFlow } from "./flow.js";
import { HoldTimer } from "./hold-timer.js";
import { heldInAnotherTab } from "./kept.js";
import { searchFor, waitFor } from "./search.js";

interface Props {
	readonly model: VenueModel;
	readonly flow: BookingFlow;
}

export function BookingForm({ model, flow }: Props): JSX.Element {
	const form = useRef<HTMLFormElement>(null);
	const [tried, setTried] = useState(false);
	const service = model.choice.service.value;
	const hold = flow.hold.state.value;
	const problem = flow.problem.value;
	const refused = refusedField(problem);
	const faults = { ...refused, ...(tried ? faultsOf(draft().value) : {}) };
	const reachable = BOOKABLE[model.status.value.state];
	const lost = hold.kind === "refused" || hold.kind === "failed";
	const confirming = flow.busy.value === "confirm";
	const slot = model.open.value;
	const price = priceFor(model, service, model.choice.duration.value, model.choice.party.value);

	const submit = (event: TargetedEvent<HTMLFormElement>): void => {
		event.preventDefault();
		setTried(true);
		if (!focusFirst(form.current, faultsOf(draft().peek())) && reachable && !lost) void flow.confirm();
	};

	return (
		<form class="form" ref={form} noValidate onSubmit={submit}>
			{hold.kind === "refused" && slot && (
				<ConflictPanel
					place={model}
					service={service}
					search={searchFor(model, slot)}
					title={hold.problem.code === "slot-held" && heldInAnotherTab(slot, environment.now()) ? text.conflict.own : conflictTitle(hold.problem)}
					problem={hold.problem}
					choose={(alternative) => void flow.choose(alternative)}
					wait={() => waitFor(model, slot)}
				/>
			)}
			{hold.kind === "failed" && <Failure problem={hold.problem} title={text.hold.failed} retry={() => void flow.begin()} />}
			<HoldTimer flow={flow} total={service.holdTtlS} format={model.format} />
			<h3 class="form-title">{text.form.title}</h3>
			<CustomerFields faults={faults} />
			{problem && Object.keys(refused).length === 0 && <Failure problem={problem} {...(problem.code === "extend-limit" ? { title: "" } : {})} />}
			<div class="form-end">
				{service.note && <p class="hint note"><bdi>{service.note}</bdi></p>}
				{price && (
					<p class="total">
						<span>{text.facts.price}</span> <strong>{price}</strong>
					</p>
				)}
				<button type="submit" class="button primary wide" disabled={!reachable || lost || confirming} aria-describedby="confirm-why">
					{confirming ? text.form.confirming : text.form.confirm}
				</button>
				{flow.slow.value && <p class="slow">{text.form.slow}</p>}
				<p class="hint" id="confirm-why">
					{!reachable ? text.sheet.blocked : hold.kind === "refused" ? text.form.pickFirst : text.form.privacy}
				</p>
				<button type="button" class="link" onClick={() => flow.back()}>
					{text.sheet.back}
				</button>
			</div>
		</form>
	);
}
