/*
 * The database behind a server under test, as an outsider sees it: by the engine's own command-line program.
 *
 *   ENGINE  sqlite (default), postgres or mariadb: one private server of tests/servers for each test file, a database for each Server
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const engine = process.env.ENGINE ?? "sqlite";
const script = fileURLToPath(new URL(`../servers/${engine}`, import.meta.url));

/** One for this process, gone with it. */
class Shared {
	folder = mkdtempSync(join(tmpdir(), "rowcast-engine-"));
	#databases = 0;

	constructor() {
		this.url = this.run("start");
		process.once("exit", () => {
			this.run("stop");
			rmSync(this.folder, { recursive: true, force: true });
		});
	}

	run(act) {
		return execFileSync(script, [act, this.folder], { encoding: "utf8" }).trim();
	}

	/** kill -9 of everything that belongs to it. */
	crash() {
		const pid = readFileSync(join(this.folder, "pid"), "utf8").trim();
		execFileSync("sh", ["-c", `kill -KILL ${pid} $(pgrep -P ${pid}); tail --pid=${pid} -f /dev/null; rm -f ${this.folder}/data/postmaster.pid`]);
	}

	sql(database, statement) {
		if (engine === "postgres") return execFileSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", this.of(database)], { input: statement });
		const session = "--init-command=SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES'), time_zone = '+00:00'";
		return execFileSync("mariadb", ["--no-defaults", "-S", join(this.folder, "socket"), "-u", "tester", session, database], { input: statement });
	}

	of(database) {
		return this.url.replace(/[^/]*$/, database);
	}

	make() {
		const name = `t${++this.#databases}`;
		this.sql("test", `CREATE DATABASE ${name}`);
		return name;
	}
}

let shared = null;

class Served {
	constructor() {
		shared ??= new Shared();
		this.name = shared.make();
		this.url = shared.of(this.name);
	}

	sql(statement) {
		shared.sql(this.name, statement);
	}

	instant(text) {
		return engine === "postgres" ? `timestamptz '${text}'` : `'${text.slice(0, 19).replace("T", " ")}'`;
	}

	restore() {
		const { name } = this;
		if (engine === "postgres") {
			shared.sql("test", `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${name}'`);
			shared.sql("test", `ALTER DATABASE ${name} RENAME TO ${name}_old`);
			shared.sql("test", `CREATE DATABASE ${name} TEMPLATE ${name}_old`);
			return;
		}
		const socket = ["--no-defaults", "-S", join(shared.folder, "socket"), "-u", "tester"];
		const dump = execFileSync("mariadb-dump", [...socket, "--routines", "--triggers", name], { maxBuffer: 1 << 28 });
		shared.sql("test", `DROP DATABASE ${name}; CREATE DATABASE ${name}`);
		execFileSync("mariadb", [...socket, name], { input: dump });
	}

	lose() {
		shared.crash();
	}

	find() {
		shared.run("start");
	}
}

class Sqlite {
	constructor(folder) {
		this.file = join(folder, "demo.db");
		this.url = `sqlite:${this.file}`;
	}

	/** Another program that knows nothing of us writes the database. */
	sql(statement) {
		execFileSync("sqlite3", ["-cmd", ".timeout 5000", this.file, statement]);
	}

	/** A literal of a moment such as 2026-11-20T09:00:00Z. */
	instant(text) {
		return String(Date.parse(text) * 1000);
	}

	/** What an operator does after a disaster: the database is a copy of itself. The server must be down. */
	restore() {
		execFileSync("sqlite3", [this.file, `.backup ${this.file}.copy`]);
		for (const suffix of ["", "-wal", "-shm"]) rmSync(this.file + suffix, { force: true });
		renameSync(`${this.file}.copy`, this.file);
	}

	/** From now on it cannot be used: here its history broke, as after a restore, and its tables cannot be read anew. */
	lose() {
		this.sql("ALTER TABLE claim RENAME TO claim_gone; UPDATE rc_meta SET value = 'another' WHERE key = 'epoch'");
	}

	/** And now it can again. */
	find() {
		this.sql("ALTER TABLE claim_gone RENAME TO claim");
	}
}

export const databaseIn = (folder) => (engine === "sqlite" ? new Sqlite(folder) : new Served());
