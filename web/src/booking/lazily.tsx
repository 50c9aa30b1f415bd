/*
 * Parts of the page that come in files of their own:
 *
 *     const Sheet = lazily(() => import("./flow/sheet.js").then((file) => file.Sheet), "over");
 *
 * All are fetched when the page has nothing else to do, so most are there when they are asked for. The server may be gone by
 * then, or newer than this page, whose files it no longer has: then the place of the part says whom to call, and asks again.
 */
import { signal } from "@preact/signals";
import type { ComponentType, FunctionComponent, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { boot } from "./boot.js";
import { Contact } from "./contact.js";
import { useModal } from "./modal.js";
import { Frame } from "./pages/frame.js";
import { text } from "./text/index.js";

/** Where a part stands: in its place, over the page, or as the page itself. */
type Place = "here" | "over" | "page";

const parts: (() => Promise<boolean>)[] = [];

/** `now`: this part is what the page is for here; it is fetched at once, and brings nothing but itself. */
export function lazily<P extends object>(
	load: () => Promise<ComponentType<P>>,
	place: Place = "here",
	now = false,
): FunctionComponent<P & { close?: () => void }> {
	const part = signal<ComponentType<P> | null>(null);
	const failed = signal(false);
	const fetchPart = async (): Promise<boolean> => {
		failed.value = false;
		try {
			if (!now) await furnishings();
			part.value ??= await load();
		} catch {
			failed.value = true;
		}
		return !failed.value;
	};
	if (now) void fetchPart();
	else parts.push(fetchPart);
	const retry = async (): Promise<void> => {
		if ((await fetchPart()) || !(await answers())) return;
		location.reload(); // a newer server has newer files; and some browsers never ask twice for a file that failed
	};
	return function Part(props) {
		useEffect(() => void fetchPart(), []);
		const There = part.value;
		if (There) return <There {...props} />;
		const Around = AROUND[place];
		return (
			<Around {...(props.close ? { close: props.close } : {})}>
				{failed.value ? <Failed retry={() => void retry()} /> : <div class="part-waiting" role="status" aria-label={text.part.loading} />}
			</Around>
		);
	};
}

/** The style and the words of all parts. The shell names them with a `rel` that no browser follows. Words first: parts use them at once. */
const furnishings = (): Promise<unknown> => Promise.all([style(), words()]);

const link = (as: string): HTMLLinkElement | null => document.querySelector(`link[rel=later][as=${as}]`);
let styled: Promise<void> | null = null;

function style(): Promise<void> {
	return (styled ??= new Promise((done, fail) => {
		const later = link("style");
		if (!later) return done();
		later.onload = () => done();
		later.onerror = () => {
			later.rel = "later";
			styled = null;
			fail(new Error(later.href));
		};
		later.rel = "stylesheet";
	}));
}

const words = (): Promise<unknown> => import(link("script")?.href ?? "");

/** Fetch what may be wanted later, once the page stands. */
export function fetchPartsWhenIdle(): void {
	const begin = (): void => {
		for (const part of parts) void part();
	};
	const soon = (): void => void ("requestIdleCallback" in window ? requestIdleCallback(begin, { timeout: 2_000 }) : setTimeout(begin, 500));
	if (document.readyState === "complete") soon();
	else addEventListener("load", soon, { once: true });
}

const answers = (): Promise<boolean> =>
	fetch(location.href, { method: "HEAD", cache: "no-store" }).then(
		(answer) => answer.ok,
		() => false,
	);

function Failed({ retry }: { readonly retry: () => void }): JSX.Element {
	const { venue } = boot();
	return (
		<div class="part-failed" role="alert">
			<strong>{text.part.failed}</strong>
			<p>{text.part.lead}</p>
			{venue && <Contact model={{ venue }} />}
			<button type="button" class="button primary" onClick={retry}>
				{text.banner.retry}
			</button>
		</div>
	);
}

interface AroundProps {
	readonly close?: () => void;
	readonly children: JSX.Element;
}

/** Esc is heard as `cancel`: `close` also comes, late, when the part has taken this dialog's place. */
function Over({ close, children }: AroundProps): JSX.Element {
	return (
		<dialog class="part-over" ref={useModal()} aria-label={text.part.loading} onCancel={close}>
			{children}
			{close && (
				<button type="button" class="button quiet" onClick={close}>
					{text.part.close}
				</button>
			)}
		</dialog>
	);
}

function Page({ children }: AroundProps): JSX.Element {
	const { venue } = boot();
	return (
		<Frame title={venue?.name ?? document.title} href="/">
			<main class="page">
				<div class="card">{children}</div>
			</main>
		</Frame>
	);
}

const AROUND: Readonly<Record<Place, ComponentType<AroundProps>>> = { here: ({ children }) => children, over: Over, page: Page };
