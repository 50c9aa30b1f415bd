/* Something did not work and nothing is lost: what happened, the number to name when calling, and the way on. */
import type { JSX } from "preact";
import type { Problem } from "../../sync/index.js";
import { fromServer, text } from "../text/index.js";

interface Props {
	readonly problem: Problem;
	readonly title?: string;
	readonly retry?: () => void;
}

export function Failure({ problem, title = text.form.failed, retry }: Props): JSX.Element {
	return (
		<div class="failure" role="alert">
			<p>
				<strong>{title}</strong> {reasonOf(problem)}
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
const reasonOf = ({ code, detail }: Problem): string =>
	code === "network" ? text.form.networkDetail : code === "rate-limited" ? text.form.tooMany : fromServer(detail, text.form.serverDetail);
