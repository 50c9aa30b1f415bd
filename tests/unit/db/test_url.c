/* URLs of MariaDB servers: what they say, what is refused, and that no refusal shows a password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "rowcast/db/url.h"

struct fixture {
	struct rc_arena arena;
	struct url url;
	struct rc_fault fault;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	rc_arena_init(&f.arena, 4096);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rc_arena_release(&f->arena);
	return 0;
}

static void ok(struct fixture *f, const char *text)
{
	if (url_parse(text, &f->arena, &f->url, &f->fault) != RC_OK)
		fail_msg("%s: %s", text, f->fault.message);
}

static void refused(struct fixture *f, const char *text, const char *why)
{
	f->fault = (struct rc_fault){0};
	assert_int_equal(url_parse(text, &f->arena, &f->url, &f->fault), RC_INVALID);
	assert_int_equal(f->fault.err, RC_INVALID);
	if (!strstr(f->fault.message, why))
		fail_msg("%s: \"%s\" does not say \"%s\"", text, f->fault.message, why);
	if (strstr(f->fault.message, "s3cr"))
		fail_msg("%s: \"%s\" shows the password", text, f->fault.message);
}

static void test_a_plain_url_says_user_password_host_port_and_database(void **state)
{
	struct fixture *f = *state;

	ok(f, "mariadb://ann:s3cret@db.example:3307/shop");
	assert_string_equal(f->url.user, "ann");
	assert_string_equal(f->url.password, "s3cret");
	assert_string_equal(f->url.database, "shop");
	assert_int_equal(f->url.host_count, 1);
	assert_string_equal(f->url.hosts[0].name, "db.example");
	assert_int_equal(f->url.hosts[0].port, 3307);
	assert_string_equal(f->url.hosts[0].label, "db.example:3307");
	assert_int_equal(f->url.ssl, URL_SSL_OFF);
	assert_int_equal(f->url.connect_timeout_us, URL_CONNECT_TIMEOUT_US);
	assert_null(f->url.ssl_ca);
}

static void test_the_scheme_has_two_names_and_may_be_cut_off(void **state)
{
	struct fixture *f = *state;

	ok(f, "mysql://ann@h/d");
	assert_string_equal(f->url.user, "ann");
	assert_string_equal(f->url.password, "");
	ok(f, "//ann@h/d");
	assert_string_equal(f->url.database, "d");
	refused(f, "postgres://ann@h/d", "not one of a MariaDB server");
	refused(f, "mariadb:ann@h/d", "not one of a MariaDB server");
	refused(f, "", "not one of a MariaDB server");
}

static void test_several_hosts_keep_their_order_and_ports(void **state)
{
	struct fixture *f = *state;

	ok(f, "mariadb://u@a,b:3310,[::1],[fe80::2]:3311,10.0.0.1/d");
	assert_int_equal(f->url.host_count, 5);
	assert_string_equal(f->url.hosts[0].label, "a:3306");
	assert_string_equal(f->url.hosts[1].label, "b:3310");
	assert_string_equal(f->url.hosts[2].label, "[::1]:3306");
	assert_string_equal(f->url.hosts[2].name, "::1");
	assert_string_equal(f->url.hosts[3].label, "[fe80::2]:3311");
	assert_int_equal(f->url.hosts[3].port, 3311);
	assert_string_equal(f->url.hosts[4].label, "10.0.0.1:3306");
	refused(f, "mariadb://u@a,,b/d", "neither a name nor an address");
	refused(f, "mariadb://u@a,/d", "neither a name nor an address");
	refused(f, "mariadb://u@1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17/d", "more than 16 hosts");
}

static void test_escapes_are_decoded_and_a_plus_is_a_plus(void **state)
{
	struct fixture *f = *state;

	ok(f, "mariadb://a%40b:s3%3acr%2F%25+%C3%A9@h/my%20shop%2F?ssl-ca=/a%26b");
	assert_string_equal(f->url.user, "a@b");
	assert_string_equal(f->url.password, "s3:cr/%+\xC3\xA9");
	assert_string_equal(f->url.database, "my shop/");
	assert_string_equal(f->url.ssl_ca, "/a&b");
	refused(f, "mariadb://u:s3cr%zz@h/d", "not percent-encoded UTF-8");
	refused(f, "mariadb://u:s3cr%4@h/d", "not percent-encoded UTF-8");
	refused(f, "mariadb://u:s3cr%00@h/d", "not percent-encoded UTF-8");
	refused(f, "mariadb://u:s3cr%ff@h/d", "not percent-encoded UTF-8");
	refused(f, "mariadb://u@h/d%0a", "not percent-encoded UTF-8");
	refused(f, "mariadb://u:s3cr et@h/d", "a space");
	refused(f, "mariadb://u:s3cr#et@h/d", "a #");
}

static void test_a_password_that_was_not_encoded_is_said_and_never_shown(void **state)
{
	struct fixture *f = *state;

	refused(f, "mariadb://u:s3cr@et@h/d", "an @ that does not end");
	refused(f, "mariadb://u:s3cr/et@h/d", "an @ that does not end");
	refused(f, "mariadb://u:s3cr?et@h/d", "an @ that does not end");
	refused(f, "mariadb://u:s3cr:et@h/d", "a : in its password");
	refused(f, "mariadb://u:s3cr", "names no user");
	refused(f, "mariadb://u@h:s3cr/d", "a port that is not a number");
	refused(f, "mariadb://u@h/d/s3cr", "more than one name behind the host");
	refused(f, "mariadb://u@h/d?S3cr=1", "does not exist");
	refused(f, "mariadb://:s3cr@h/d", "names no user");
}

static void test_hosts_and_ports_are_strict(void **state)
{
	struct fixture *f = *state;

	refused(f, "mariadb://u@/d", "names no host");
	refused(f, "mariadb://u@h:/d", "a port that is not a number");
	refused(f, "mariadb://u@[::1]:/d", "a port that is not a number");
	refused(f, "mariadb://u@h:0/d", "a port that is not a number");
	refused(f, "mariadb://u@h:65536/d", "a port that is not a number");
	refused(f, "mariadb://u@h:+1/d", "a port that is not a number");
	refused(f, "mariadb://u@h:000003306/d", "a port that is not a number");
	refused(f, "mariadb://u@::1/d", "neither a name");
	refused(f, "mariadb://u@[::1/d", "has no ]");
	refused(f, "mariadb://u@[/d", "has no ]");
	refused(f, "mariadb://u@[1.2.3.4]/d", "neither a name");
	refused(f, "mariadb://u@[::1]x/d", "something else than a port");
	refused(f, "mariadb://u@h%41/d", "neither a name");
	refused(f, "mariadb://h/d", "names no user");
}

static void test_a_database_is_named(void **state)
{
	struct fixture *f = *state;
	char url[256];

	refused(f, "mariadb://u@h", "names no database");
	refused(f, "mariadb://u@h/", "names no database");
	refused(f, "mariadb://u@h?ssl=on", "names no database");
	snprintf(url, sizeof(url), "//u@h/%064d", 0);
	ok(f, url);
	snprintf(url, sizeof(url), "//u@h/%065d", 0);
	refused(f, url, "more than 64 characters");
}

static void test_a_socket_stands_instead_of_hosts(void **state)
{
	struct fixture *f = *state;

	ok(f, "mariadb://u@/d?socket=/run/mysqld/mysqld.sock");
	assert_int_equal(f->url.host_count, 1);
	assert_string_equal(f->url.hosts[0].name, "/run/mysqld/mysqld.sock");
	assert_string_equal(f->url.hosts[0].label, "/run/mysqld/mysqld.sock");
	assert_int_equal(f->url.hosts[0].port, 0);
	ok(f, "mariadb://u@localhost/d?socket=/s");
	refused(f, "mariadb://u@h/d?socket=/s", "both hosts and a socket");
	refused(f, "mariadb://u@/d?socket=s", "not an absolute path");
}

static void test_parameters_are_known_once_and_have_values(void **state)
{
	struct fixture *f = *state;

	ok(f, "mariadb://u@h/d?connect_timeout=3600&ssl=on");
	assert_int_equal(f->url.connect_timeout_us, 3600000000);
	assert_int_equal(f->url.ssl, URL_SSL_ON);
	refused(f, "mariadb://u@h/d?sslmode=require", "\"sslmode\", which does not exist; there are socket, ");
	refused(f, "mariadb://u@h/d?ssl=on&ssl=off", "gives ssl twice");
	refused(f, "mariadb://u@h/d?ssl=", "without a value");
	refused(f, "mariadb://u@h/d?ssl", "without a value");
	refused(f, "mariadb://u@h/d?", "does not exist");
	refused(f, "mariadb://u@h/d?ssl=on&", "does not exist");
	refused(f, "mariadb://u@h/d?ssl=yes", "write off, on or verify");
	refused(f, "mariadb://u@h/d?connect_timeout=0", "seconds from 1 to 3600");
	refused(f, "mariadb://u@h/d?connect_timeout=3601", "seconds from 1 to 3600");
	refused(f, "mariadb://u@h/d?connect_timeout=1.5", "seconds from 1 to 3600");
}

static void test_certificates_mean_verification(void **state)
{
	struct fixture *f = *state;

	ok(f, "mariadb://u@h/d?ssl-ca=/ca.pem");
	assert_int_equal(f->url.ssl, URL_SSL_VERIFY);
	assert_string_equal(f->url.ssl_ca, "/ca.pem");
	ok(f, "mariadb://u@h/d?ssl=on&ssl-cert=/c&ssl-key=/k");
	assert_int_equal(f->url.ssl, URL_SSL_ON);
	assert_string_equal(f->url.ssl_cert, "/c");
	assert_string_equal(f->url.ssl_key, "/k");
	refused(f, "mariadb://u@h/d?ssl-cert=/c", "belong together");
	refused(f, "mariadb://u@h/d?ssl=off&ssl-ca=/c", "leave one of them out");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_plain_url_says_user_password_host_port_and_database),
		TEST(test_the_scheme_has_two_names_and_may_be_cut_off),
		TEST(test_several_hosts_keep_their_order_and_ports),
		TEST(test_escapes_are_decoded_and_a_plus_is_a_plus),
		TEST(test_a_password_that_was_not_encoded_is_said_and_never_shown),
		TEST(test_hosts_and_ports_are_strict),
		TEST(test_a_database_is_named),
		TEST(test_a_socket_stands_instead_of_hosts),
		TEST(test_parameters_are_known_once_and_have_values),
		TEST(test_certificates_mean_verification),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
