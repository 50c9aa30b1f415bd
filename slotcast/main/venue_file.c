/*
 * Reads and checks a venue file. Checking goes on after a fault, so that one run tells them all; what is wrong is left
 * zero, and nothing of a file with faults is used.
 *
 * A `struct place` is where in the file we are: the JSON object and its path, so that every fault can name its member.
 */
#include "slotcast/main/venue_file.h"

#include <jansson.h>
#include <math.h>

#include "rowcast/data/time_text.h"
#include "slotcast/booking/currency.h"
#include "slotcast/booking/recurrence.h"
#include "slotcast/booking/zone.h"

#define KEY_BYTES_MAX  64
#define NAME_BYTES_MAX 200
#define NOTE_MAX       500 /* characters */
#define UTF8_BYTES_MAX 4
#define MINUTES_MAX    10080 /* a week */
#define DURATIONS_MAX  64
#define DAY_MIN        1440

struct reading {
	struct rc_arena *arena;
	struct buf *faults, *notes;
	struct venue_file *file;
};

struct place {
	struct reading *reading;
	json_t *object;
	const char *path; /* "services[0]" or "" */
};

static void fault(const struct place *place, const char *name, const char *format, ...) RC_PRINTF(3, 4);
static void fault(const struct place *place, const char *name, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_printf(place->reading->faults, "%s%s%s: %s\n", place->path, *place->path && *name ? "." : "", name, text);
}

/* The member, or NULL when it is absent or null; a fault then when it is required. */
static json_t *member(const struct place *place, const char *name, bool required)
{
	json_t *value = json_object_get(place->object, name);

	if (!json_is_null(value) && value)
		return value;
	if (required)
		fault(place, name, "is required");
	return NULL;
}

static struct rc_str text_of(const struct place *place, const char *name, bool required, size_t bytes_max)
{
	json_t *value = member(place, name, required);
	struct rc_str text;

	if (!value)
		return RC_STR("");
	text = (struct rc_str){json_string_value(value), json_string_length(value)};
	if (!json_is_string(value) || text.len > bytes_max || (required && !text.len)) {
		fault(place, name, "must be a text of %s%zu bytes", required ? "1.." : "at most ", bytes_max);
		return RC_STR("");
	}
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20) {
			fault(place, name, "must be one line without control characters");
			return RC_STR("");
		}
	return rc_arena_copy(place->reading->arena, text);
}

static size_t characters(struct rc_str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return count;
}

static struct rc_str note_of(const struct place *place)
{
	json_t *value = member(place, "note", false);
	struct rc_str text = {json_string_value(value), json_string_length(value)};

	if (!value || (json_is_string(value) && characters(text) <= NOTE_MAX))
		return text_of(place, "note", false, NOTE_MAX * UTF8_BYTES_MAX);
	fault(place, "note", "must be a text of at most %d characters", NOTE_MAX);
	return RC_STR("");
}

/* What stands in addresses and names rows: letters, digits, dot, hyphen, underscore. */
static struct rc_str key_of(const struct place *place, const char *name)
{
	struct rc_str key = text_of(place, name, true, KEY_BYTES_MAX);

	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
		      c == '-' || c == '_')) {
			fault(place, name, "must consist of letters, digits, '.', '-' and '_'");
			return RC_STR("");
		}
	}
	return key;
}

static int64_t number_of(const struct place *place, const char *name, bool required, int64_t min, int64_t max,
			 int64_t absent)
{
	json_t *value = json_object_get(place->object, name);

	if (!value && required)
		fault(place, name, "is required");
	if (!value)
		return absent;
	if (!json_is_integer(value) || json_integer_value(value) < min || json_integer_value(value) > max) {
		fault(place, name, "must be %lld..%lld", (long long)min, (long long)max);
		return absent;
	}
	return json_integer_value(value);
}

