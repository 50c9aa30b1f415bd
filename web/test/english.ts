/* What the page's language script does: tests speak English. Put in front of every test by test.mjs. */
import { en } from "../src/booking/text/en.js";

globalThis.slotcastText = en;
