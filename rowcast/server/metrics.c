/*
 * Metrics as text. The registry is walked without a lock: numbers of one scrape may be some microseconds apart, as with
 * any exporter; but a histogram's _count is the sum of the buckets just printed, so that each histogram agrees with
 * itself.
 */
#include "rowcast/server/metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rowcast/base/metric.h"

#define US_PER_S INT64_C(1000000)

/* Inside a HELP text a backslash and a line feed are escaped, inside a label's value a quote too. */
static void put_escaped(struct buf *out, struct rc_str text, bool quotes_too)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\n') {
			buf_append_str(out, RC_STR("\\n"));
			continue;
		}
		if (c == '\\' || (quotes_too && c == '"'))
			buf_append_char(out, '\\');
		buf_append_char(out, c);
	}
}

void metrics_label(struct buf *out, const char *name, struct rc_str value)
{
	buf_printf(out, "%s=\"", name);
	put_escaped(out, value, true);
	buf_append_char(out, '"');
}

static void put_head(struct buf *out, const char *name, const char *help, const char *type)
{
	buf_printf(out, "# HELP %s ", name);
	put_escaped(out, rc_str_from(help), false);
	buf_printf(out, "\n# TYPE %s %s\n", name, type);
}

/* NAME[SUFFIX]{LABELS} and a blank; `more` is one further label or NULL. */
static void put_name(struct buf *out, const char *name, const char *suffix, const char *labels, const char *more)
{
	bool has_labels = labels && *labels;

	buf_printf(out, "%s%s", name, suffix);
	if (has_labels || more)
		buf_printf(out, "{%s%s%s}", has_labels ? labels : "", has_labels && more ? "," : "", more ? more : "");
	buf_append_char(out, ' ');
}

static void put_seconds(struct buf *out, int64_t us)
{
	buf_printf(out, "%s%" PRId64 ".%06" PRId64 "\n", us < 0 ? "-" : "", (us < 0 ? -us : us) / US_PER_S,
		   (us < 0 ? -us : us) % US_PER_S);
}

static void put_histogram(struct buf *out, const struct metric *metric)
{
	uint64_t count = 0;

	for (int i = 0; i < METRIC_BUCKETS; i++) {
		char bound[40];

		if (i == METRIC_BUCKETS - 1)
			snprintf(bound, sizeof(bound), "le=\"+Inf\"");
		else
			snprintf(bound, sizeof(bound), "le=\"%d.%06d\"", (1 << i) / 1000000, (1 << i) % 1000000);
		count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
		put_name(out, metric->name, "_bucket", metric->labels, bound);
		buf_printf(out, "%" PRIu64 "\n", count);
	}
	put_name(out, metric->name, "_sum", metric->labels, NULL);
	put_seconds(out, atomic_load_explicit(&metric->value, memory_order_relaxed));
	put_name(out, metric->name, "_count", metric->labels, NULL);
	buf_printf(out, "%" PRIu64 "\n", count);
}

void metrics_print_registry(struct buf *out)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	const struct metric *before = NULL;

	for (const struct metric *metric = metric_first(); metric; before = metric, metric = metric->next) {
		if (!before || strcmp(before->name, metric->name) != 0)
			put_head(out, metric->name, metric->help, types[metric->kind]);
		if (metric->kind == METRIC_KIND_HISTOGRAM) {
			put_histogram(out, metric);
			continue;
		}
		put_name(out, metric->name, "", metric->labels, NULL);
		buf_printf(out, "%" PRId64 "\n", metric_value(metric));
	}
}

static void put_number(struct buf *out, const char *name, const char *help, int64_t value)
{
	put_head(out, name, help, "gauge");
	buf_printf(out, "%s %" PRId64 "\n", name, value);
}

/* One line of a /proc file, NUL-terminated; its length, 0 when it cannot be read. */
static size_t read_proc(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return 0;
	got = read(fd, text, size - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}

static void put_memory(struct buf *out)
{
	long long virtual_pages, resident_pages, page = sysconf(_SC_PAGESIZE);
	char text[256];

	if (!read_proc("/proc/self/statm", text, sizeof(text)) ||
	    sscanf(text, "%lld %lld", &virtual_pages, &resident_pages) != 2)
		return;
	put_number(out, "process_resident_memory_bytes", "Resident memory size in bytes.", resident_pages * page);
	put_number(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", virtual_pages * page);
}

static void put_files(struct buf *out)
{
	DIR *dir = opendir("/proc/self/fd");
	struct rlimit limit;
	int64_t open_files = 0;

	if (dir) {
		for (struct dirent *entry; (entry = readdir(dir));)
			open_files += entry->d_name[0] != '.';
		closedir(dir);
		put_number(out, "process_open_fds", "Number of open file descriptors.", open_files - 1);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		put_number(out, "process_max_fds", "Maximum number of open file descriptors.", (int64_t)limit.rlim_cur);
}

static void put_cpu(struct buf *out)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	put_head(out, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", "counter");
	buf_append_str(out, RC_STR("process_cpu_seconds_total "));
	put_seconds(out, (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * US_PER_S + usage.ru_utime.tv_usec +
				 usage.ru_stime.tv_usec);
}

/* proc(5): field 20 of stat is the number of threads, field 22 the start in ticks since boot; btime is the boot. */
static void put_stat(struct buf *out)
{
	char stat[1024], boot[8192], *at;
	long long threads, start_ticks, boot_s, ticks = sysconf(_SC_CLK_TCK);

	if (!read_proc("/proc/self/stat", stat, sizeof(stat)) || !read_proc("/proc/stat", boot, sizeof(boot)))
		return;
	at = strrchr(stat, ')');
	if (!at || sscanf(at, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lld %*s %lld",
			  &threads, &start_ticks) != 2)
		return;
	put_number(out, "process_threads", "Number of threads.", threads);
	at = strstr(boot, "btime ");
	if (!at || sscanf(at, "btime %lld", &boot_s) != 1)
		return;
	put_head(out, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", "gauge");
	buf_append_str(out, RC_STR("process_start_time_seconds "));
	put_seconds(out, boot_s * US_PER_S + start_ticks * US_PER_S / ticks);
}

static void put_build(struct buf *out)
{
	put_head(out, "rowcast_build_info", "The version that runs; always 1.", "gauge");
	buf_append_str(out, RC_STR("rowcast_build_info{"));
	metrics_label(out, "version", RC_STR(ROWCAST_VERSION));
	buf_append_str(out, RC_STR("} 1\n"));
}

void metrics_print(struct buf *out)
{
	metrics_print_registry(out);
	put_memory(out);
	put_files(out);
	put_cpu(out);
	put_stat(out);
	put_build(out);
}
