/*
 * The slot colours against what they promise: readable text, visible edges, and three states that stay apart for every kind of
 * colour vision (Machado, Oliveira and Fernandes 2009, severity 1; difference in CIEDE2000).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

type Triple = readonly [number, number, number];

const css = readFileSync(`${WEB_ROOT}src/booking/style/tokens.css`, "utf8");
const [light = "", dark = ""] = css.split("@media (prefers-color-scheme: dark)");

const colour = (theme: string, name: string): Triple => {
	const hex = new RegExp(`--${name}: #([0-9a-f]{6});`).exec(theme)?.[1];
	assert.ok(hex, name);
	return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255) as unknown as Triple;
};
const linear = (rgb: Triple): Triple =>
	rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as unknown as Triple;
const luminance = (rgb: Triple): number => {
	const [r, g, b] = linear(rgb);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a: Triple, b: Triple): number => {
	const [x, y] = [luminance(a), luminance(b)];
	return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
};

for (const [name, theme] of [
	["light", light],
	["dark", dark],
] as const) {
	const page = colour(theme, "page");
	for (const state of ["available", "limited", "booked"]) {
		test(`${name}: the text of a slot that is ${state} can be read, and its edge seen`, () => {
			assert.ok(contrast(colour(theme, state), colour(theme, `${state}-ink`)) >= 4.5);
			assert.ok(contrast(colour(theme, `${state}-edge`), page) >= 3);
		});
	}
	test(`${name}: text, notes and controls can be read on every ground`, () => {
		for (const ground of ["page", "sunken", "raised"]) {
			assert.ok(contrast(colour(theme, "text"), colour(theme, ground)) >= 7, ground);
			assert.ok(contrast(colour(theme, "muted"), colour(theme, ground)) >= 4.5, ground);
			assert.ok(contrast(colour(theme, "accent"), colour(theme, ground)) >= 4.5, ground);
			assert.ok(contrast(colour(theme, "control-edge"), colour(theme, ground)) >= 3, ground);
		}
		assert.ok(contrast(colour(theme, "accent"), colour(theme, "accent-ink")) >= 4.5);
		assert.ok(contrast(colour(theme, "closed"), colour(theme, "closed-ink")) >= 4.5);
		for (const mood of ["good", "warn", "bad"]) assert.ok(contrast(colour(theme, "text"), colour(theme, `${mood}-tint`)) >= 7, mood);
		assert.ok(contrast(colour(theme, "bad"), colour(theme, "raised")) >= 4.5);
	});
	test(`${name}: the days of the month can be read, and their bars seen`, () => {
		for (const [mood, state] of [["good", "available"], ["warn", "limited"]] as const) {
			assert.ok(contrast(colour(theme, "muted"), colour(theme, `${mood}-tint`)) >= 4.5, mood);
			assert.ok(contrast(colour(theme, `${state}-edge`), colour(theme, `${mood}-tint`)) >= 3, state);
		}
		assert.ok(contrast(colour(theme, "muted"), colour(theme, "bad-tint")) >= 4.5);
	});
}

const VISION: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
	full: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
	protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
	deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
	tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
	grey: [[0.2126, 0.7152, 0.0722], [0.2126, 0.7152, 0.0722], [0.2126, 0.7152, 0.0722]],
};

const lab = ([r, g, b]: Triple): Triple => {
	const f = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 16 / 116);
	const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
	const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
	const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
	return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
};

function ciede2000([l1, a1, b1]: Triple, [l2, a2, b2]: Triple): number {
	const rad = Math.PI / 180;
	const mean = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
	const g = 0.5 * (1 - Math.sqrt(mean ** 7 / (mean ** 7 + 25 ** 7)));
	const [x1, x2] = [a1 * (1 + g), a2 * (1 + g)];
	const [c1, c2] = [Math.hypot(x1, b1), Math.hypot(x2, b2)];
	const hue = (x: number, b: number): number => (x === 0 && b === 0 ? 0 : (Math.atan2(b, x) / rad + 360) % 360);
	const [h1, h2] = [hue(x1, b1), hue(x2, b2)];
	const gap = h2 - h1;
	const dh = c1 * c2 === 0 ? 0 : Math.abs(gap) <= 180 ? gap : gap > 180 ? gap - 360 : gap + 360;
	const dL = l2 - l1;
	const dC = c2 - c1;
	const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((dh / 2) * rad);
	const lm = (l1 + l2) / 2;
	const cm = (c1 + c2) / 2;
	const sum = h1 + h2;
	const hm = c1 * c2 === 0 ? sum : Math.abs(gap) <= 180 ? sum / 2 : sum < 360 ? (sum + 360) / 2 : (sum - 360) / 2;
	const t =
		1 -
		0.17 * Math.cos((hm - 30) * rad) +
		0.24 * Math.cos(2 * hm * rad) +
		0.32 * Math.cos((3 * hm + 6) * rad) -
		0.2 * Math.cos((4 * hm - 63) * rad);
	const sl = 1 + (0.015 * (lm - 50) ** 2) / Math.sqrt(20 + (lm - 50) ** 2);
	const sc = 1 + 0.045 * cm;
	const sh = 1 + 0.015 * cm * t;
	const rt = -2 * Math.sqrt(cm ** 7 / (cm ** 7 + 25 ** 7)) * Math.sin(60 * Math.exp(-(((hm - 275) / 25) ** 2)) * rad);
	return Math.sqrt((dL / sl) ** 2 + (dC / sc) ** 2 + (dH / sh) ** 2 + rt * (dC / sc) * (dH / sh));
}

const seen = (rgb: Triple, vision: string): Triple => {
	const matrix = VISION[vision];
	assert.ok(matrix);
	const [r, g, b] = linear(rgb);
	return lab(matrix.map((row) => Math.max(0, Math.min(1, row[0] * r + row[1] * g + row[2] * b))) as unknown as Triple);
};

test("the colour difference agrees with the published pair", () => {
	assert.ok(Math.abs(ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485]) - 2.0425) < 1e-4);
});

for (const vision of Object.keys(VISION)) {
	test(`available, limited and booked differ clearly with ${vision} vision`, () => {
		for (const theme of [light, dark])
			for (const [a, b] of [["available", "limited"], ["limited", "booked"], ["available", "booked"]] as const) {
				const difference = ciede2000(seen(colour(theme, a), vision), seen(colour(theme, b), vision));
				assert.ok(difference >= 10, `${a} ${b} ${difference.toFixed(1)}`);
			}
	});
}
