/* Any URL of a MariaDB server: understood, or refused with a sentence; a password is never in the sentence. */
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/db/url.h"

#define SECRET "Zx9Qw7"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, bool secret)
{
	struct rc_arena arena;
	struct url url;
	struct rc_fault fault = {0};
	int rc;

	rc_arena_init(&arena, 4096);
	rc = url_parse(text, &arena, &url, &fault);
	if (rc == RC_OK) {
		rc_check(url.user[0] && url.password && url.database[0]);
		rc_check(url.host_count >= 1 && url.host_count <= URL_HOSTS_MAX);
		for (size_t i = 0; i < url.host_count; i++)
			rc_check(url.hosts[i].name[0] && strstr(url.hosts[i].label, url.hosts[i].name));
		rc_check(url.connect_timeout_us > 0);
		rc_check(!url.ssl_cert == !url.ssl_key);
	} else {
		rc_check(rc == RC_INVALID && fault.err == RC_INVALID && fault.message[0]);
		rc_check(!secret || !strstr(fault.message, SECRET));
	}
	rc_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char start[] = "mariadb://user:" SECRET;
	char *text = rc_xmalloc(sizeof(start) + size);

	memcpy(text, data, size);
	text[size] = '\0';
	check(text, false);
	/* The same text as the rest of a URL whose password has begun, well or badly encoded. */
	memcpy(text, start, sizeof(start) - 1);
	memcpy(text + sizeof(start) - 1, data, size);
	text[sizeof(start) - 1 + size] = '\0';
	check(text, true);
	free(text);
	return 0;
}
