/*
 * The program: commands, help, and exit statuses: 0 ok, 1 failed, 2 wrong use.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "slotcast/main/admin_token.h"
#include "slotcast/main/import.h"
#include "slotcast/main/migrate.h"
#include "slotcast/main/options.h"
#include "slotcast/main/serve.h"

#define WORDS_MAX 3

static const char usage[] = "usage: slotcast serve --db URL [--listen HOST:PORT] [--config FILE] [--demo]\n"
			    "       slotcast import FILE.json --db URL\n"
			    "       slotcast migrate up|down|status|verify --db URL\n"
			    "       slotcast admin-token --db URL\n"
			    "       slotcast --help | --version\n";

static const struct option own_options[] = {
	{"demo", OPTION_FLAG, offsetof(struct slotcast_options, demo), "off", 0, 0, "Database", NULL,
	 "When the database has no venue, make a studio with bookings to look at."},
};

static int wrong_use(const char *message)
{
	fprintf(stderr, "slotcast: %s\n%s", message, usage);
	return 2;
}

static int print_reference(const struct option_set *set)
{
	struct buf text = BUF_INIT;

	option_print_reference(set, &text);
	fwrite(text.data, 1, text.len, stdout);
	buf_release(&text);
	return 0;
}

static int print_help(const struct option_set *set)
{
	struct buf text = BUF_INIT;

	buf_printf(&text,
		   "Slotcast %s: bookings on a database, and on every screen the moment they change.\n\n%s\n"
		   "URL: sqlite:PATH\n"
		   "     postgres://USER:PASSWORD@HOST:PORT,HOST2:PORT2/DATABASE?PARAMETER=VALUE\n"
		   "     mariadb://USER:PASSWORD@HOST:PORT,HOST2:PORT2/DATABASE?PARAMETER=VALUE\n",
		   ROWCAST_VERSION, usage);
	option_print_help(set, &text);
	fwrite(text.data, 1, text.len, stdout);
	buf_release(&text);
	return 0;
}

static int need_words(const char *command, int wanted, int words)
{
	char message[128];

	if (wanted == words)
		return 0;
	snprintf(message, sizeof(message), "%s takes %d argument%s", command, wanted, wanted == 1 ? "" : "s");
	return wrong_use(message);
}

static int run(const struct slotcast_options *options, const char *const *words, int count)
{
	static const struct {
		const char *name;
		int words; /* behind it */
	} commands[] = {{"serve", 0}, {"import", 1}, {"migrate", 1}, {"admin-token", 0}};
	const char *db = options->server.db;
	char message[128];
	size_t command = 0;
	enum log_level level;

	while (command < 4 && strcmp(commands[command].name, words[0]))
		command++;
	if (command == 4) {
		snprintf(message, sizeof(message), "there is no command named %.64s", words[0]);
		return wrong_use(message);
	}
	if (need_words(words[0], commands[command].words, count - 1))
		return 2;
	if (!db || !*db)
		return wrong_use("--db is missing; for example --db sqlite:slotcast.db");
	if (log_level_parse(rc_str_from(options->server.log_level), &level) == 0)
		log_set_level(level);
	switch (command) {
	case 0:
		return serve_command(options);
	case 1:
		return import_command(words[1], db);
	case 2:
		return migrate_command(words[1], db);
	default:
		return admin_token_command(db);
	}
}

int main(int argc, char **argv)
{
	struct slotcast_options options = {0};
	struct option_set set = {.env_prefix = "SLOTCAST_", .values = &options};
	struct option *rows = server_option_table(own_options, sizeof(own_options) / sizeof(own_options[0]),
						  &set.count);
	const char *words[WORDS_MAX];
	struct rc_fault fault = {0};
	int count = 0, status;

	rc_check(sodium_init() >= 0);
	set.options = rows;
	if (server_options_load(&set, argc, argv, words, WORDS_MAX, &count, &fault)) {
		fprintf(stderr, "slotcast: %s\n", fault.message);
		status = 2;
	} else if (options.server.help) {
		status = print_help(&set);
	} else if (options.server.help_markdown) {
		status = print_reference(&set);
	} else if (options.server.version) {
		puts("slotcast " ROWCAST_VERSION);
		status = 0;
	} else if (!count) {
		status = wrong_use("a command is missing");
	} else {
		status = run(&options, words, count);
	}
	option_release(&set);
	free(rows);
	return status;
}
