/*
 * Items by hand-written libmariadb calls, as a careful programmer writes them who knows the table: statements prepared
 * once, results bound to buffers, text copied out of them because the next row overwrites them, a thousand rows sent as
 * one INSERT of a thousand VALUES (their numbers are consecutive, the server says the first).
 */
#include "bench/mariadb.h"
#include "bench/orm.h"

#define COLUMNS "shelf, name, place, price, open, starts_at, ends_at, party, note"
enum { SHELF, NAME, PLACE, PRICE, OPEN, STARTS_AT, ENDS_AT, PARTY, NOTE, FIELDS };

static MYSQL *db;
static MYSQL_STMT *get, *list, *insert, *bulk;
static int64_t key, limit = LIST_ROWS;

/* What a result row is bound to. */
static struct bound {
	int64_t id, shelf, party;
	char name[ITEM_TEXT_MAX], place[ITEM_TEXT_MAX], note[ITEM_TEXT_MAX];
	unsigned long name_len, place_len, note_len;
	double price;
	signed char open;
	MYSQL_TIME starts_at, ends_at;
	my_bool no_note;
} bound;

static struct item rows[LIST_ROWS];
static char text[LIST_ROWS * 3 * ITEM_TEXT_MAX], *text_next;

/* What parameters are bound to: integers and times of each row; text is borrowed. */
static struct given {
	MYSQL_TIME starts_at, ends_at;
	signed char open;
} given[LIST_ROWS];
static MYSQL_BIND params[LIST_ROWS * FIELDS];
static unsigned long lengths[LIST_ROWS * FIELDS];

static void must(MYSQL_STMT *stmt, int failed, const char *what)
{
	if (failed) {
		fprintf(stderr, "orm: %s: %s\n", what, stmt ? mysql_stmt_error(stmt) : mysql_error(db));
		exit(1);
	}
}

static MYSQL_STMT *prepare(const char *sql)
{
	MYSQL_STMT *stmt = mysql_stmt_init(db);

	must(stmt, mysql_stmt_prepare(stmt, sql, strlen(sql)), sql);
	return stmt;
}

static MYSQL_BIND bind(enum enum_field_types type, void *buffer)
{
	return (MYSQL_BIND){.buffer_type = type, .buffer = buffer};
}

static MYSQL_BIND bind_out(char *buffer, unsigned long *length)
{
	return (MYSQL_BIND){
		.buffer_type = MYSQL_TYPE_STRING, .buffer = buffer, .buffer_length = ITEM_TEXT_MAX, .length = length};
}

static void bind_results(MYSQL_STMT *stmt)
{
	MYSQL_BIND out[] = {
		bind(MYSQL_TYPE_LONGLONG, &bound.id),        bind(MYSQL_TYPE_LONGLONG, &bound.shelf),
		bind_out(bound.name, &bound.name_len),       bind_out(bound.place, &bound.place_len),
		bind(MYSQL_TYPE_DOUBLE, &bound.price),       bind(MYSQL_TYPE_TINY, &bound.open),
		bind(MYSQL_TYPE_DATETIME, &bound.starts_at), bind(MYSQL_TYPE_DATETIME, &bound.ends_at),
		bind(MYSQL_TYPE_LONGLONG, &bound.party),     bind_out(bound.note, &bound.note_len),
	};

	out[9].is_null = &bound.no_note;
	must(stmt, mysql_stmt_bind_result(stmt, out), "bind");
}

static MYSQL_STMT *prepare_bulk(void)
{
	static const char head[] = "INSERT INTO item (" COLUMNS ") VALUES ", row[] = "(?,?,?,?,?,?,?,?,?),";
	char *sql = malloc(sizeof(head) + LIST_ROWS * sizeof(row)), *to;
	MYSQL_STMT *stmt;

	if (!sql)
		abort();
	to = stpcpy(sql, head);
	for (int i = 0; i < LIST_ROWS; i++)
		to = stpcpy(to, row);
	to[-1] = '\0';
	stmt = prepare(sql);
	free(sql);
	return stmt;
}

