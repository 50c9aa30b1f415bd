/*
 * A hand-written connection to MariaDB by a URL of the plainest kind, and its times.
 */
#ifndef BENCH_MARIADB_H
#define BENCH_MARIADB_H

#include <mysql.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* mariadb://USER@HOST:PORT/DATABASE; stops the program when there is nobody. Session: UTC, READ COMMITTED. */
static inline MYSQL *mariadb_dial(const char *url)
{
	char user[64], host[64], database[64];
	unsigned int port;
	MYSQL *db = mysql_init(NULL);

	if (!db || sscanf(url, "mariadb://%63[^@]@%63[^:]:%u/%63s", user, host, &port, database) != 4) {
		fprintf(stderr, "bench: %s is not mariadb://USER@HOST:PORT/DATABASE\n", url);
		exit(2);
	}
	mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(db, MYSQL_INIT_COMMAND, "SET time_zone = '+00:00', tx_isolation = 'READ-COMMITTED'");
	if (!mysql_real_connect(db, host, user, NULL, database, port, NULL, 0)) {
		fprintf(stderr, "bench: %s: %s\n", url, mysql_error(db));
		exit(1);
	}
	return db;
}

/* Microseconds since 1970 and days of the civil calendar: years of 400 begin in March, so that leap days come last. */
static inline void mariadb_time(int64_t us, MYSQL_TIME *time)
{
	int64_t day = us / 86400000000LL + 719468, rest = us % 86400000000LL;
	int64_t era = day / 146097, of_era = day % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	*time = (MYSQL_TIME){
		.year = (unsigned int)(era * 400 + year + (month >= 10)),
		.month = (unsigned int)(month < 10 ? month + 3 : month - 9),
		.day = (unsigned int)(of_year - (153 * month + 2) / 5 + 1),
		.hour = (unsigned int)(rest / 3600000000LL),
		.minute = (unsigned int)(rest / 60000000 % 60),
		.second = (unsigned int)(rest / 1000000 % 60),
		.second_part = (unsigned long)(rest % 1000000),
		.time_type = MYSQL_TIMESTAMP_DATETIME,
	};
}

static inline int64_t mariadb_us(const MYSQL_TIME *time)
{
	int64_t year = time->month <= 2 ? (int64_t)time->year - 1 : time->year;
	int64_t month = time->month <= 2 ? time->month + 9 : time->month - 3;
	int64_t of_year = (153 * month + 2) / 5 + time->day - 1;
	int64_t of_era = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + of_year;
	int64_t day = year / 400 * 146097 + of_era - 719468;

	return day * 86400000000LL + time->hour * 3600000000LL + time->minute * 60000000LL + time->second * 1000000LL +
	       (int64_t)time->second_part;
}

#endif
