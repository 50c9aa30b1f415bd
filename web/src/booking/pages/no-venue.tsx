/* There is no such venue. */
import type { JSX } from "preact";
import { text } from "../text/index.js";
import { Frame } from "./frame.js";

export function NoVenue(): JSX.Element {
	return (
		<Frame title={text.venues.title} href="/">
			<main class="page">
				<section class="card">
					<h1>{text.missingVenue}</h1>
					<p class="lead">{text.missingVenueLead}</p>
					<a class="button primary" href="/">
						{text.venues.lead}
					</a>
				</section>
			</main>
		</Frame>
	);
}
