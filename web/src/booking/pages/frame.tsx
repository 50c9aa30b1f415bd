/* Head and body of every page. */
import type { ComponentChildren, JSX } from "preact";
import { Mark } from "../icons.js";
import { LanguageMenu } from "../language-menu.js";
import { text } from "../text/index.js";

interface Props {
	readonly title: string;
	readonly href?: string;
	readonly note?: ComponentChildren;
	readonly aside?: ComponentChildren;
	readonly skipTo?: string;
	readonly children: ComponentChildren;
}

export function Frame({ title, href, note, aside, skipTo, children }: Props): JSX.Element {
	return (
		<>
			{skipTo && (
				<a class="skip" href={`#${skipTo}`}>
					{text.skip}
				</a>
			)}
			<header class="head">
				<Mark />
				<div class="head-words">
					{href ? (
						<p class="head-title" dir="auto">
							<a href={href}>{title}</a>
						</p>
					) : (
						<h1 class="head-title" dir="auto">{title}</h1>
					)}
					{note && <p class="head-note">{note}</p>}
				</div>
				{aside}
				<LanguageMenu />
			</header>
			{children}
		</>
	);
}
