import type { Problem } from "../../sync/index.js";

/** Refusals that another time cures. */
const CONFLICTS: ReadonlySet<string> = new Set(["slot-full", "slot-held", "hold-expired", "outside-hours"]);
export const isConflict = (problem: Problem): boolean => CONFLICTS.has(problem.code);
