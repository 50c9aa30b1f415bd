/*
 * rowgen --schema-name NAME --include PATH --schema FILE [--queries FILE] [--guards FILE] [--guards-postgres FILE]
 *        [--guards-mariadb FILE] [--migrations DIR] --out DIR
 * rowgen --schema FILE [--guards… FILE] --ddl sqlite|postgres|mariadb
 * rowgen --schema FILE --capture TABLE
 * rowgen diff --from FILE --to FILE --name NAME --migrations DIR [--guards FILE] [--drop NAME]... [--locks TABLE=REASON]...
 *
 * Writes DIR/model.h and DIR/model.c; without --migrations the schema is the only migration. --ddl prints what makes the
 * whole schema on that engine, as a migration. --capture prints the statements that make a table's capture again on
 * SQLite, for a migration that changes its columns. diff writes the next migration out of two versions of the schema
 * (diff.c). Exit status: 0 written, 1 the
 * input has a fault (file:line: what), 2 wrong use.
 */
#include <errno.h>
#include <getopt.h>
#include <pg_query.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/orm/rowgen/diff.h"

void fail(const struct source *source, size_t at, const char *format, ...)
{
	va_list args;
	int line = 1;

	for (size_t i = 0; i < at && i < source->len; i++)
		line += source->text[i] == '\n';
	fprintf(stderr, "%s:%d: ", source->path, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

json_t *source_parse(const struct source *source)
{
	PgQueryParseResult result = pg_query_parse(source->text);
	json_error_t error;
	json_t *tree;

	if (result.error)
		fail(source, result.error->cursorpos > 0 ? (size_t)result.error->cursorpos - 1 : 0, "%s",
		     result.error->message);
	tree = json_loads(result.parse_tree, 0, &error);
	pg_query_free_parse_result(result);
	if (!tree)
		fail(source, 0, "the parser's tree cannot be read: %s", error.text);
	return tree;
}

void source_read(struct source *source, struct rc_arena *arena, const char *path)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	struct buf text = BUF_INIT;
	size_t got;

	*source = (struct source){
		.path = path ? path : "(none)", .text = rc_arena_printf(arena, "%s", ""), .arena = arena};
	if (!path)
		return;
	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	do {
		got = fread(buf_reserve(&text, 65536), 1, 65536, file);
		text.len += got;
	} while (got);
	fclose(file);
	source->text = (char *)(uintptr_t)rc_arena_copy(arena, buf_str(&text)).ptr;
	source->len = text.len;
	buf_release(&text);
}

int file_write(const char *dir, const char *name, const struct buf *text)
{
	char path[4096];
	FILE *file;
	int bad;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	bad = !file || (text->len && fwrite(text->data, 1, text->len, file) != text->len);
	if (file && fclose(file) != 0)
		bad = 1;
	if (bad)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return bad;
}

struct args {
	const char *schema, *queries, *guards[RC_DIALECTS], *migrations, *ddl, *capture, *out;
	struct names names;
};

static int args_read(int argc, char **argv, struct args *args)
{
	static const struct option options[] = {
		{"schema-name", required_argument, NULL, 'n'},
		{"include", required_argument, NULL, 'i'},
		{"schema", required_argument, NULL, 's'},
		{"queries", required_argument, NULL, 'q'},
		{"guards", required_argument, NULL, 'g'},
		{"guards-postgres", required_argument, NULL, 'p'},
		{"guards-mariadb", required_argument, NULL, 'a'},
		{"ddl", required_argument, NULL, 'd'},
		{"migrations", required_argument, NULL, 'm'},
		{"capture", required_argument, NULL, 'c'},
		{"out", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char **place = option == 'n'   ? &args->names.schema
				     : option == 'i' ? &args->names.include
				     : option == 's' ? &args->schema
				     : option == 'q' ? &args->queries
				     : option == 'g' ? &args->guards[RC_SQLITE]
				     : option == 'p' ? &args->guards[RC_POSTGRES]
				     : option == 'a' ? &args->guards[RC_MARIADB]
				     : option == 'd' ? &args->ddl
				     : option == 'm' ? &args->migrations
				     : option == 'c' ? &args->capture
				     : option == 'o' ? &args->out
						     : NULL;

		if (!place)
			return 2;
		*place = optarg;
	}
	if (optind != argc || !args->schema)
		return 2;
	return args->capture || args->ddl || (args->names.schema && args->names.include && args->out) ? 0 : 2;
}

static int print_capture(const struct schema *schema, const char *name)
{
	const struct table *table = schema_table(schema, name);
	struct buf text = BUF_INIT;

	if (!table || !table->captured)
		fail(schema->source, 0, "there is no captured table named %s", name);
	emit_recapture(&text, schema, table);
	fwrite(text.data, 1, text.len, stdout);
	buf_release(&text);
	return 0;
}

struct ddl {
	struct buf up[RC_DIALECTS], down[RC_DIALECTS];
};

static void ddl_write(struct ddl *ddl, const struct schema *schema, const struct source *guards)
{
	static void (*const emit[RC_DIALECTS])(struct buf * up, struct buf * down, const struct schema *schema,
					       const struct source *guards) = {emit_sqlite, emit_postgres,
									       emit_mariadb};

	*ddl = (struct ddl){0};
	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++)
		emit[dialect](&ddl->up[dialect], &ddl->down[dialect], schema, &guards[dialect]);
}

static void ddl_release(struct ddl *ddl)
{
	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++) {
		buf_release(&ddl->up[dialect]);
		buf_release(&ddl->down[dialect]);
	}
}

