/* Signals and limits of the process; each test lives in a child, because what it changes cannot be taken back. */
#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rowcast/base/log.h"
#include "rowcast/server/operate.h"

/* Exit status of `run` in a child; -1 when a signal killed it. */
static int status_of(void (*run)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		log_set_level(LOG_ERROR);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		run();
		_exit(99);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct loop *loop;
static struct operate_signals signals;
static int stops;

static void stop(void *arg)
{
	stops++;
	loop_stop(arg);
}

static void start(void (*on_stop)(void *arg))
{
	struct rc_fault fault;

	if (loop_create(&loop, &fault) != RC_OK ||
	    operate_signals_start(&signals, loop, on_stop, loop, &fault) != RC_OK)
		_exit(98);
}

static void run_until_signal(int number)
{
	start(stop);
	kill(getpid(), number);
	if (loop_run(loop) != RC_OK)
		_exit(97);
	operate_signals_release(&signals);
	loop_destroy(loop);
	_exit(10 + stops);
}

static void get_sigterm(void)
{
	run_until_signal(SIGTERM);
}

static void get_sigint(void)
{
	run_until_signal(SIGINT);
}

static void get_sighup(void)
{
	run_until_signal(SIGHUP);
}

static void the_first_signal_calls_stop_once_on_the_loop(void **state)
{
	assert_int_equal(status_of(get_sigterm), 11);
	assert_int_equal(status_of(get_sigint), 11);
	assert_int_equal(status_of(get_sighup), 11);
}

/* The loop hangs inside `stop`, as when it waits for a thread. */
static void hang(void *arg)
{
	kill(getpid(), SIGTERM);
	pause();
}

static void get_a_second_signal(void)
{
	start(hang);
	kill(getpid(), SIGINT);
	if (loop_run(loop) != RC_OK)
		_exit(97);
}

static void the_second_signal_ends_the_process_with_status_1_even_when_the_loop_hangs(void **state)
{
	assert_int_equal(status_of(get_a_second_signal), 1);
}

static void write_into_a_closed_pipe(void)
{
	int ends[2];

	start(stop);
	if (pipe(ends) != 0)
		_exit(98);
	close(ends[0]);
	_exit(write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 96);
}

static void a_closed_pipe_is_an_error_and_no_death(void **state)
{
	assert_int_equal(status_of(write_into_a_closed_pipe), 0);
}

static void raise_from_64(void)
{
	struct rlimit limit, after;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (operate_raise_file_limit() != (int64_t)limit.rlim_max)
		_exit(1);
	getrlimit(RLIMIT_NOFILE, &after);
	_exit(after.rlim_cur == limit.rlim_max ? 0 : 2);
}

static void the_limit_of_open_files_is_raised_to_what_is_allowed(void **state)
{
	assert_int_equal(status_of(raise_from_64), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_signal_calls_stop_once_on_the_loop),
		cmocka_unit_test(the_second_signal_ends_the_process_with_status_1_even_when_the_loop_hangs),
		cmocka_unit_test(a_closed_pipe_is_an_error_and_no_death),
		cmocka_unit_test(the_limit_of_open_files_is_raised_to_what_is_allowed),
	};

	return RUN_TESTS(tests);
}
