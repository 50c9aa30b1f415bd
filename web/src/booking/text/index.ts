import { en, type Text } from "./en.js";

/** The language the page speaks. */
export const text: Text = en;
export type { Text };
