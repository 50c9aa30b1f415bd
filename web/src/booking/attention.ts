/*
 * Is anybody looking, and at what since when? A change is news only if it happened before the viewer's eyes. What came while the tab
 * was hidden, the page lay in the back/forward cache or the computer slept is drawn when somebody looks again, and not marked.
 */
import { environment } from "./services.js";

interface Watched {
	/** Somebody looks, or nobody does any more. */
	look(looking: boolean): void;
	network(there: boolean): void;
	/** Are the rows up to date again after an absence? */
	caughtUp(): boolean;
}

export interface Attention {
	/** Would a change that is drawn now have been seen happening? */
	attentive(): boolean;
	/** Nobody can have looked for a while. */
	missed(): void;
	/** The rows may be up to date again. */
	settle(): void;
}

export function watchAttention(watched: Watched): Attention {
	const visible = (): boolean => document.visibilityState === "visible";
	let missed = !visible();
	/** What has arrived by now is drawn in the next frame, so from the one after it on everything is news again. */
	const settle = (): void => {
		if (!missed || !visible() || !watched.caughtUp()) return;
		environment.frame(() => environment.frame(() => (missed = !visible() || !watched.caughtUp())));
	};
	const miss = (): void => void (missed = true);
	const onVisibility = (): void => {
		miss();
		watched.look(visible());
		settle();
	};
	document.addEventListener("visibilitychange", onVisibility);
	addEventListener("pageshow", (event) => event.persisted && onVisibility());
	addEventListener("online", () => watched.network(true));
	addEventListener("offline", () => watched.network(false));
	watched.network(navigator.onLine);
	watched.look(visible());
	return { attentive: () => !missed, missed: miss, settle };
}