static int32_t date_of(const struct place *place, const char *name, bool required)
{
	json_t *value = member(place, name, required);
	int32_t days = 0;

	if (value && (!json_is_string(value) ||
		      date_parse((struct rc_str){json_string_value(value), json_string_length(value)}, &days)))
		fault(place, name, "must be a date such as 2026-12-25");
	return days;
}

/* "09:00" → minutes after midnight; "24:00" only where a span may end there. */
static int64_t wall_of(const struct place *place, const char *name, bool required, bool is_end)
{
	json_t *value = member(place, name, required);
	const char *text = json_string_value(value);
	int64_t minutes;

	if (!value)
		return -1;
	if (text && strlen(text) == 5 && text[2] == ':' && text[0] >= '0' && text[0] <= '2' && text[1] >= '0' &&
	    text[1] <= '9' && text[3] >= '0' && text[3] <= '5' && text[4] >= '0' && text[4] <= '9') {
		minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
		if (minutes < DAY_MIN || (is_end && minutes == DAY_MIN))
			return minutes;
	}
	fault(place, name, is_end ? "must be a time of day, 00:00..24:00" : "must be a time of day, 00:00..23:59");
	return -1;
}

static void note_unknown(const struct place *place, const char *const *known)
{
	const char *name;
	json_t *value;

	json_object_foreach(place->object, name, value)
	{
		size_t i = 0;

		while (known[i] && strcmp(known[i], name))
			i++;
		if (!known[i])
			buf_printf(place->reading->notes, "%s%s%s: not known, ignored\n", place->path,
				   *place->path ? "." : "", name);
	}
}

static size_t resource_index(const struct reading *reading, struct rc_str key)
{
	for (size_t i = 0; i < reading->file->resource_count; i++)
		if (rc_str_eq(reading->file->resources[i].key, key))
			return i;
	return NO_RESOURCE;
}

static size_t resource_of(const struct place *place, bool required)
{
	struct rc_str key = text_of(place, "resource", required, KEY_BYTES_MAX);
	size_t index = key.len ? resource_index(place->reading, key) : NO_RESOURCE;

	if (key.len && index == NO_RESOURCE)
		fault(place, "resource", "there is no resource with the key \"%.*s\"", RC_STR_ARG(key));
	return index;
}

static void read_contact(const struct place *top, struct venue *venue)
{
	static const char *const known[] = {"phone", "email", NULL};
	struct place place = {top->reading, member(top, "contact", false), "venue.contact"};

	venue->contact_phone = venue->contact_email = RC_STR("");
	if (!place.object)
		return;
	if (!json_is_object(place.object)) {
		fault(top, "contact", "must be an object with phone and email");
		return;
	}
	note_unknown(&place, known);
	venue->contact_phone = text_of(&place, "phone", false, NAME_BYTES_MAX);
	venue->contact_email = text_of(&place, "email", false, NAME_BYTES_MAX);
}

static int64_t threshold_of(const struct place *place)
{
	json_t *value = member(place, "limited_threshold", false);
	double percent;

	if (!value)
		return 25;
	percent = json_number_value(value) * 100;
	if (!json_is_number(value) || percent < 0 || percent > 100 || fabs(percent - round(percent)) > 1e-9) {
		fault(place, "limited_threshold", "must be 0..1 with at most two decimal places");
		return 0;
	}
	return (int64_t)round(percent);
}

