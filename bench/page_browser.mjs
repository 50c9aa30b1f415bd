/* What the page benchmarks share: a browser, and percentiles. Figures are lines "name value". */
import { createRequire } from "node:module";

const require = createRequire(new URL("../web/package.json", import.meta.url));
export const { chromium } = require("playwright-core");
export const esbuild = require("esbuild");

export const launch = () =>
	chromium.launch({
		executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
		args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
	});
export const figure = (name, value) => console.log(`${name} ${typeof value === "number" ? Number(value.toFixed(2)) : value}`);
export const percentile = (values, p) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))] ?? NaN;
