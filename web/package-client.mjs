/*
 * Build src/sync as the npm package @rowcast/client: `npm run package`, then `npm pack ./dist-client`.
 *
 *   node package-client.mjs [FOLDER]     default dist-client
 *
 * One readable ES module per source file, with its types beside it: whoever bundles it drops what he does not use, and whoever
 * debugs it reads the code that we wrote. The compiler emits both; there is no bundle to keep in step.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = resolve(process.argv[2] ?? here("dist-client"));
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const { status } = spawnSync(process.execPath, [tsc, "-p", here("src/sync/tsconfig.package.json"), "--outDir", out], { stdio: "inherit" });
if (status !== 0) process.exit(1);
copyFileSync(here("src/sync/package.json"), `${out}/package.json`);
copyFileSync(here("src/sync/README.md"), `${out}/README.md`);
copyFileSync(here("../LICENSE"), `${out}/LICENSE`);
