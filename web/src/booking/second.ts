import { useEffect, useState } from "preact/hooks";
import { environment } from "./services.js";

/** Draws itself again every second while somebody looks, for ages that grow. */
export function useSecond(on: boolean): number {
	const [now, setNow] = useState(environment.now());
	useEffect(() => {
		if (!on) return;
		setNow(environment.now());
		const timer = setInterval(() => document.visibilityState === "visible" && setNow(environment.now()), 1_000);
		return () => clearInterval(timer);
	}, [on]);
	return now;
}

