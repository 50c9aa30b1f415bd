/*
 * Migrations are files, NNNN-name.sql (SQLite), NNNN-name.postgres.sql and NNNN-name.mariadb.sql, in the engine's own
 * SQL: what goes up, a line "-- down", what takes it back. They are frozen once a database has run them, so nothing in
 * them is generated again; instead prove.c runs them all and compares what they make with what schema.sql asks for
 * (the servers': tests/unit/model/migrations.py, on real ones).
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rowcast/orm/rowgen/rowgen.h"

#define DOWN "\n-- down\n"

static const char *const suffixes[RC_DIALECTS] = {".sql", ".postgres.sql", ".mariadb.sql"};

static bool ends_with(const char *name, const char *suffix)
{
	return strlen(name) > strlen(suffix) && strcmp(name + strlen(name) - strlen(suffix), suffix) == 0;
}

static int is_migration(const struct dirent *entry)
{
	return ends_with(entry->d_name, suffixes[RC_SQLITE]) && !ends_with(entry->d_name, suffixes[RC_POSTGRES]) &&
	       !ends_with(entry->d_name, suffixes[RC_MARIADB]);
}

/* "0002-prices.sql" → 2, "prices" */
static void read_name(struct migration *migration, const struct source *file, const char *name)
{
	char *end;

	migration->version = (uint32_t)strtoul(name, &end, 10);
	if (end == name || *end != '-' || strlen(end) < 6)
		fail(file, 0, "a migration is called NNNN-name.sql");
	migration->name = rc_arena_printf(file->arena, "%.*s", (int)(strlen(end) - 5), end + 1);
}

static void read_file(struct migration *migration, enum rc_dialect dialect, const struct source *file)
{
	char *down = strstr(file->text, DOWN);

	if (!down)
		fail(file, 0, "a line \"-- down\" and what takes the migration back are missing");
	down[1] = '\0'; /* the line break before it belongs to the way up */
	migration->up[dialect] = file->text;
	migration->down[dialect] = down + strlen(DOWN);
}

/* Of the other engines there are all files or none: an engine that misses one would stop in the middle. */
static void read_others(struct migrations *migrations, struct rc_arena *arena, const char *dir, uint32_t index)
{
	struct migration *migration = &migrations->items[index];

	for (enum rc_dialect dialect = RC_POSTGRES; dialect < RC_DIALECTS; dialect++) {
		struct source file;
		const char *path = rc_arena_printf(arena, "%s/%04u-%s%s", dir, migration->version, migration->name,
						   suffixes[dialect]);
		bool there = access(path, F_OK) == 0;

		if (index > 0 && there != !!migrations->items[0].up[dialect])
			fail(&(struct source){.path = path}, 0,
			     there ? "the first migration has no such file" : "this file is missing");
		if (!there)
			continue;
		source_read(&file, arena, path);
		read_file(migration, dialect, &file);
		if (index > 0)
			lint_migration(path, migration->up[dialect], dialect, arena);
	}
}

void migrations_read(struct migrations *migrations, struct rc_arena *arena, const char *dir)
{
	struct source place = {.path = dir, .text = rc_arena_printf(arena, "%s", ""), .arena = arena};
	struct dirent **names;
	int count = scandir(dir, &names, is_migration, alphasort);

	if (count <= 0)
		fail(&place, 0, "%s", count < 0 ? strerror(errno) : "there are no migrations here");
	migrations->items = RC_ARENA_ARRAY(arena, struct migration, (size_t)count);
	migrations->count = (uint32_t)count;
	for (int i = 0; i < count; i++) {
		struct source file;

		source_read(&file, arena, rc_arena_printf(arena, "%s/%s", dir, names[i]->d_name));
		read_name(&migrations->items[i], &file, names[i]->d_name);
		read_file(&migrations->items[i], RC_SQLITE, &file);
		if (migrations->items[i].version != (uint32_t)i + 1)
			fail(&place, 0, "%s stands where number %d is expected", names[i]->d_name, i + 1);
		read_others(migrations, arena, dir, (uint32_t)i);
		free(names[i]);
	}
	free(names);
}
