/* Each state of freshness in words: for the banner, and for the voice. */
import type { StatusState } from "../sync/index.js";
import type { Told } from "./freshness.js";
import type { Format } from "./format.js";
import { fromServer, text } from "./text/index.js";

interface Words {
	readonly title: string;
	readonly detail: string;
	/** Said once when it begins; the age in the title grows every second. "": nothing is said. */
	readonly aloud: string;
}

const NONE: Words = { title: "", detail: "", aloud: "" };

export function stateWords(told: Told, now: number, format: Pick<Format, "time" | "zone" | "age">): Words {
	const time = `${format.time(told.goodAt)} ${format.zone(told.goodAt)}`;
	const spoken = (title: string, detail: string): Words => ({ title, detail, aloud: title });
	const words: Readonly<Record<StatusState, () => Words>> = {
		loading: () => NONE,
		live: () => ({ ...NONE, aloud: text.announce.live }),
		delayed: () => ({ title: text.banner.delayed(format.age(Math.max(0, now - told.goodAt))), detail: "", aloud: text.announce.delayed }),
		stale: () => spoken(text.banner.stale(time), ""),
		unavailable: () => spoken(text.banner.unavailable, text.banner.unavailableDetail(time)),
		offline: () => spoken(text.banner.offline, text.banner.offlineDetail(time)),
		error: () => spoken(text.banner.error, told.problem ? fromServer(told.problem.detail, text.banner.refusedDetail) : text.banner.errorDetail),
	};
	return words[told.state]();
}