static bool locale_valid(struct rc_str locale)
{
	for (size_t i = 0; i < locale.len; i++) {
		char c = locale.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return locale.len >= 2 && locale.len <= 35;
}

static struct rc_str currency_of(const struct place *place)
{
	struct rc_str code = text_of(place, "currency", false, NAME_BYTES_MAX);

	if (!code.len || currency_valid(code))
		return code;
	fault(place, "currency", "must be three capitals of ISO 4217 such as EUR, or nothing");
	return RC_STR("");
}

static void read_venue(struct reading *reading, json_t *object, struct venue *venue)
{
	static const char *const known[] = {"slug", "name", "tz", "locale", "currency", "contact", "limited_threshold",
					    NULL};
	struct place place = {reading, object, "venue"};
	const struct zone *zone;

	note_unknown(&place, known);
	venue->slug = key_of(&place, "slug");
	venue->name = text_of(&place, "name", true, NAME_BYTES_MAX);
	venue->tz = text_of(&place, "tz", true, NAME_BYTES_MAX);
	if (venue->tz.len && zone_find(venue->tz, &zone))
		fault(&place, "tz", "there is no time zone \"%.*s\"; write an IANA name such as Europe/Lisbon",
		      RC_STR_ARG(venue->tz));
	venue->locale = text_of(&place, "locale", false, KEY_BYTES_MAX);
	if (!venue->locale.len)
		venue->locale = RC_STR("en");
	else if (!locale_valid(venue->locale))
		fault(&place, "locale", "must be a language tag such as pt or en-GB");
	venue->currency = currency_of(&place);
	venue->limited_percent = threshold_of(&place);
	read_contact(&place, venue);
}

static void read_resource(const struct place *place, size_t index)
{
	static const char *const known[] = {"key", "name", "kind", "capacity", NULL};
	struct resource *row = &place->reading->file->resources[index];
	bool pooled, session;

	note_unknown(place, known);
	row->key = key_of(place, "key");
	row->name = text_of(place, "name", true, NAME_BYTES_MAX);
	row->kind = text_of(place, "kind", true, KEY_BYTES_MAX);
	pooled = rc_str_is(row->kind, "pooled");
	session = rc_str_is(row->kind, "session");
	if (row->kind.len && !pooled && !session && !rc_str_is(row->kind, "exclusive"))
		fault(place, "kind", "must be exclusive, pooled or session");
	row->capacity = pooled || session ? number_of(place, "capacity", true, 1, pooled ? 1000 : 100000, 1)
					  : number_of(place, "capacity", false, 1, 1, 1);
	for (size_t i = 0; i < index; i++)
		if (row->key.len && rc_str_eq(place->reading->file->resources[i].key, row->key))
			fault(place, "key", "is the key of resources[%zu] too", i);
}

/* [30,60] → the JSON text as it is stored. */
static struct rc_str durations_of(const struct place *place, bool required)
{
	json_t *list = member(place, "durations_min", required), *item;
	struct buf text = BUF_INIT;
	struct rc_str stored;
	size_t i;

	if (!list)
		return RC_STR("[60]");
	if (!json_is_array(list) || !json_array_size(list) || json_array_size(list) > DURATIONS_MAX) {
		fault(place, "durations_min", "must be a list of 1..%d numbers of minutes", DURATIONS_MAX);
		return RC_STR("[60]");
	}
	buf_append_char(&text, '[');
	json_array_foreach(list, i, item)
	{
		if (!json_is_integer(item) || json_integer_value(item) < 1 || json_integer_value(item) > MINUTES_MAX)
			fault(place, rc_arena_printf(place->reading->arena, "durations_min[%zu]", i), "must be 1..%d",
			      MINUTES_MAX);
		for (size_t j = 0; j < i; j++)
			if (json_equal(item, json_array_get(list, j)))
				fault(place, rc_arena_printf(place->reading->arena, "durations_min[%zu]", i),
				      "stands in the list twice");
		buf_printf(&text, "%s%lld", i ? "," : "", (long long)json_integer_value(item));
	}
	buf_append_char(&text, ']');
	stored = rc_arena_copy(place->reading->arena, buf_str(&text));
	buf_release(&text);
	return stored;
}

/* One price, "45.00" → 4500. */
static int64_t price_of(const struct place *place, const char *name, const json_t *item, struct rc_str currency)
{
	struct rc_str text = {json_string_value(item), json_string_length(item)};
	int digits = currency_digits(currency);
	int64_t minor = 0;

	if (!json_is_string(item) || price_parse(text, digits, &minor))
		fault(place, name,
		      "must be a text such as \"45\" of digits and, behind a point, at most %d more, as %.*s has",
		      digits, RC_STR_ARG(currency));
	return minor;
}

/* ["45.00","80.00"] → [4500,8000], the JSON text as it is stored. One for all durations, or one for each. */
static struct rc_str prices_of(const struct place *place, size_t durations)
{
	struct rc_str currency = place->reading->file->venue.currency;
	json_t *list = member(place, "prices", false), *item;
	struct buf text = BUF_INIT;
	struct rc_str stored;
	size_t i, count = json_array_size(list);

	if (list && (!json_is_array(list) || (count > 1 && count != durations)))
		fault(place, "prices", "must be a list of no price, of one, or of one for each of durations_min");
	else if (count && !currency.len)
		fault(place, "prices", "need a currency: write venue.currency");
	else if (count) {
		buf_append_char(&text, '[');
		json_array_foreach(list, i, item)
		{
			const char *name = rc_arena_printf(place->reading->arena, "prices[%zu]", i);

			buf_printf(&text, "%s%lld", i ? "," : "", (long long)price_of(place, name, item, currency));
		}
		buf_append_char(&text, ']');
	}
	stored = text.len ? rc_arena_copy(place->reading->arena, buf_str(&text)) : RC_STR("[]");
	buf_release(&text);
	return stored;
}

static bool per_person(const struct place *place)
{
	json_t *value = member(place, "price_per", false);
	struct rc_str text = {json_string_value(value), json_string_length(value)};

	if (value && !rc_str_is(text, price_per_name(true)) && !rc_str_is(text, price_per_name(false)))
		fault(place, "price_per", "must be booking or person");
	return value && rc_str_is(text, price_per_name(true));
}

static void service_resources(const struct place *place, struct file_service *service)
{
	json_t *list = member(place, "resources", true), *item;
	size_t i;

	if (!list)
		return;
	if (!json_is_array(list) || !json_array_size(list)) {
		fault(place, "resources", "must be a list of the keys of one or more resources");
		return;
	}
	service->resources = RC_ARENA_ARRAY(place->reading->arena, size_t, json_array_size(list));
	json_array_foreach(list, i, item)
	{
		const char *name = rc_arena_printf(place->reading->arena, "resources[%zu]", i);
		struct rc_str key = {json_string_value(item), json_string_length(item)};
		size_t index = json_is_string(item) ? resource_index(place->reading, key) : NO_RESOURCE;

		if (!json_is_string(item))
			fault(place, name, "must be the key of a resource");
		else if (index == NO_RESOURCE)
			fault(place, name, "there is no resource with the key \"%.*s\"", RC_STR_ARG(key));
		for (size_t j = 0; j < service->resource_count; j++)
			if (index != NO_RESOURCE && service->resources[j] == index)
				fault(place, name, "stands in the list twice");
		service->resources[service->resource_count++] = index;
	}
}

/* Timed or session: 0 when no resource is known, 1 all timed, 2 all sessions, 3 both. */
static int kinds_of(const struct reading *reading, const struct file_service *service)
{
	int kinds = 0;

	for (size_t i = 0; i < service->resource_count; i++)
		if (service->resources[i] != NO_RESOURCE)
			kinds |= rc_str_is(reading->file->resources[service->resources[i]].kind, "session") ? 2 : 1;
	return kinds;
}

static void read_service(const struct place *place, size_t index)
{
	static const char *const known[] = {"key",
					    "name",
					    "durations_min",
					    "step_min",
					    "buffer_before_min",
					    "buffer_after_min",
					    "notice_min",
					    "horizon_days",
					    "hold_ttl_s",
					    "party_max",
					    "resources",
					    "note",
					    "prices",
					    "price_per",
					    NULL};
	struct file_service *service = &place->reading->file->services[index];
	struct service *row = &service->row;
	bool timed;

	note_unknown(place, known);
	row->key = key_of(place, "key");
	row->name = text_of(place, "name", true, NAME_BYTES_MAX);
	service_resources(place, service);
	if (kinds_of(place->reading, service) == 3)
		fault(place, "resources",
		      "must be all sessions or none: a service is timed or made of sessions, not both");
	timed = kinds_of(place->reading, service) != 2; /* sessions bring their own times */
	row->durations_min = durations_of(place, timed);
	row->step_min = number_of(place, "step_min", timed, 1, DAY_MIN, 60);
	row->buffer_before_min = number_of(place, "buffer_before_min", false, 0, MINUTES_MAX, 0);
	row->buffer_after_min = number_of(place, "buffer_after_min", false, 0, MINUTES_MAX, 0);
	row->notice_min = number_of(place, "notice_min", false, 0, 525600, 0);
	row->horizon_days = number_of(place, "horizon_days", false, 1, 12000, 90);
	row->hold_ttl_s = number_of(place, "hold_ttl_s", false, 1, 86400, 300);
	row->party_max = number_of(place, "party_max", false, 1, 100000, 1);
	row->note = note_of(place);
	row->prices_minor = prices_of(place,
				      timed ? json_array_size(json_object_get(place->object, "durations_min")) : 1);
	row->price_per_person = per_person(place);
	for (size_t i = 0; i < index; i++)
		if (row->key.len && rc_str_eq(place->reading->file->services[i].row.key, row->key))
			fault(place, "key", "is the key of services[%zu] too", i);
}

static struct rc_str rrule_of(const struct place *place)
{
	struct rc_str rrule = text_of(place, "rrule", true, NAME_BYTES_MAX);
	struct rc_fault reason = {0};

	if (rrule.len && rrule_check(rrule, &reason))
		fault(place, "rrule", "%s", reason.message);
	return rrule;
}

static bool range_of(const struct place *place, int32_t *from, int32_t *to)
{
	bool open_ended = !member(place, "valid_to", false);

	*from = date_of(place, "valid_from", true);
	*to = date_of(place, "valid_to", false);
	if (!open_ended && *to && *from && *to < *from)
		fault(place, "valid_to", "lies before valid_from");
	return open_ended;
}

static void read_hours(const struct place *place, size_t index)
{
	static const char *const known[] = {"resource", "rrule", "from", "to", "valid_from", "valid_to", NULL};
	struct file_hours *hours = &place->reading->file->hours[index];

	note_unknown(place, known);
	hours->resource = resource_of(place, false);
	hours->row.rrule = rrule_of(place);
	hours->row.wall_start_min = wall_of(place, "from", true, false);
	hours->row.wall_end_min = wall_of(place, "to", true, true);
	if (range_of(place, &hours->row.valid_from, &hours->row.valid_to))
		hours->row.nulls |= HOURS_NULL_VALID_TO;
	if (hours->resource == NO_RESOURCE)
		hours->row.nulls |= HOURS_NULL_RESOURCE_ID;
}

static void read_exception(const struct place *place, size_t index)
{
	static const char *const known[] = {"resource", "date", "from", "to", "closed", "reason", NULL};
	struct file_exception *exception = &place->reading->file->exceptions[index];
	struct exception *row = &exception->row;
	json_t *closed = member(place, "closed", true);
	bool has_from = member(place, "from", false), has_to = member(place, "to", false);

	note_unknown(place, known);
	exception->resource = resource_of(place, false);
	row->date = date_of(place, "date", true);
	row->closed = json_is_true(closed);
	row->reason = text_of(place, "reason", false, NAME_BYTES_MAX);
	if (closed && !json_is_boolean(closed))
		fault(place, "closed", "must be true or false");
	if (has_from != has_to)
		fault(place, has_from ? "to" : "from", "is required when %s is given", has_from ? "from" : "to");
	row->wall_start_min = wall_of(place, "from", false, false);
	row->wall_end_min = wall_of(place, "to", false, true);
	if (!has_from && !has_to) {
		row->wall_start_min = row->wall_end_min = 0;
		row->nulls |= EXCEPTION_NULL_WALL_START_MIN | EXCEPTION_NULL_WALL_END_MIN;
	}
	if (exception->resource == NO_RESOURCE)
		row->nulls |= EXCEPTION_NULL_RESOURCE_ID;
}

static void read_session(const struct place *place, size_t index)
{
	static const char *const known[] = {"resource", "rrule", "from", "to", "valid_from", "valid_to", NULL};
	struct file_session *session = &place->reading->file->sessions[index];

	note_unknown(place, known);
	session->resource = resource_of(place, true);
	if (session->resource != NO_RESOURCE &&
	    !rc_str_is(place->reading->file->resources[session->resource].kind, "session"))
		fault(place, "resource", "must be a resource of the kind session");
	session->row.rrule = rrule_of(place);
	session->row.wall_start_min = wall_of(place, "from", true, false);
	session->row.wall_end_min = wall_of(place, "to", true, true);
	if (range_of(place, &session->row.valid_from, &session->row.valid_to))
		session->row.nulls |= SESSION_RULE_NULL_VALID_TO;
}

/* Every element of a list through `read`; the list was counted before. */
static void read_list(const struct place *top, const char *name, void (*read)(const struct place *place, size_t index))
{
	json_t *list = json_object_get(top->object, name), *item;
	size_t i;

	if (!json_is_array(list))
		return;
	json_array_foreach(list, i, item)
	{
		struct place place = {top->reading, item, rc_arena_printf(top->reading->arena, "%s[%zu]", name, i)};

		if (json_is_object(item))
			read(&place, i);
		else
			fault(&place, "", "must be an object");
	}
}

static size_t count_of(const struct place *top, const char *name, bool required)
{
	json_t *list = member(top, name, required);

	if (list && !json_is_array(list))
		fault(top, name, "must be a list");
	return json_array_size(list);
}

static void read_root(struct venue_file *file, const struct place *top)
{
	static const char *const known[] = {"venue", "resources", "services", "hours", "exceptions", "sessions", NULL};
	struct rc_arena *arena = top->reading->arena;
	json_t *venue = member(top, "venue", true);

	note_unknown(top, known);
	file->resource_count = count_of(top, "resources", true);
	file->service_count = count_of(top, "services", true);
	file->hours_count = count_of(top, "hours", false);
	file->exception_count = count_of(top, "exceptions", false);
	file->session_count = count_of(top, "sessions", false);
	file->resources = RC_ARENA_ARRAY(arena, struct resource, file->resource_count);
	file->services = RC_ARENA_ARRAY(arena, struct file_service, file->service_count);
	file->hours = RC_ARENA_ARRAY(arena, struct file_hours, file->hours_count);
	file->exceptions = RC_ARENA_ARRAY(arena, struct file_exception, file->exception_count);
	file->sessions = RC_ARENA_ARRAY(arena, struct file_session, file->session_count);
	if (json_is_object(venue))
		read_venue(top->reading, venue, &file->venue);
	else if (venue)
		fault(top, "venue", "must be an object");
	/* resources before what refers to them */
	read_list(top, "resources", read_resource);
	read_list(top, "services", read_service);
	read_list(top, "hours", read_hours);
	read_list(top, "exceptions", read_exception);
	read_list(top, "sessions", read_session);
}

int venue_file_read(struct venue_file *out, struct rc_arena *arena, struct rc_str text, struct buf *faults,
		    struct buf *notes)
{
	struct reading reading = {.arena = arena, .faults = faults, .notes = notes, .file = out};
	json_error_t error;
	json_t *root = json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
	struct place top = {&reading, root, ""};

	*out = (struct venue_file){0};
	if (!root)
		buf_printf(faults, "line %d, column %d: %s\n", error.line, error.column, error.text);
	else if (!json_is_object(root))
		buf_append_str(faults, RC_STR("the file: must be one JSON object\n"));
	else
		read_root(out, &top);
	json_decref(root);
	return faults->len ? RC_INVALID : 0;
}
