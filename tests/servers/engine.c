#include "engine.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The folder of the scripts is given by the build. */
#ifndef SERVERS
#error "SERVERS is not defined"
#endif

static void fail(const char *what, const char *output)
{
	fprintf(stderr, "engine: %s: %s\n", what, output);
	abort();
}

/* Run a shell command; its output without the last line break. */
__attribute__((format(printf, 3, 4))) static int run(char *out, size_t size, const char *format, ...)
{
	char command[8192], rest[512];
	size_t len = 0, got;
	va_list args;
	FILE *pipe;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	pipe = popen(command, "r");
	if (!pipe)
		fail("popen", command);
	while (out && len + 1 < size && (got = fread(out + len, 1, size - 1 - len, pipe)) > 0)
		len += got;
	while (fread(rest, 1, sizeof(rest), pipe) > 0)
		;
	status = pclose(pipe);
	if (out) {
		while (len > 0 && out[len - 1] == '\n')
			len--;
		out[len] = '\0';
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *script(const struct engine *engine)
{
	return engine->dialect == RC_POSTGRES ? SERVERS "/postgres" : SERVERS "/mariadb";
}

static void launch(struct engine *engine, const char *words)
{
	char out[4096];

	if (run(out, sizeof(out), "%s start %s %s 2>&1", script(engine), engine->folder, words))
		fail("the server does not start", out);
	snprintf(engine->url, sizeof(engine->url), "%.191s", out);
}

void engine_start(struct engine *engine, enum rc_dialect dialect, const char *const *settings)
{
	char words[1024] = "";
	size_t len = 0;

	*engine = (struct engine){.dialect = dialect};
	snprintf(engine->folder, sizeof(engine->folder), "%s/rowcast-engine-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(engine->folder))
		fail("mkdtemp", engine->folder);
	if (dialect == RC_SQLITE) {
		snprintf(engine->url, sizeof(engine->url), "sqlite:%s/test.db", engine->folder);
		return;
	}
	for (; settings && *settings; settings++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "'%s' ", *settings);
	launch(engine, words);
}

void engine_fresh(struct engine *engine, char url[256])
{
	char name[32], sql[64];
	const char *slash = strrchr(engine->url, '/');

	snprintf(name, sizeof(name), "t%u", ++engine->databases);
	if (engine->dialect == RC_SQLITE) {
		snprintf(url, 256, "sqlite:%s/%s.db", engine->folder, name);
		return;
	}
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name);
	if (engine_sql(engine, engine->url, sql, NULL, 0))
		fail("the database cannot be made", name);
	snprintf(url, 256, "%.*s/%s", (int)(slash - engine->url), engine->url, name);
}

void engine_stop(struct engine *engine)
{
	char out[4096];

	if (engine->dialect != RC_SQLITE && run(out, sizeof(out), "%s stop %s 2>&1", script(engine), engine->folder))
		fail("the server does not stop", out);
}

/* Backends of PostgreSQL are children of the postmaster; MariaDB is one process. */
static void signal_all(const struct engine *engine, const char *name)
{
	if (engine->dialect != RC_SQLITE)
		run(NULL, 0, "p=$(cat %s/pid) && kill -%s $p $(pgrep -P $p)", engine->folder, name);
}

void engine_crash(struct engine *engine)
{
	signal_all(engine, "KILL");
	if (engine->dialect != RC_SQLITE)
		run(NULL, 0, "tail --pid=$(cat %s/pid) -f /dev/null", engine->folder);
	if (engine->dialect == RC_POSTGRES)
		run(NULL, 0, "rm -f %s/data/postmaster.pid", engine->folder);
}

void engine_freeze(struct engine *engine, bool on)
{
	signal_all(engine, on ? "STOP" : "CONT");
	/* The signal has been sent, but threads on another processor may still be running. */
	if (on && engine->dialect != RC_SQLITE)
		run(NULL, 0,
		    "p=$(cat %s/pid) && for q in $p $(pgrep -P $p); do"
		    " while grep -L '^State:.T' /proc/$q/task/*/status 2>/dev/null | grep -q .; do :; done; done",
		    engine->folder);
}

void engine_again(struct engine *engine)
{
	if (engine->dialect != RC_SQLITE)
		launch(engine, "");
}

void engine_remove(struct engine *engine)
{
	engine_stop(engine);
	run(NULL, 0, "rm -rf %s", engine->folder);
}

int engine_sql(struct engine *engine, const char *url, const char *sql, char *out, size_t size)
{
	char path[] = "/tmp/rowcast-sql-XXXXXX";
	int fd = mkstemp(path), status;

	if (fd < 0 || write(fd, sql, strlen(sql)) != (ssize_t)strlen(sql))
		fail("cannot write", path);
	close(fd);
	if (engine->dialect == RC_POSTGRES)
		status = run(out, size, "psql -X -q -A -t -v ON_ERROR_STOP=1 '%s' <%s 2>&1", url, path);
	else if (engine->dialect == RC_MARIADB)
		status = run(
			out, size,
			"bash -c \"set -o pipefail; mariadb --no-defaults -S %s/socket -u tester -N -B %s <%s 2>&1 | "
			"tr '\\t' '|'\"",
			engine->folder, strrchr(url, '/') + 1, path);
	else
		status = run(out, size, "sqlite3 -batch -cmd '.timeout 20000' '%s' <%s 2>&1", url + strlen("sqlite:"),
			     path);
	unlink(path);
	return status;
}
