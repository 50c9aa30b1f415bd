/* The nearest free times, asked for when nobody was refused yet, or when the refusal brought none. */
import type { Alternative, Result } from "../../sync/index.js";
import { addDays, type Zone } from "../dates.js";
import { rank, type Wanted } from "../offers.js";
import { api, environment } from "../services.js";

const DAYS = 14;

export interface Search extends Wanted {
	readonly service: string;
	readonly party: number;
	readonly duration: number | null;
}

export async function findAlternatives(search: Search, zone: Zone): Promise<Result<readonly Alternative[]>> {
	const today = zone.wall(environment.now()).date;
	const { date } = zone.wall(Date.parse(search.start));
	const from = date < today ? today : date;
	const result = await api.availability({
		service: search.service,
		from,
		to: addDays(from, DAYS),
		party: search.party,
		...(search.duration === null ? {} : { durationMin: search.duration }),
	});
	return result.ok ? { ok: true, value: rank(result.value, search, zone) } : result;
}
