/* The figures behind the pill, for operators and the curious. */
import type { JSX } from "preact";
import type { VenueModel } from "../model.js";
import { PATIENCE } from "../patience.js";
import { useSecond } from "../second.js";
import { environment } from "../services.js";
import { text } from "../text/index.js";

export function PillDetail({ model, word }: { readonly model: VenueModel; readonly word: string }): JSX.Element {
	useSecond(true);
	const { format } = model;
	const { lagMs, ageMs } = model.freshness();
	const changedAt = model.changedAt.value;
	const old = ageMs >= PATIENCE.quietMs;
	return (
		<div class="pill-detail" id="pill-detail" role="tooltip">
			<strong>{word}.</strong>
			<span>{changedAt === null ? text.fresh.noChange : text.fresh.lastChange(format.exact(changedAt))}.</span>
			{old && <span>{text.fresh.rightAt(format.exact(environment.now() - ageMs))}.</span>}
			{/* 0: no change came, so nobody measured one. */}
			{!old && lagMs > 0 && <span>{text.fresh.delay(format.delay(lagMs))}.</span>}
		</div>
	);
}
