/* A server without a venue: three steps to the first booking, with commands to copy. */
import type { JSX } from "preact";
import { Announcer } from "../announcer.js";
import type { Setup } from "../boot.js";
import { Copy } from "../copy.js";
import { text } from "../text/index.js";

/** Stands for what only the operator knows. */
const DATABASE = "URL";

export function FirstRun({ setup }: { readonly setup: Setup | null }): JSX.Element {
	const database = setup?.database || DATABASE;
	return (
		<section class="first-run" aria-labelledby="first-run-title">
			<h2 id="first-run-title">{text.setup.title}</h2>
			<p>{text.setup.lead}</p>
			<ol>
				<Step words={text.setup.write} command="cp examples/venues/harbour.json venue.json" />
				<Step words={text.setup.import} command={`build/bin/slotcast import venue.json --db ${quoted(database)}`} />
				<Step words={text.setup.book} command={location.origin} />
			</ol>
			<p class="hint first-run-waiting" role="status">
				<span class="dot" aria-hidden="true" />
				{text.setup.waiting}
			</p>
			<Announcer />
		</section>
	);
}

/** As a shell takes it. */
const quoted = (word: string): string => (/^[\w:/.,@%+=-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`);

function Step({ words, command }: { readonly words: string; readonly command: string }): JSX.Element {
	return (
		<li>
			<p>{words}</p>
			<div class="command">
				<code dir="ltr">{command}</code>
				<Copy class="button quiet" words={text.setup.copyShort} label={text.setup.copy(command)} what={() => command} />
			</div>
		</li>
	);
}
