/*
 * Migrations are files, NNNN-name.sql, in the engine's own SQL: what goes up, a line "-- down", what takes it back. They
 * are frozen once a database has run them, so nothing in them is generated again; instead prove.c runs them all and
 * compares what they make with what schema.sql asks for.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rowcast/orm/rowgen/rowgen.h"

#define DOWN "\n-- down\n"

static int is_migration(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
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

static void read_file(struct migration *migration, struct rc_arena *arena, const char *path, const char *name)
{
	struct source file;
	char *down;

	source_read(&file, arena, path);
	read_name(migration, &file, name);
	down = strstr(file.text, DOWN);
	if (!down)
		fail(&file, 0, "a line \"-- down\" and what takes the migration back are missing");
	down[1] = '\0'; /* the line break before it belongs to the way up */
	migration->up = file.text;
	migration->down = down + strlen(DOWN);
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
		const char *path = rc_arena_printf(arena, "%s/%s", dir, names[i]->d_name);

		read_file(&migrations->items[i], arena, path, names[i]->d_name);
		if (migrations->items[i].version != (uint32_t)i + 1)
			fail(&place, 0, "%s stands where number %d is expected", names[i]->d_name, i + 1);
		free(names[i]);
	}
	free(names);
}
