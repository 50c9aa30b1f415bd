/*
 * Time zones out of the system's compiled tz database, by our own reader (RFC 9636, which obsoletes RFC 8536).
 *
 * Why our own: over every zone and every transition from 1970 to 2100 libical 3.0.16 is wrong in 106 zones and ICU 72
 * (which carries its own, older data) in 50; docs/decisions/0010-time-zones.md has the counts. This reader has none
 * (tests/system/oracle/zones.py).
 *
 * A zone is one sorted table of transitions. The rule in the file's last line (a POSIX TZ string) goes on after the
 * table's end; it is unrolled once for 400 years, after which the Gregorian calendar repeats itself to the day of the
 * week, so that later instants are folded back by whole cycles and every look-up is one binary search.
 *
 * Invariants: immutable after loading, never freed; at[] strictly ascending; neighbouring offsets differ or the table
 * is as filed.
 */
#include "slotcast/booking/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rowcast/arena.h"
#include "rowcast/base/log.h"
#include "rowcast/base/map.h"
#include "slotcast/booking/tzfile.h"

#define ZONE_DIR "/usr/share/zoneinfo"

enum { NAME_MAX_BYTES = 64, FILE_MAX_BYTES = 1 << 20, SECOND_US = 1000000, DAY_S = 86400, WALL_REACH_S = 26 * 3600 };

static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map zones; /* name → struct zone, for the life of the process */

static int64_t floor_div(int64_t value, int64_t by)
{
	int64_t quotient = value / by;

	return value % by < 0 ? quotient - 1 : quotient;
}

/* Area/Location with the characters that tz names have; no way out of the directory, none of its second copies. */
static bool name_is_plain(struct rc_str name)
{
	static const char *const copies[] = {"posix/", "right/", "localtime", "posixrules"};

	if (name.len == 0 || name.len > NAME_MAX_BYTES || name.ptr[0] == '/' || name.ptr[name.len - 1] == '/')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
			     c == '-' || c == '+' || (c == '/' && name.ptr[i - 1] != '/');

		if (!plain)
			return false;
	}
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		if (rc_str_starts(name, rc_str_from(copies[i])))
			return false;
	return true;
}

static int file_read(const char *path, char **bytes, size_t *len)
{
	struct stat st;
	size_t got = 0;
	int err = RC_NOT_FOUND;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*bytes = NULL;
	if (fd < 0)
		return RC_NOT_FOUND;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES)
		goto out;
	*bytes = rc_xmalloc((size_t)st.st_size + 1);
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, *bytes + got, (size_t)st.st_size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			goto out;
		got += (size_t)n;
	}
	*len = got;
	err = RC_OK;
out:
	close(fd);
	return err;
}

static struct zone *zone_load(struct rc_str name)
{
	struct rc_fault fault = {0};
	struct zone *zone = NULL;
	char path[sizeof(ZONE_DIR) + NAME_MAX_BYTES + 2];
	char *bytes = NULL;
	size_t len = 0, at = sizeof(ZONE_DIR);

	memcpy(path, ZONE_DIR "/", at);
	memcpy(path + at, name.ptr, name.len);
	path[at + name.len] = '\0';
	if (file_read(path, &bytes, &len) == RC_OK) {
		zone = rc_xcalloc(1, sizeof(*zone));
		if (tzfile_read(zone, (struct rc_str){bytes, len}, &fault)) {
			log_event(LOG_WARN, "zone", fault.message, LOG_S("path", path));
			tzfile_release(zone);
			free(zone);
			zone = NULL;
		}
	}
	free(bytes);
	return zone;
}

int zone_find(struct rc_str name, const struct zone **out)
{
	struct zone *zone;

	if (!name_is_plain(name))
		return RC_NOT_FOUND;
	pthread_mutex_lock(&zones_lock);
	zone = map_get(&zones, name);
	if (!zone) {
		zone = zone_load(name);
		if (zone) {
			char *kept = rc_xmalloc(name.len);

			memcpy(kept, name.ptr, name.len);
			map_put(&zones, (struct rc_str){kept, name.len}, zone);
		}
	}
	pthread_mutex_unlock(&zones_lock);
	*out = zone;
	return zone ? RC_OK : RC_NOT_FOUND;
}

