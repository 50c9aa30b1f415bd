/*
 * Answers questions about zones and recurrence rules, a line each, for tests/system/oracle/zones.py and recurrences.py:
 *
 *   zone NAME            use this zone                             → ok | none
 *   at SECOND            offset in force                           → seconds
 *   wall DAYS MINUTES    wall time of a day since 1970             → second
 *   day DAYS             first instant of the date                 → second
 *   rule DAYS RRULE      use this rule from this day on            → ok | refused: why
 *   year YEAR            its days of the year                      → days since 1970, blank between
 */
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/data/time_text.h"
#include "slotcast/booking/recurrence.h"
#include "slotcast/booking/zone.h"

static void year_print(const struct recurrence *rule, int32_t year)
{
	uint64_t days[YEAR_WORDS];
	int32_t first = date_from_civil(year, 1, 1);

	recurrence_year(rule, year, days);
	for (int32_t d = 0; d < 366; d++)
		if (days[d / 64] >> (d % 64) & 1)
			printf("%d ", first + d);
	putchar('\n');
}

int main(void)
{
	const struct zone *zone = NULL;
	struct recurrence rule;
	struct rc_fault fault;
	char line[2048], word[16], text[2000];
	long long a, b;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "zone %1999s", text) == 1) {
			puts(zone_find(rc_str_from(text), &zone) ? "none" : "ok");
		} else if (sscanf(line, "rule %lld %1999s", &a, text) == 2) {
			if (recurrence_parse(&rule, rc_str_from(text), &fault)) {
				printf("refused: %s\n", fault.message);
			} else {
				recurrence_begin(&rule, (int32_t)a);
				puts("ok");
			}
		} else if (sscanf(line, "%15s %lld %lld", word, &a, &b) < 2) {
			return 2;
		} else if (word[0] == 'y') {
			year_print(&rule, (int32_t)a);
		} else if (word[0] == 'a') {
			printf("%d\n", zone_offset_at(zone, a * 1000000));
		} else if (word[0] == 'w') {
			printf("%lld\n", (long long)zone_to_instant(zone, (int32_t)a, (int32_t)b) / 1000000);
		} else if (word[0] == 'd') {
			printf("%lld\n", (long long)zone_day_start(zone, (int32_t)a) / 1000000);
		} else {
			return 2;
		}
	}
	return 0;
}
