#include "slotcast/main/one_host.h"

#include "rowcast/base/buf.h"

char *one_host(const char *url, int host)
{
	const char *begin = strstr(url, "://"), *end, *first, *at;
	struct buf out = BUF_INIT;

	end = begin ? begin + 3 + strcspn(begin + 3, "/?#") : NULL;
	first = begin ? begin + 3 : NULL;
	for (const char *c = first; c && c < end; c++)
		if (*c == '@')
			first = c + 1;
	at = first;
	for (int i = 1; at && i < host; i++) {
		at = memchr(at, ',', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	if (host < 1 || !at) {
		buf_append_str(&out, rc_str_from(url));
	} else {
		const char *comma = memchr(at, ',', (size_t)(end - at));

		buf_append(&out, url, (size_t)(first - url));
		buf_append(&out, at, (size_t)((comma ? comma : end) - at));
		buf_append_str(&out, rc_str_from(end));
	}
	buf_cstr(&out);
	return out.data;
}