static void bare_open(const char *url)
{
	MYSQL_BIND in[2] = {bind(MYSQL_TYPE_LONGLONG, &key), bind(MYSQL_TYPE_LONGLONG, &limit)};

	db = mariadb_dial(url);
	get = prepare("SELECT id, " COLUMNS " FROM item WHERE id = ?");
	list = prepare("SELECT id, " COLUMNS " FROM item WHERE shelf = ? ORDER BY id LIMIT ?");
	insert = prepare("INSERT INTO item (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
	bulk = prepare_bulk();
	must(get, mysql_stmt_bind_param(get, in), "bind");
	must(list, mysql_stmt_bind_param(list, in), "bind");
	bind_results(get);
	bind_results(list);
}

static void bare_close(void)
{
	mysql_stmt_close(get);
	mysql_stmt_close(list);
	mysql_stmt_close(insert);
	mysql_stmt_close(bulk);
	mysql_close(db);
}

static void bare_begin(void)
{
	must(NULL, mysql_query(db, "START TRANSACTION"), "begin");
}

static void bare_rollback(void)
{
	must(NULL, mysql_rollback(db), "rollback");
}

static struct rc_str copy(const char *from, unsigned long length)
{
	struct rc_str out = {text_next, length};

	memcpy(text_next, from, length);
	text_next[length] = '\0';
	text_next += length + 1;
	return out;
}

static void read_row(struct item *out)
{
	*out = (struct item){
		.nulls = bound.no_note ? ITEM_NULL_NOTE : 0,
		.id = bound.id,
		.shelf = bound.shelf,
		.name = copy(bound.name, bound.name_len),
		.place = copy(bound.place, bound.place_len),
		.price = bound.price,
		.open = bound.open,
		.starts_at = mariadb_us(&bound.starts_at),
		.ends_at = mariadb_us(&bound.ends_at),
		.party = bound.party,
		.note = bound.no_note ? RC_STR_NONE : copy(bound.note, bound.note_len),
	};
}

static size_t read_rows(MYSQL_STMT *stmt)
{
	size_t count = 0;
	int result;

	text_next = text;
	must(stmt, mysql_stmt_execute(stmt), "execute");
	while ((result = mysql_stmt_fetch(stmt)) == 0)
		read_row(&rows[count++]);
	must(stmt, result != MYSQL_NO_DATA, "fetch");
	return count;
}

static void bare_get(int64_t id, const struct item **out)
{
	key = id;
	*out = read_rows(get) == 1 ? &rows[0] : NULL;
}

static int64_t bare_list(int64_t shelf)
{
	int64_t sum = 0;
	size_t count;

	key = shelf;
	count = read_rows(list);
	for (size_t i = 0; i < count; i++)
		sum += item_sum(&rows[i]);
	return sum;
}

static void bind_in(MYSQL_BIND *param, unsigned long *length, struct rc_str value)
{
	*length = value.len;
	*param = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
			      .buffer = (char *)(uintptr_t)value.ptr,
			      .buffer_length = value.len,
			      .length = length};
}

static void give(size_t at, struct item *row)
{
	MYSQL_BIND *to = &params[at * FIELDS];
	unsigned long *length = &lengths[at * FIELDS];

	mariadb_time(row->starts_at, &given[at].starts_at);
	mariadb_time(row->ends_at, &given[at].ends_at);
	given[at].open = row->open;
	to[SHELF] = bind(MYSQL_TYPE_LONGLONG, &row->shelf);
	bind_in(&to[NAME], &length[NAME], row->name);
	bind_in(&to[PLACE], &length[PLACE], row->place);
	to[PRICE] = bind(MYSQL_TYPE_DOUBLE, &row->price);
	to[OPEN] = bind(MYSQL_TYPE_TINY, &given[at].open);
	to[STARTS_AT] = bind(MYSQL_TYPE_DATETIME, &given[at].starts_at);
	to[ENDS_AT] = bind(MYSQL_TYPE_DATETIME, &given[at].ends_at);
	to[PARTY] = bind(MYSQL_TYPE_LONGLONG, &row->party);
	if (row->nulls & ITEM_NULL_NOTE)
		to[NOTE] = bind(MYSQL_TYPE_NULL, NULL);
	else
		bind_in(&to[NOTE], &length[NOTE], row->note);
}

static void bare_insert(struct item *row)
{
	give(0, row);
	must(insert, mysql_stmt_bind_param(insert, params), "bind");
	must(insert, mysql_stmt_execute(insert), "insert");
	row->id = (int64_t)mysql_stmt_insert_id(insert);
}

static void bare_insert_many(struct item *many, size_t count)
{
	int64_t first;

	if (count != LIST_ROWS)
		abort();
	for (size_t i = 0; i < count; i++)
		give(i, &many[i]);
	must(bulk, mysql_stmt_bind_param(bulk, params), "bind");
	must(bulk, mysql_stmt_execute(bulk), "insert many");
	first = (int64_t)mysql_stmt_insert_id(bulk);
	for (size_t i = 0; i < count; i++)
		many[i].id = first + (int64_t)i;
}

const struct side side_mariadb = {"mariadb", bare_open,   bare_begin,       bare_rollback, bare_get,
				  bare_list, bare_insert, bare_insert_many, bare_close};
