/*
 * Who is connected: a total, and a seat per peer address with a count, shared by the reactors of a process.
 *
 * Design: the total is one atomic. Seats are in 64 small tables, each under its own lock, taken once when a connection
 * opens and once when it ends, never in between; the address's text is made once per seat, not once per request.
 *
 * Rejected: counts per reactor (SO_REUSEPORT spreads one address over all of them, so the limit would be a guess).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/map.h"
#include "rowcast/http/conn.h"

#define SHARDS 64

struct census_seat {
	struct census_shard *shard;
	int64_t conns;
	size_t text_len;
	char text[INET6_ADDRSTRLEN];
};

struct census_shard {
	pthread_mutex_t lock;
	struct map seats;
};

struct http_census {
	_Atomic int64_t total;
	struct census_shard shards[SHARDS];
};

struct http_census *http_census_create(void)
{
	struct http_census *census = rc_xcalloc(1, sizeof(*census));

	for (size_t i = 0; i < SHARDS; i++)
		rc_check(pthread_mutex_init(&census->shards[i].lock, NULL) == 0);
	return census;
}

void http_census_destroy(struct http_census *census)
{
	if (!census)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		map_release(&census->shards[i].seats);
		pthread_mutex_destroy(&census->shards[i].lock);
	}
	free(census);
}

int64_t http_census_total(const struct http_census *census)
{
	return atomic_load_explicit(&census->total, memory_order_relaxed);
}

static void address_text(const struct sockaddr *address, char text[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in6 *v6 = (const void *)address;
	const struct sockaddr_in *v4 = (const void *)address;
	const void *bytes = &v4->sin_addr;
	int family = AF_INET;

	if (address->sa_family == AF_INET6) {
		bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);

		bytes = mapped ? &v6->sin6_addr.s6_addr[12] : &v6->sin6_addr.s6_addr[0];
		family = mapped ? AF_INET : AF_INET6;
	} else if (address->sa_family != AF_INET) {
		memcpy(text, "local", 6);
		return;
	}
	rc_check(inet_ntop(family, bytes, text, INET6_ADDRSTRLEN));
}

enum census_verdict census_enter(struct http_census *census, const struct sockaddr *address,
				 const struct http_limits *limits, struct census_seat **out)
{
	char text[INET6_ADDRSTRLEN];
	struct census_seat *seat;
	struct census_shard *shard;
	struct rc_str key;
	uint32_t sum = 2166136261u;
	bool welcome;

	*out = NULL;
	if (atomic_fetch_add_explicit(&census->total, 1, memory_order_relaxed) >= limits->conns_max) {
		atomic_fetch_sub_explicit(&census->total, 1, memory_order_relaxed);
		return CENSUS_FULL;
	}
	address_text(address, text);
	key = rc_str_from(text);
	for (size_t i = 0; i < key.len; i++)
		sum = (sum ^ (unsigned char)text[i]) * 16777619u;
	shard = &census->shards[sum % SHARDS];
	pthread_mutex_lock(&shard->lock);
	seat = map_get(&shard->seats, key);
	if (!seat) {
		seat = rc_xcalloc(1, sizeof(*seat));
		seat->shard = shard;
		seat->text_len = key.len;
		memcpy(seat->text, text, key.len);
		map_put(&shard->seats, (struct rc_str){seat->text, seat->text_len}, seat);
	}
	welcome = limits->conns_per_address_max == 0 || seat->conns < limits->conns_per_address_max;
	if (welcome) {
		seat->conns++;
		*out = seat;
	}
	pthread_mutex_unlock(&shard->lock);
	if (!welcome)
		atomic_fetch_sub_explicit(&census->total, 1, memory_order_relaxed);
	return welcome ? CENSUS_WELCOME : CENSUS_ADDRESS_FULL;
}

void census_leave(struct http_census *census, struct census_seat *seat)
{
	struct census_shard *shard = seat->shard;

	atomic_fetch_sub_explicit(&census->total, 1, memory_order_relaxed);
	pthread_mutex_lock(&shard->lock);
	if (--seat->conns == 0) {
		map_remove(&shard->seats, (struct rc_str){seat->text, seat->text_len});
		free(seat);
	}
	pthread_mutex_unlock(&shard->lock);
}

struct rc_str census_address(const struct census_seat *seat)
{
	return (struct rc_str){seat->text, seat->text_len};
}
