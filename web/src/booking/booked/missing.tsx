/* There is nothing to show: no such booking, or no answer. */
import type { JSX } from "preact";
import type { Problem } from "../../sync/index.js";
import { Announcer } from "../announcer.js";
import { Contact } from "../contact.js";
import { Failure } from "../flow/failure.js";
import { text } from "../text/index.js";
import type { Visit } from "./visit.js";

export function Missing({ visit, problem }: { readonly visit: Visit; readonly problem: Problem }): JSX.Element {
	const gone = problem.code === "not-found";
	return (
		<section class="card">
			<h1>{gone ? text.booked.missing : text.booked.missingTitle}</h1>
			{gone ? <p class="lead">{text.booked.missingLead}</p> : <Failure problem={problem} title="" retry={() => void visit.read()} />}
			{visit.venue && <Contact model={{ venue: visit.venue }} />}
			<Announcer />
		</section>
	);
}
