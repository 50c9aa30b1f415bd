/* The public feed: finds the source of a URL and passes on. */
#include "rowcast/feed/source.h"

static const struct feed_source *const sources[] = {&feed_sqlite};

int rc_feed_open(struct rc_feed **out, const char *url, const struct rc_schema *schema,
		 const struct rc_feed_options *options, struct rc_fault *fault)
{
	struct rc_str rest = rc_str_from(url);
	struct rc_str scheme = rc_str_cut(&rest, ':');

	*out = NULL;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		if (rc_str_is(scheme, sources[i]->scheme))
			return sources[i]->open(out, url, schema, options, fault);
	}
	return rc_fault_set(fault, RC_INVALID, "\"%s\" is not a database URL with a change feed; write sqlite:PATH",
			    url);
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

int rc_feed_fd(const struct rc_feed *feed)
{
	return feed->source->fd(feed);
}

void rc_feed_attend(struct rc_feed *feed)
{
	feed->source->attend(feed);
}
