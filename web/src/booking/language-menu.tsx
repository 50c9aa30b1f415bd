/*
 * In which language the page speaks. The choice is a cookie, because the server writes the page; then the same address is
 * loaded again, where drafts and the address itself keep what was chosen and typed.
 */
import { useRef, useState } from "preact/hooks";
import type { JSX, TargetedFocusEvent, TargetedKeyboardEvent } from "preact";
import { Icon } from "./icons.js";
import { LANGUAGES } from "./text/languages.js";
import { text } from "./text/index.js";

const YEAR_S = 31_536_000;

const here = (code: string): boolean => text.lang === code || text.lang.startsWith(`${code}-`);

function addressIn(code: string | null): string {
	const address = new URL(location.href);
	if (code) address.searchParams.set("lang", code);
	else address.searchParams.delete("lang");
	return address.href;
}

function speak(code: string): void {
	document.cookie = `lang=${code}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
	const kept = document.cookie.split("; ").includes(`lang=${code}`);
	history.replaceState(history.state, "", addressIn(kept ? null : code));
	location.reload();
}

/** Who came by a link in a language and has chosen none stays in it on the next page. */
export function keepLinkedLanguage(): void {
	const linked = new URLSearchParams(location.search).get("lang");
	if (linked && LANGUAGES[linked] && here(linked) && !/(^|; )lang=/.test(document.cookie)) document.cookie = `lang=${linked}; Path=/; SameSite=Lax`;
}

export function LanguageMenu(): JSX.Element {
	const menu = useRef<HTMLDetailsElement>(null);
	const [, redraw] = useState(0); // the links name the address of the moment
	const close = (): void => {
		if (menu.current) menu.current.open = false;
	};
	const onFocusOut = (event: TargetedFocusEvent<HTMLDetailsElement>): void => {
		if (!menu.current?.contains(event.relatedTarget as Node | null)) close();
	};
	const onKeyDown = (event: TargetedKeyboardEvent<HTMLDetailsElement>): void => {
		if (event.key !== "Escape") return;
		close();
		menu.current?.querySelector("summary")?.focus();
	};
	const now = Object.entries(LANGUAGES).find(([code]) => here(code))?.[1].name ?? text.lang;
	return (
		<details class="languages" ref={menu} onToggle={() => redraw((n) => n + 1)} onFocusOut={onFocusOut} onKeyDown={onKeyDown}>
			<summary aria-label={`${text.language}: ${now}`}>
				<Icon name="globe" />
				<span>{now}</span>
			</summary>
			<ul>
				{Object.entries(LANGUAGES).map(([code, { name, dir }]) => (
					<li key={code}>
						<a
							href={addressIn(code)}
							lang={code}
							dir={dir}
							hreflang={code}
							aria-current={here(code) ? "true" : undefined}
							onClick={(event) => {
								if (event.metaKey || event.ctrlKey || event.shiftKey) return;
								event.preventDefault();
								speak(code);
							}}
						>
							{name}
						</a>
					</li>
				))}
			</ul>
		</details>
	);
}
