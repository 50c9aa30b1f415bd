#include "rowcast/feed/mariadb/epoch.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACT   "read or write table rc_meta"
#define TRIES 5

static int read_one(struct link *link, const char *key, const char *lock, char *out, size_t size,
		    struct rc_fault *fault)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT value FROM rc_meta WHERE `key` = '%s'%s", key, lock);
	return maria_link_text(link, sql, ACT, out, size, fault);
}

static int read_epoch(struct link *link, const char *lock, struct epoch *out, struct rc_fault *fault)
{
	char *end;
	int rc = read_one(link, "epoch", lock, out->text, sizeof(out->text), fault);

	*out->feed = 0;
	if (rc == RC_OK)
		rc = read_one(link, "feed", "", out->feed, sizeof(out->feed), fault);
	if (rc != RC_OK)
		return rc;
	errno = 0;
	out->number = strtoull(out->text, &end, 16);
	return errno == 0 && *end == 0 && out->number != 0 ? RC_OK : RC_NOT_FOUND;
}

int maria_epoch_read(struct link *link, struct epoch *out, struct rc_fault *fault)
{
	*out = (struct epoch){0};
	return read_epoch(link, "", out, fault);
}

static int write_one(struct link *link, const char *key, const char *value, struct rc_fault *fault)
{
	return maria_link_runf(link, ACT, fault,
			       "INSERT INTO rc_meta (`key`, value) VALUES ('%s', '%s') "
			       "ON DUPLICATE KEY UPDATE value = VALUES(value)",
			       key, value);
}

static int begin_in_tx(struct link *link, uint64_t broken, const char *feed, struct epoch *out, struct rc_fault *fault)
{
	int rc = read_epoch(link, " FOR UPDATE", out, fault);

	if (rc == RC_OK && broken != 0 && out->number != broken)
		return RC_OK;
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	broken = out->number;
	do
		randombytes_buf(&out->number, sizeof(out->number));
	while (out->number == 0 || out->number == broken);
	snprintf(out->text, sizeof(out->text), "%" PRIx64, out->number);
	snprintf(out->feed, sizeof(out->feed), "%s", feed);
	rc = write_one(link, "epoch", out->text, fault);
	return rc == RC_OK ? write_one(link, "feed", out->feed, fault) : rc;
}

int maria_epoch_begin(struct link *link, uint64_t broken, const char *feed, struct epoch *out, struct rc_fault *fault)
{
	struct rc_fault ignored;
	int rc = RC_BUSY;

	/* Two that begin the first one at once may be a deadlock for each other. */
	for (int i = 0; i < TRIES && rc == RC_BUSY; i++) {
		rc = maria_link_run(link, "START TRANSACTION", ACT, fault);
		if (rc == RC_OK)
			rc = begin_in_tx(link, broken, feed, out, fault);
		if (rc == RC_OK)
			rc = maria_link_run(link, "COMMIT", ACT, fault);
		else if (maria_link_run(link, "ROLLBACK", ACT, &ignored) != RC_OK)
			break;
	}
	return rc;
}

int maria_epoch_store_feed(struct link *link, const struct epoch *epoch, struct rc_fault *fault)
{
	return maria_link_runf(link, ACT, fault,
			       "UPDATE rc_meta f JOIN rc_meta e ON e.`key` = 'epoch' SET f.value = '%s' "
			       "WHERE f.`key` = 'feed' AND e.value = '%s'",
			       epoch->feed, epoch->text);
}