static int print_ddl(struct ddl *ddl, const char *name)
{
	static const char *const names[RC_DIALECTS] = {"sqlite", "postgres", "mariadb"};

	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++) {
		if (strcmp(names[dialect], name) != 0)
			continue;
		printf("%s-- down\n%s", buf_cstr(&ddl->up[dialect]), buf_cstr(&ddl->down[dialect]));
		return 0;
	}
	fprintf(stderr, "rowgen: --ddl is sqlite, postgres or mariadb\n");
	return 2;
}

static int usage(FILE *out, int status)
{
	fprintf(out, "usage: rowgen --schema-name NAME --include PATH --schema FILE [--queries FILE] [--guards FILE]\n"
		     "              [--guards-postgres FILE] [--guards-mariadb FILE] [--migrations DIR] --out DIR\n"
		     "       rowgen --schema FILE [--guards... FILE] --ddl sqlite|postgres|mariadb\n"
		     "       rowgen --schema FILE --capture TABLE\n"
		     "       rowgen diff --from FILE --to FILE --name NAME --migrations DIR [--guards FILE]\n"
		     "              [--drop NAME]... [--locks TABLE=REASON]...\n"
		     "       rowgen --help | --version\n");
	return status;
}

/* model.h and model.c. */
static int write_model(const struct args *args, const struct schema *schema, const struct queries *queries,
		       struct ddl *ddl)
{
	struct rc_arena *arena = schema->source->arena;
	struct migration whole = {.version = 1, .name = "initial"};
	struct migrations migrations = {&whole, 1};
	struct buf header = BUF_INIT, source = BUF_INIT;
	int status;

	prove(schema, queries, buf_cstr(&ddl->up[RC_SQLITE]), buf_cstr(&ddl->down[RC_SQLITE]));
	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++) {
		whole.up[dialect] = buf_cstr(&ddl->up[dialect]);
		whole.down[dialect] = buf_cstr(&ddl->down[dialect]);
	}
	if (args->migrations) {
		migrations_read(&migrations, arena, args->migrations);
		prove_migrations(schema, &migrations, buf_cstr(&ddl->up[RC_SQLITE]));
	}
	emit_header(&header, &args->names, schema, queries);
	emit_source(&source, &args->names, schema, queries, &migrations);
	status = file_write(args->out, "model.h", &header) | file_write(args->out, "model.c", &source);
	buf_release(&header);
	buf_release(&source);
	return status;
}

int main(int argc, char **argv)
{
	struct args args = {0};
	struct rc_arena arena;
	struct source schema_text, queries_text, guards[RC_DIALECTS];
	struct schema schema;
	struct queries queries;
	struct ddl ddl;
	int status;

	if (argc > 1 && strcmp(argv[1], "diff") == 0) {
		status = diff_main(argc - 1, argv + 1);
		return status == 2 ? usage(stderr, 2) : status;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("rowgen " ROWCAST_VERSION) < 0;
	if (args_read(argc, argv, &args))
		return usage(stderr, 2);
	rc_arena_init(&arena, 1 << 16);
	source_read(&schema_text, &arena, args.schema);
	source_read(&queries_text, &arena, args.queries);
	schema_parse(&schema, &schema_text);
	if (args.capture)
		return print_capture(&schema, args.capture);
	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++) {
		source_read(&guards[dialect], &arena, args.guards[dialect]);
		schema_add_guards(&schema, &guards[dialect], dialect);
	}
	ddl_write(&ddl, &schema, guards);
	if (args.ddl) {
		status = print_ddl(&ddl, args.ddl);
	} else {
		queries_parse(&queries, &queries_text, &schema);
		status = write_model(&args, &schema, &queries, &ddl);
	}
	ddl_release(&ddl);
	rc_arena_release(&arena);
	return status;
}
