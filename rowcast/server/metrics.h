/*
 * Metrics for Prometheus, text format 0.0.4.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef ROWCAST_SERVER_METRICS_H
#define ROWCAST_SERVER_METRICS_H

#include "rowcast/base/buf.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Everything: the registry, and what the kernel says about this process. Any thread. */
void metrics_print(struct buf *out);
/* The registry alone. */
void metrics_print_registry(struct buf *out);
/* name="value", with what the format demands escaped; for building metric.labels at run time. */
void metrics_label(struct buf *out, const char *name, struct rc_str value);

#endif
