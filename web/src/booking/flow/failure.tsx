/* Something did not work and nothing is lost: what happened, the number to name when calling, and the way on. */
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import type { Problem } from "../../sync/index.js";
import { announce } from "../announcer.js";
import { fromServer, text } from "../text/index.js";

interface Props {
	readonly problem: Problem;
	readonly title?: string;
	readonly retry?: () => void;
}

export function Failure({ problem, title = text.form.failed, retry }: Props): JSX.Element {
	const reason = reasonOf(problem);
	useEffect(() => announce(`${title} ${reason}`.trim(), true), [problem]);
	return (
		<div class="failure">
			<p>
				<strong>{title}</strong> {reason}
			</p>
			{problem.requestId && <small>{text.banner.requestId(problem.requestId)}</small>}
			{retry && (
				<button type="button" class="button quiet" onClick={retry}>
					{text.banner.retry}
				</button>
			)}
		</div>
	);
}

/** The server's own sentence; its absence is a gateway's error page, or silence. */
function reasonOf({ code, detail }: Problem): string {
	switch (code) {
		case "network":
			return text.form.networkDetail;
		case "rate-limited":
			return text.form.tooMany;
		case "extend-limit":
			return text.hold.limit;
		default:
			return fromServer(detail, text.form.serverDetail);
	}
}
