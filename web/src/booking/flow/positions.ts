/* Positions of the feed: EPOCH.N, and N may be compared within an epoch. */

/** Do rows that stand at `now` hold what was written at `written`? Those of another epoch are a new picture of everything. */
export function reached(written: string, now: string | null): boolean {
	if (now === null) return false;
	const [epoch, count] = parts(written);
	const [ourEpoch, ourCount] = parts(now);
	return epoch !== ourEpoch || ourCount >= count;
}

function parts(position: string): readonly [string, number] {
	const dot = position.lastIndexOf(".");
	return [position.slice(0, dot), Number(position.slice(dot + 1))];
}
