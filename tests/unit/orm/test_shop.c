/* The calls that rowgen writes for shop/schema.sql, on every engine. */
#include <string.h>

#include "rig.h"

int main(void)
{
	static struct engine_test all[128];
	const struct {
		const struct engine_test *tests;
		size_t count;
	} lists[] = {
		{scopes_tests, scopes_tests_count},
		{relations_tests, relations_tests_count},
		{page_tests, page_tests_count},
	};
	size_t used = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		assert_true(used + lists[i].count <= sizeof(all) / sizeof(*all));
		memcpy(all + used, lists[i].tests, lists[i].count * sizeof(*all));
		used += lists[i].count;
	}
	return run_on_engines(all, used);
}
