/* One server of the URL of several. */
#include "slotcast/main/one_host.h"

#include <stdlib.h>

#include "tests/unit/suite.h"

static void expect(const char *url, int host, const char *wanted)
{
	char *got = one_host(url, host);

	assert_string_equal(got, wanted);
	free(got);
}

static void one_of_several_servers_stays(void **state)
{
	expect("postgres://a,b:2,c/db?x=1,2", 1, "postgres://a/db?x=1,2");
	expect("postgres://a,b:2,c/db?x=1,2", 2, "postgres://b:2/db?x=1,2");
	expect("postgres://a,b:2,c/db?x=1,2", 3, "postgres://c/db?x=1,2");
	expect("mariadb://u,v:p%40,w@[::1]:5,h2:6", 2, "mariadb://u,v:p%40,w@h2:6");
}

static void other_urls_stay_as_they_are(void **state)
{
	expect("postgres://a,b/db", 0, "postgres://a,b/db");
	expect("postgres://a,b/db", 3, "postgres://a,b/db");
	expect("sqlite:a,b", 1, "sqlite:a,b");
	expect("postgres:///db?host=a,b", 2, "postgres:///db?host=a,b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_several_servers_stays),
		cmocka_unit_test(other_urls_stay_as_they_are),
	};

	return RUN_TESTS(tests);
}