/* Number of transitions at or before `second`; the segment that rules it. `second` must lie before the fold. */
static size_t segment_at(const struct zone *zone, int64_t second)
{
	size_t lo = 0, hi = zone->count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (zone->at[mid] <= second)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int32_t segment_offset(const struct zone *zone, size_t segment)
{
	return segment ? zone->offset[segment - 1] : zone->first_offset;
}

/* Whole 400-year cycles to take off, so that `second` falls where the table reaches. */
static int64_t fold_of(const struct zone *zone, int64_t second)
{
	if (!zone->folds || second < zone->fold_end)
		return 0;
	return ((second - zone->fold_end) / TZFILE_CYCLE_S + 1) * TZFILE_CYCLE_S;
}

int32_t zone_offset_at(const struct zone *zone, int64_t us)
{
	int64_t second = floor_div(us, SECOND_US);

	second -= fold_of(zone, second);
	return segment_offset(zone, segment_at(zone, second));
}

bool zone_steady(const struct zone *zone, int64_t lo_us, int64_t hi_us)
{
	int64_t lo = floor_div(lo_us, SECOND_US), fold = fold_of(zone, lo);

	return segment_at(zone, lo - fold) == segment_at(zone, floor_div(hi_us - 1, SECOND_US) - fold);
}

/*
 * Wall seconds → UTC second. The first segment in which the wall time exists wins (an overlap's first occurrence);
 * where it exists in none it lies in a gap, and the offset before the gap counts. Segments are tried one by one because
 * nothing forbids two transitions closer together than their offsets differ.
 */
static int64_t wall_to_second(const struct zone *zone, int64_t wall)
{
	int64_t fold = fold_of(zone, wall);
	int64_t local = wall - fold;
	size_t last = segment_at(zone, local + WALL_REACH_S);

	for (size_t i = segment_at(zone, local - WALL_REACH_S); i <= last; i++) {
		int64_t second = local - segment_offset(zone, i);

		/* Before this segment, and not found in the ones before it: the gap that the segment's beginning made.
		 */
		if (i > 0 && second < zone->at[i - 1])
			return local - segment_offset(zone, i - 1) + fold;
		if (i == zone->count || second < zone->at[i])
			return second + fold;
	}
	return local - segment_offset(zone, last) + fold;
}

int64_t zone_to_instant(const struct zone *zone, int32_t date, int32_t minutes)
{
	return wall_to_second(zone, (int64_t)date * DAY_S + (int64_t)minutes * 60) * SECOND_US;
}

void zone_to_wall(const struct zone *zone, int64_t us, int32_t *date, int32_t *second)
{
	int64_t wall = floor_div(us, SECOND_US) + zone_offset_at(zone, us);
	int64_t day = floor_div(wall, DAY_S);

	*date = (int32_t)day;
	if (second)
		*second = (int32_t)(wall - day * DAY_S);
}

int64_t zone_day_start(const struct zone *zone, int32_t date)
{
	int64_t midnight = zone_to_instant(zone, date, 0);
	int64_t second = midnight / SECOND_US, fold = fold_of(zone, second);
	size_t segment = segment_at(zone, second - fold);

	/* Midnight fell into a gap that began before it: the day begins where the gap ends, which is the transition
	 * itself. */
	if (segment > 0 && second - fold > zone->at[segment - 1]) {
		int64_t transition = zone->at[segment - 1];
		int64_t wall = (int64_t)date * DAY_S - fold;

		if (wall < transition + zone->offset[segment - 1] &&
		    wall >= transition + segment_offset(zone, segment - 1))
			return (transition + fold) * SECOND_US;
	}
	return midnight;
}
