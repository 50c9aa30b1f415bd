/*
 * Another time for the same booking. It keeps its reference, and its old time until the new one is won: nothing is given up by looking.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { BOOKABLE, type Booking, type Problem, type Service } from "../../sync/index.js";
import { announce } from "../announcer.js";
import { ConflictPanel, conflictTitle } from "../flow/conflict-panel.js";
import { Failure } from "../flow/failure.js";
import { isConflict } from "../flow/conflicts.js";
import { Icon } from "../icons.js";
import { api } from "../services.js";
import { text } from "../text/index.js";
import { DayChoice, TimeChoice } from "./time-choice.js";
import { createTimes } from "./times.js";
import type { Visit } from "./visit.js";

interface Props {
	readonly visit: Visit;
	readonly booking: Booking;
	readonly service: Service;
	/** With what to tell, if the booking is not what it was thought to be. */
	readonly close: (outcome: "moved" | "kept" | "stale") => void;
}

interface Goal {
	readonly resource: string;
	readonly start: string;
}

export function Move({ visit, booking, service, close }: Props): JSX.Element {
	const times = useMemo(() => createTimes(visit, booking, service), [booking.ref, booking.version]);
	useEffect(() => times.close, [times]);
	const title = useRef<HTMLHeadingElement>(null);
	useEffect(() => title.current?.focus(), []);
	const [busy, setBusy] = useState(false);
	const [goal, setGoal] = useState<Goal | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const picked = times.picked.value;
	const reachable = BOOKABLE[times.status.value];
	useEffect(() => {
		if (times.lost.value) announce(text.move.taken, true);
	}, [times.lost.value]);

	const go = async (to: Goal): Promise<void> => {
		if (busy) return;
		setBusy(true);
		setGoal(to);
		setProblem(null);
		const elsewhere = to.resource === booking.resource ? {} : { resource: to.resource };
		const result = await api.move(booking.ref, booking.version, { start: to.start, ...elsewhere });
		setBusy(false);
		if (result.ok) {
			visit.accept(result.value);
			return close("moved");
		}
		if (result.error.code === "stale-version" || result.error.code === "wrong-state") {
			await visit.read();
			return close("stale");
		}
		setProblem(result.error);
	};
	const minutes = (Date.parse(booking.end) - Date.parse(booking.start)) / 60_000;
	const { venue, format, zone } = visit;
	return (
		<section class="move" aria-labelledby="move-title">
			<h2 id="move-title" ref={title} tabIndex={-1}>
				{text.move.title}
			</h2>
			<p class="hint">{text.move.lead}</p>
			{venue && goal && problem && isConflict(problem) && (
				<ConflictPanel
					place={{ venue, format, zone }}
					service={service}
					search={{ service: service.id, party: booking.party, duration: minutes, ...goal }}
					title={conflictTitle(problem)}
					lead={text.conflict.nearest}
					problem={problem}
					choose={(offer) => void go(offer)}
				/>
			)}
			<DayChoice visit={visit} times={times} />
			<TimeChoice visit={visit} times={times} booking={booking} service={service} />
			{times.lost.value && (
				<p class="failure">
					<Icon name="alert" /> {text.move.taken}
				</p>
			)}
			{problem && !isConflict(problem) && <Failure problem={problem} title={text.move.failed} />}
			<div class="move-end">
				<button
					type="button"
					class="button primary"
					disabled={!picked || !reachable}
					aria-describedby="move-why"
					onClick={() => picked && void go(picked)}
				>
					{busy ? text.move.moving : picked ? text.move.to(visit.say(picked.start)) : text.move.pick}
				</button>
				<button type="button" class="button quiet" onClick={() => close("kept")}>
					{text.move.keep}
				</button>
			</div>
			<p class="hint" id="move-why">
				{reachable || times.status.value === "loading" ? "" : text.sheet.blocked}
			</p>
		</section>
	);
}
