/* Any database URL: found or refused with a sentence; an address is never empty and lies inside the URL. */
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/db/db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *url = rc_xmalloc(size + 1);
	const struct db_driver *driver = NULL;
	const char *address = NULL;
	struct rc_fault fault = {0};
	int rc;

	memcpy(url, data, size);
	url[size] = 0;
	rc = db_driver_find(url, &driver, &address, &fault);
	if (rc == RC_OK) {
		rc_check(driver && address > url && address < url + strlen(url));
	} else {
		rc_check(rc == RC_INVALID && fault.err == RC_INVALID && fault.message[0]);
		rc_check(memchr(fault.message, 0, sizeof(fault.message)));
	}
	free(url);
	return 0;
}
