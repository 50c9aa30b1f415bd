/*
 * Signals come through a signalfd on the main loop, so that the stop runs as ordinary code. After the first one the
 * loop may wait for threads that do not end, and would hear no second one; so from then on a plain handler ends the
 * process.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "rowcast/base/log.h"
#include "rowcast/server/operate.h"

static const int stop_signals[] = {SIGTERM, SIGINT, SIGHUP};
#define STOP_SIGNALS (sizeof(stop_signals) / sizeof(stop_signals[0]))

static void stop_at_once(int number)
{
	static const char line[] =
		"{\"level\":\"error\",\"event\":\"killed\",\"message\":\"second signal; stopping at once\"}\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		_exit(1);
	_exit(1);
}

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < STOP_SIGNALS; i++)
		sigaddset(set, stop_signals[i]);
}

static void end_at_next_signal(void)
{
	struct sigaction action = {.sa_handler = stop_at_once};
	sigset_t set;

	for (size_t i = 0; i < STOP_SIGNALS; i++)
		sigaction(stop_signals[i], &action, NULL);
	signal_set(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void take_signal(struct watch *watch, uint32_t events)
{
	struct operate_signals *signals = (struct operate_signals *)((char *)watch -
								     offsetof(struct operate_signals, watch));
	struct signalfd_siginfo info;

	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	log_event(LOG_INFO, "stopping", "a signal asks to stop; requests under way are finished",
		  LOG_S("signal", sigabbrev_np((int)info.ssi_signo)), LOG_I("sender_pid", info.ssi_pid));
	operate_signals_release(signals);
	end_at_next_signal();
	signals->stop(signals->arg);
}

int operate_signals_start(struct operate_signals *signals, struct loop *loop, void (*stop)(void *arg), void *arg,
			  struct rc_fault *fault)
{
	sigset_t set;
	int err;

	*signals = (struct operate_signals){.watch = {.fd = -1}, .loop = loop, .stop = stop, .arg = arg};
	signal(SIGPIPE, SIG_IGN);
	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signals->watch.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals->watch.fd < 0)
		return rc_fault_set(fault, RC_IO, "cannot listen for signals: %s", strerrordesc_np(errno));
	err = watch_add(loop, &signals->watch, EPOLLIN, take_signal);
	if (err != RC_OK) {
		close(signals->watch.fd);
		signals->watch.fd = -1;
		return rc_fault_set(fault, err, "cannot watch for signals");
	}
	return RC_OK;
}

void operate_signals_release(struct operate_signals *signals)
{
	if (signals->watch.fd < 0)
		return;
	watch_remove(signals->loop, &signals->watch);
	close(signals->watch.fd);
	signals->watch.fd = -1;
}

int64_t operate_raise_file_limit(void)
{
	struct rlimit limit, before;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	before = limit;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
		log_event(LOG_WARN, "file_limit", "the limit of open files cannot be raised",
			  LOG_I("files", before.rlim_cur), LOG_S("error", strerrordesc_np(errno)));
		return (int64_t)before.rlim_cur;
	}
	log_event(LOG_INFO, "file_limit", "at most this many files and connections can be open",
		  LOG_I("files", limit.rlim_cur));
	return (int64_t)limit.rlim_cur;
}
