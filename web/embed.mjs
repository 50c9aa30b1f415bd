/*
 * embed.mjs DIST OUT.c — the built pages as one C table, `web_files` (rowcast/http/static.h), ended by a NULL path.
 *
 * Plain arrays rather than .incbin: the file compiles anywhere, holds no path of this machine, and the same input gives the
 * same bytes. Each coding is there only when it is smaller than the one before it.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const TYPES = {
	html: "text/html; charset=utf-8",
	js: "text/javascript; charset=utf-8",
	css: "text/css; charset=utf-8",
	svg: "image/svg+xml",
	png: "image/png",
	json: "application/json",
	webmanifest: "application/manifest+json",
};

function filesUnder(folder, prefix) {
	return readdirSync(folder, { withFileTypes: true })
		.filter((entry) => !entry.name.startsWith(".")) // the build's own marks
		.sort((a, b) => (a.name < b.name ? -1 : 1))
		.flatMap((entry) =>
			entry.isDirectory() ? filesUnder(join(folder, entry.name), `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
		);
}

function array(name, bytes) {
	const lines = [];
	for (let i = 0; i < bytes.length; i += 24) lines.push(`\t${[...bytes.subarray(i, i + 24)].join(",")},`);
	return `static const unsigned char ${name}[] = {\n${lines.join("\n")}\n};\n`;
}

const [dist, out] = process.argv.slice(2);
if (dist === undefined || out === undefined) {
	console.error("usage: node embed.mjs DIST OUT.c");
	process.exit(2);
}

const data = [];
const rows = [];
const files = filesUnder(dist, "").filter((path) => !/\.(gz|br)$/.test(path));
files.forEach((path, n) => {
	const extension = path.slice(path.lastIndexOf(".") + 1);
	const type = TYPES[extension];
	if (type === undefined) throw new Error(`${path}: no content type for .${extension}`);
	const plain = readFileSync(join(dist, path));
	const etag = createHash("sha256").update(plain).digest("hex").slice(0, 16);
	const immutable = path.startsWith("assets/");
	const view = (suffix, coding) => {
		const file = join(dist, path + suffix);
		if (!existsSync(file)) return "{0}";
		const bytes = readFileSync(file);
		const name = `file_${n}_${coding}`;
		data.push(array(name, bytes));
		return `{(const char *)${name}, sizeof(${name})}`;
	};
	rows.push(
		`\t{"/${path}", "${type}", "\\"${etag}\\"", ${immutable},\n\t ` +
			`${view("", "plain")},\n\t ${view(".gz", "gzip")},\n\t ${view(".br", "brotli")}},`,
	);
});

writeFileSync(
	out,
	`/* Made by web/embed.mjs from the web build. Do not edit. */\n` +
		`#include "rowcast/http/static.h"\n\n` +
		`extern const struct static_file web_files[];\n\n` +
		`${data.join("\n")}\nconst struct static_file web_files[] = {\n${rows.join("\n")}\n\t{0},\n};\n`,
);
