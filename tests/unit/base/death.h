/*
 * Does calling `run` stop the process by abort()? The call happens in a child whose standard error is closed to the
 * screen.
 */
#ifndef TESTS_UNIT_BASE_DEATH_H
#define TESTS_UNIT_BASE_DEATH_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool stops_the_process(void (*run)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		const struct rlimit no_core = {0, 0};
		int null = open("/dev/null", O_WRONLY);

		setrlimit(RLIMIT_CORE, &no_core);
		dup2(null, STDERR_FILENO);
		run();
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
