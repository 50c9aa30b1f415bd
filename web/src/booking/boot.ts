/*
 * What the server wrote into the page: enough to draw the frame, and to tell people whom to call, before and without any
 * further answer from it.
 */
import { asObject, decodeVenue, decodeVenueSummary, listOf, parseJson } from "../sync/index.js";
import type { Venue, VenueSummary } from "../sync/index.js";

export type Boot =
	| { readonly page: "home"; readonly venues: readonly VenueSummary[]; readonly venue: null; readonly setup: Setup | null }
	| { readonly page: "venue"; readonly venue: Venue | null }
	| { readonly page: "booking"; readonly ref: string; readonly venue: Venue | null };

/** Said only while there is no venue yet. */
export interface Setup {
	/** Where the server keeps its rows, as `--db` takes it; "" where that is not for everybody's eyes. */
	readonly database: string;
}

export function readBoot(json: string): Boot {
	const o = asObject(parseJson(json)) ?? {};
	const venue = decodeVenue(o["venue"]);
	switch (o["page"]) {
		case "venue":
			return { page: "venue", venue };
		case "booking":
			return { page: "booking", venue, ref: typeof o["ref"] === "string" ? o["ref"] : "" };
		default:
			return { page: "home", venue: null, venues: listOf(o["venues"], decodeVenueSummary) ?? [], setup: readSetup(o["setup"]) };
	}
}

function readSetup(value: unknown): Setup | null {
	const database = asObject(value)?.["db"];
	return value === undefined ? null : { database: typeof database === "string" ? database : "" };
}

let read: Boot | undefined;

/** This page's. */
export const boot = (): Boot => (read ??= readBoot(document.getElementById("boot")?.textContent ?? ""));
