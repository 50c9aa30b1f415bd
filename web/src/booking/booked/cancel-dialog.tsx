/* Second thoughts: the safe answer has the focus, and a failure leaves everything as it was. */
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Booking, Problem } from "../../sync/index.js";
import { Announcer } from "../announcer.js";
import { Failure } from "../flow/failure.js";
import { useModal } from "../modal.js";
import { api } from "../services.js";
import { text } from "../text/index.js";
import type { Visit } from "./visit.js";

interface Props {
	readonly visit: Visit;
	readonly booking: Booking;
	/** `done`: it is cancelled, so what stands below takes the focus. */
	readonly close: (done: boolean) => void;
}

export function CancelDialog({ visit, booking, close }: Props): JSX.Element {
	const dialog = useModal(".quiet");
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem | null>(null);
	const cancel = async (): Promise<void> => {
		if (busy) return;
		setBusy(true);
		setProblem(null);
		const result = await api.cancel(booking.ref);
		setBusy(false);
		if (result.ok) {
			visit.accept(result.value);
			close(true);
		} else setProblem(result.error);
	};
	return (
		<dialog class="ask" ref={dialog} aria-labelledby="ask-title" aria-describedby="ask-lead" onClose={() => close(false)}>
			<h2 id="ask-title">{text.booked.cancelTitle}</h2>
			<p class="ask-what">{visit.say(booking.start)}</p>
			<p id="ask-lead">{text.booked.cancelLead}</p>
			{problem && <Failure problem={problem} title={text.booked.cancelFailed} />}
			<div class="ask-actions">
				<button type="button" class="button quiet" onClick={() => close(false)}>
					{text.booked.keep}
				</button>
				<button type="button" class="button danger" aria-disabled={busy} onClick={() => void cancel()}>
					{busy ? text.booked.cancelling : text.booked.cancelYes}
				</button>
			</div>
			<Announcer />
		</dialog>
	);
}
