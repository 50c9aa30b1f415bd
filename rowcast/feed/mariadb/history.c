#include "rowcast/feed/mariadb/history.h"

#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"

#define PROBE_EVENTS 8 /* the list of GTIDs is among the first */

static int open_file(struct dump *dump, const struct url *url, const char *file, struct rc_fault *fault)
{
	int rc = maria_link_open(&dump->link, url, LINK_ANSWER_US, fault);

	dump->rpl = NULL;
	return rc == RC_OK ? maria_dump_begin(dump, NULL, file, fault) : rc;
}

int maria_history_probe(const struct url *url, const char *file, uint32_t domain, struct history_file *out,
			struct rc_fault *fault)
{
	struct event_format format = {0};
	struct dump dump = {0};
	int rc = open_file(&dump, url, file, fault);
	bool listed = false;

	*out = (struct history_file){0};
	for (int i = 0; i < PROBE_EVENTS && rc == RC_OK && !listed; i++) {
		struct event event;
		struct gtid gtid;
		const uint8_t *bytes;
		const char *why;
		size_t len;

		rc = maria_dump_next(&dump, &bytes, &len, fault);
		if (rc != RC_OK)
			break;
		if (maria_event_read(&format, bytes, len, &event, &why) != RC_OK)
			rc = rc_fault_set(fault, RC_CORRUPT, "%s: file %s of the binlog: %s", dump.link.name, file,
					  why);
		else if (event.type == EVENT_GTID_LIST) {
			listed = true;
			if (maria_event_gtid_list(&event, domain, &gtid) == RC_OK)
				out->before_n = gtid.n;
		}
	}
	out->made_s = format.made_s;
	maria_dump_close(&dump);
	return rc == RC_OK && !listed
		       ? rc_fault_set(fault, RC_CORRUPT, "file %s of the binlog does not begin with its GTIDs", file)
		       : rc;
}

/* The file to begin with: the newest that is old enough, the oldest that there is, or the oldest within bytes_max. */
static int choose(const struct history *history, MYSQL_RES *rows, uint64_t bytes_max, char name[FILE_NAME_MAX],
		  struct history_file *out, struct rc_fault *fault)
{
	uint64_t total = 0, size;
	MYSQL_ROW row;

	*name = 0;
	for (my_ulonglong i = mysql_num_rows(rows); i-- > 0;) {
		struct history_file file;
		int rc;

		mysql_data_seek(rows, i);
		row = mysql_fetch_row(rows);
		if (!row || !row[0] || !row[1] || strlen(row[0]) >= FILE_NAME_MAX ||
		    rc_str_to_u64(rc_str_from(row[1]), &size) != RC_OK)
			break;
		total += size;
		if (*name && total > bytes_max)
			break;
		rc = maria_history_probe(history->url, row[0], history->domain, &file, fault);
		if (rc == RC_GONE && *name)
			break; /* purged under our eyes */
		if (rc != RC_OK)
			return rc;
		memcpy(name, row[0], strlen(row[0]) + 1);
		*out = file;
		if (history->from_us != INT64_MAX ? (int64_t)file.made_s * 1000000 <= history->from_us
						  : file.before_n <= history->after_n)
			break;
	}
	return *name ? RC_OK : rc_fault_set(fault, RC_GONE, "the server has no binlog");
}

static int read_groups(const struct history *history, struct dump *dump, struct assembler *assembler,
		       struct rc_fault *fault)
{
	const uint8_t *event;
	size_t len;
	int rc;

	while ((rc = maria_dump_next(dump, &event, &len, fault)) == RC_OK) {
		rc = maria_assembler_take(assembler, event, len);
		if (rc == ASSEMBLED_BREAK && assembler->n <= history->upto_n) {
			rc = history->gap(history->arg, assembler->n, (int64_t)assembler->txn.at_s * 1000000);
			if (rc != RC_OK)
				return rc;
		}
		if (rc == ASSEMBLED_TXN || rc == ASSEMBLED_OTHERS) {
			bool ours = rc == ASSEMBLED_TXN, in_domain = assembler->txn.gtid.domain == history->domain;

			if (in_domain && assembler->txn.gtid.n > history->upto_n)
				return RC_OK;
			rc = in_domain ? history->group(history->arg, &assembler->txn, ours) : RC_OK;
			if (rc != RC_OK || (in_domain && assembler->txn.gtid.n == history->upto_n))
				return rc;
		}
		if (rc < 0)
			return rc_fault_set(fault, RC_CORRUPT, "%s: the binlog: %s", dump->link.name, assembler->why);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

int maria_history_read(const struct history *history, uint64_t bytes_max, struct rc_fault *fault)
{
	struct assembler assembler;
	struct dump dump = {0};
	struct history_file begin = {0};
	struct link link;
	MYSQL_RES *rows = NULL;
	char name[FILE_NAME_MAX];
	int rc = maria_link_open(&link, history->url, LINK_ANSWER_US, fault);

	if (rc != RC_OK)
		return rc;
	rc = maria_link_rows(&link, "SHOW BINARY LOGS", "list the binlog's files", &rows, fault);
	if (rc == RC_OK)
		rc = choose(history, rows, bytes_max, name, &begin, fault);
	if (rows)
		mysql_free_result(rows);
	maria_link_close(&link);
	if (rc == RC_OK)
		rc = open_file(&dump, history->url, name, fault);
	if (rc == RC_OK)
		rc = history->begin(history->arg, begin.before_n, (int64_t)begin.made_s * 1000000);
	if (rc == RC_OK) {
		maria_assembler_init(&assembler, history->images, history->domain);
		rc = read_groups(history, &dump, &assembler, fault);
		maria_assembler_release(&assembler);
	}
	maria_dump_close(&dump);
	return rc;
}
