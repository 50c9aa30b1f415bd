/*
 * Unit tests: every test/NAME.test.ts is bundled (Node 18 does not read TypeScript) and run by node:test.
 */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";

const root = new URL("./", import.meta.url);
const out = new URL("node_modules/.cache/tests/", root);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const tests = readdirSync(new URL("test/", root), { recursive: false }).filter((name) => name.endsWith(".test.ts"));
await build({
	entryPoints: tests.map((name) => new URL(`test/${name}`, root).pathname),
	outdir: out.pathname,
	outExtension: { ".js": ".mjs" },
	bundle: true,
	platform: "node",
	format: "esm",
	target: "node18",
	packages: "external",
	sourcemap: "inline",
	jsx: "automatic",
	jsxImportSource: "preact",
	inject: [new URL("test/english.ts", root).pathname],
	define: { WEB_ROOT: JSON.stringify(root.pathname) },
	logLevel: "warning",
});
const files = tests.map((name) => new URL(name.replace(/\.ts$/, ".mjs"), out).pathname);
process.exit(spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=tap", ...files], { stdio: "inherit" }).status ?? 1);
