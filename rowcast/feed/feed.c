/* The public feed: finds the source of a URL and passes on. */
#include "rowcast/feed/source.h"

#include <stdio.h>

/* Where a database has both, its log stands first. */
static const struct feed_source *const sources[] = {&feed_sqlite, &feed_postgres_log, &feed_postgres_triggers,
						    &feed_mariadb_log, &feed_mariadb_triggers};

#define SOURCES (sizeof(sources) / sizeof(*sources))

static bool serves(const struct feed_source *source, struct rc_str scheme, enum rc_feed_kind kind)
{
	return (kind == RC_FEED_AUTO || kind == source->kind) &&
	       (rc_str_is(scheme, source->scheme) || (source->scheme_alias && rc_str_is(scheme, source->scheme_alias)));
}

/* The source number `from` or a later one that serves the URL; NULL: none. */
static const struct feed_source *find(const char *url, enum rc_feed_kind kind, size_t *from)
{
	struct rc_str rest = rc_str_from(url);
	struct rc_str scheme = rc_str_cut(&rest, ':');

	while (*from < SOURCES) {
		const struct feed_source *source = sources[(*from)++];

		if (serves(source, scheme, kind))
			return source;
	}
	return NULL;
}

static int no_source(const char *url, enum rc_feed_kind kind, struct rc_fault *fault)
{
	size_t any = 0;

	if (kind != RC_FEED_AUTO && find(url, RC_FEED_AUTO, &any))
		return rc_fault_set(fault, RC_INVALID, "this database has no change feed by %s; use the other kind",
				    kind == RC_FEED_LOG ? "its log" : "triggers");
	return rc_fault_set(fault, RC_INVALID,
			    "this is not a database URL with a change feed; write sqlite:PATH, postgres://… or "
			    "mariadb://…");
}

int rc_feed_prepare(const char *url, const struct rc_schema *schema, const struct rc_feed_options *options,
		    enum rc_feed_kind *kind, char why[768], struct rc_fault *fault)
{
	const struct feed_source *source;
	struct rc_fault missing = {0};
	size_t from = 0;
	int rc = no_source(url, options->kind, fault);

	while ((source = find(url, options->kind, &from))) {
		size_t behind = from;
		bool last = options->kind != RC_FEED_AUTO || !find(url, options->kind, &behind);

		rc = source->prepare(url, schema, options, true, last ? fault : &missing);
		if (rc == RC_MISMATCH && !last)
			continue;
		if (rc != RC_OK && !last && fault)
			*fault = missing;
		break;
	}
	if (rc != RC_OK || !source)
		return rc;
	*kind = source->kind;
	if (why)
		snprintf(why, 768, "changes come from %s%s%s",
			 source->kind == RC_FEED_LOG ? "the database's own log" : "triggers",
			 *missing.message ? "; its own log cannot be used: " : "", missing.message);
	return RC_OK;
}

int rc_feed_open(struct rc_feed **out, const char *url, const struct rc_schema *schema,
		 const struct rc_feed_options *options, struct rc_fault *fault)
{
	size_t from = 0;
	const struct feed_source *source = find(url, options->kind, &from);

	*out = NULL;
	return source ? source->open(out, url, schema, options, fault) : no_source(url, options->kind, fault);
}

void rc_feed_close(struct rc_feed *feed)
{
	if (feed)
		feed->source->close(feed);
}

int rc_feed_snapshot(struct rc_feed *feed, void (*row)(void *arg, const struct rc_model *model, const void *row),
		     void *arg, struct rc_position *at, struct rc_fault *fault)
{
	return feed->source->snapshot(feed, row, arg, at, fault);
}

int rc_feed_next(struct rc_feed *feed, struct rc_arena *arena, struct rc_txn *out)
{
	return feed->source->next(feed, arena, out);
}

int rc_feed_replay(struct rc_feed *feed, struct rc_position after, void (*txn)(void *arg, const struct rc_txn *txn),
		   void *arg)
{
	return feed->source->replay(feed, after, txn, arg);
}

int rc_feed_oldest(struct rc_feed *feed, struct rc_position *out)
{
	return feed->source->oldest(feed, out);
}

int rc_feed_when(struct rc_feed *feed, uint64_t n, int64_t *us)
{
	return feed->source->when(feed, n, us);
}

int rc_feed_ack(struct rc_feed *feed, struct rc_position position)
{
	return feed->source->ack ? feed->source->ack(feed, position) : RC_OK;
}

void rc_feed_stats(struct rc_feed *feed, struct rc_feed_stats *out)
{
	*out = (struct rc_feed_stats){
		.kind = feed->source->kind, .connected = true, .kept_bytes = -1, .behind_bytes = -1, .heard_us = -1};
	if (feed->source->stats)
		feed->source->stats(feed, out);
}

int rc_feed_fd(const struct rc_feed *feed)
{
	return feed->source->fd(feed);
}

void rc_feed_attend(struct rc_feed *feed)
{
	feed->source->attend(feed);
}

/* Of the engine that the transaction runs on; the schemes of drivers and sources are the same words. */
int rc_feed_prune(struct rc_tx *tx, const struct rc_feed_options *options, int64_t now_us, uint64_t *removed)
{
	static const char *const urls[RC_DIALECTS] = {
		[RC_SQLITE] = "sqlite:", [RC_POSTGRES] = "postgres:", [RC_MARIADB] = "mariadb:"};
	size_t from = 0;
	const struct feed_source *source = find(urls[rc_db_dialect(rc_tx_db(tx))], options->kind, &from);

	*removed = 0;
	return source && source->prune ? source->prune(tx, options, now_us, removed) : RC_OK;
}
