/** Where a tab keeps its hold (kept.ts). By itself, so that a page that begins asks before it fetches the rest. */
export const HOLD_PLACE = "hold";
