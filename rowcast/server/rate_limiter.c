/*
 * Token buckets as one number per caller (the generic cell rate algorithm): the instant at which his bucket will be
 * full again. An event is allowed when that instant, moved on by the price of one event, lies at most one burst ahead.
 *
 * Bounded: callers stand in a list, who acted last at its end. A bucket that is full again says nothing, so two such
 * are forgotten at every event; when there are callers_max, who was quiet longest is forgotten too, which gives him his
 * burst again. Rejected: refusing newcomers then, since a flood from many addresses would lock everybody out.
 *
 * One lock: it guards a few hundred nanoseconds on writes that end in a commit, and a limit per thread would grow with
 * the number of threads. Keys are kept as SipHash-2-4-128 with a key of their own: entries have one size and hold no
 * names.
 */
#include "rowcast/server/rate_limiter.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/base/list.h"
#include "rowcast/base/map.h"
#include "rowcast/base/metric.h"

#define MINUTE_US INT64_C(60000000)

struct caller {
	struct list list; /* in `quiet_first` */
	unsigned char key[crypto_shorthash_siphashx24_BYTES];
	int64_t full_us;
};

struct rate_limiter {
	pthread_mutex_t lock;
	struct map callers;
	struct list quiet_first;
	int64_t price_us; /* of one event */
	int64_t burst_us;
	size_t callers_max;
	unsigned char hash_key[crypto_shorthash_siphashx24_KEYBYTES];
};

static struct metric refused = METRIC_COUNTER("rowcast_rate_limited_total", "Events refused by a limit per caller.",
					      NULL);

struct rate_limiter *rate_limiter_create(const struct rate_limiter_config *config)
{
	struct rate_limiter *limiter = rc_xcalloc(1, sizeof(*limiter));

	rc_check(config->per_min > 0 && config->burst > 0 && config->callers_max > 0);
	rc_check(sodium_init() >= 0);
	pthread_mutex_init(&limiter->lock, NULL);
	list_init(&limiter->quiet_first);
	limiter->price_us = MINUTE_US / config->per_min ? MINUTE_US / config->per_min : 1;
	limiter->burst_us = limiter->price_us * config->burst;
	limiter->callers_max = (size_t)config->callers_max;
	randombytes_buf(limiter->hash_key, sizeof(limiter->hash_key));
	metric_register(&refused);
	return limiter;
}

static void forget(struct rate_limiter *limiter, struct caller *caller)
{
	map_remove(&limiter->callers, (struct rc_str){(const char *)caller->key, sizeof(caller->key)});
	list_remove(&caller->list);
	free(caller);
}

void rate_limiter_destroy(struct rate_limiter *limiter)
{
	if (!limiter)
		return;
	while (!list_empty(&limiter->quiet_first))
		forget(limiter, LIST_OWNER(limiter->quiet_first.next, struct caller, list));
	map_release(&limiter->callers);
	pthread_mutex_destroy(&limiter->lock);
	free(limiter);
}

static void forget_the_quiet(struct rate_limiter *limiter, int64_t now_us)
{
	for (int i = 0; i < 2 && !list_empty(&limiter->quiet_first); i++) {
		struct caller *caller = LIST_OWNER(limiter->quiet_first.next, struct caller, list);

		if (caller->full_us > now_us && limiter->callers.count < limiter->callers_max)
			return;
		forget(limiter, caller);
	}
}

static struct caller *find(struct rate_limiter *limiter, struct rc_str key, int64_t now_us)
{
	struct caller *caller;
	unsigned char hash[crypto_shorthash_siphashx24_BYTES];

	crypto_shorthash_siphashx24(hash, (const unsigned char *)key.ptr, key.len, limiter->hash_key);
	caller = map_get(&limiter->callers, (struct rc_str){(const char *)hash, sizeof(hash)});
	if (caller) {
		list_remove(&caller->list);
	} else {
		forget_the_quiet(limiter, now_us);
		caller = rc_xcalloc(1, sizeof(*caller));
		memcpy(caller->key, hash, sizeof(hash));
		map_put(&limiter->callers, (struct rc_str){(const char *)caller->key, sizeof(caller->key)}, caller);
	}
	list_push_back(&limiter->quiet_first, &caller->list);
	return caller;
}

int rate_limiter_take(struct rate_limiter *limiter, struct rc_str key, int64_t now_us, int *retry_after_s)
{
	struct caller *caller;
	int64_t full_us, early_us;

	if (!limiter)
		return RC_OK;
	pthread_mutex_lock(&limiter->lock);
	caller = find(limiter, key, now_us);
	full_us = (caller->full_us > now_us ? caller->full_us : now_us) + limiter->price_us;
	early_us = full_us - limiter->burst_us - now_us;
	if (early_us <= 0)
		caller->full_us = full_us;
	pthread_mutex_unlock(&limiter->lock);
	if (early_us <= 0)
		return RC_OK;
	metric_add(&refused, 1);
	if (retry_after_s)
		*retry_after_s = (int)((early_us + 999999) / 1000000);
	return RC_LIMIT;
}

size_t rate_limiter_callers(struct rate_limiter *limiter)
{
	size_t count;

	pthread_mutex_lock(&limiter->lock);
	count = limiter->callers.count;
	pthread_mutex_unlock(&limiter->lock);
	return count;
}

struct rc_str rate_limiter_peer(struct rc_str address, char text[RATE_LIMITER_PEER_MAX])
{
	struct in6_addr six;

	if (address.len >= RATE_LIMITER_PEER_MAX || !memchr(address.ptr, ':', address.len))
		return address;
	memcpy(text, address.ptr, address.len);
	text[address.len] = '\0';
	if (inet_pton(AF_INET6, text, &six) != 1)
		return address;
	if (IN6_IS_ADDR_V4MAPPED(&six)) {
		inet_ntop(AF_INET, &six.s6_addr[12], text, RATE_LIMITER_PEER_MAX);
		return rc_str_from(text);
	}
	memset(&six.s6_addr[8], 0, 8);
	inet_ntop(AF_INET6, &six, text, RATE_LIMITER_PEER_MAX);
	return rc_str_from(text);
}
