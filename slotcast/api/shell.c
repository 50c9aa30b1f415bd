/*
 * The choice of a language: see shell.h.
 */
#include "slotcast/api/shell.h"
#include "rowcast/http/negotiate.h"

#define HEAD RC_STR("/shell.")
#define TAIL RC_STR(".html")

/* "/shell.de.html" → "de"; another file → nothing. */
static struct rc_str language_of(const struct static_file *file)
{
	struct rc_str path = rc_str_from(file->path), tail;

	if (path.len <= HEAD.len + TAIL.len || !rc_str_starts(path, HEAD))
		return RC_STR_NONE;
	tail = (struct rc_str){path.ptr + path.len - TAIL.len, TAIL.len};
	if (!rc_str_eq(tail, TAIL))
		return RC_STR_NONE;
	return (struct rc_str){path.ptr + HEAD.len, path.len - HEAD.len - TAIL.len};
}

static bool shell_exact(struct shell *out, const struct static_file *files, struct rc_str tag)
{
	for (const struct static_file *file = files; tag.len > 0 && file->path; file++) {
		struct rc_str language = language_of(file);

		if (rc_str_eq_nocase(language, tag)) {
			*out = (struct shell){.html = file->plain, .language = language};
			return true;
		}
	}
	return false;
}

/* "zh-Hant-x-a" → "zh-Hant": the last part goes, and a single letter before it, which only introduces it. */
static struct rc_str shorter(struct rc_str range)
{
	while (range.len > 0 && range.ptr[range.len - 1] != '-')
		range.len--;
	range.len -= range.len > 0;
	if (range.len >= 2 && range.ptr[range.len - 2] == '-')
		range.len -= 2;
	return range;
}

static bool shell_lookup(struct shell *out, const struct static_file *files, struct rc_str range)
{
	for (; range.len > 0; range = shorter(range)) {
		if (shell_exact(out, files, range))
			return true;
	}
	return false;
}

/* Of those that can be met the one with the greatest weight, of equals the first. "*" is met by what comes after. */
static bool shell_accepted(struct shell *out, const struct static_file *files, struct rc_str list)
{
	struct rc_str range;
	int weight, best = 0;

	while (wish_next(&list, &range, &weight)) {
		if (weight > best && shell_lookup(out, files, range))
			best = weight;
	}
	return best > 0;
}

bool shell_choose(struct shell *out, const struct static_file *files, const struct language_wishes *wishes)
{
	if (shell_lookup(out, files, wishes->asked) || shell_lookup(out, files, wishes->chosen) ||
	    shell_accepted(out, files, wishes->accepted) || shell_lookup(out, files, wishes->spoken) ||
	    shell_exact(out, files, RC_STR("en")))
		return true;
	for (const struct static_file *file = files; file->path; file++) {
		if (shell_exact(out, files, language_of(file)))
			return true;
	}
	return false;
}

bool shell_any(const struct static_file *files)
{
	struct shell any;

	return shell_choose(&any, files, &(struct language_wishes){0});
}
