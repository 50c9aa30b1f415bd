/*
 * Invariants. A broken one stops the process at once, in release builds too: better down than wrong.
 */
#ifndef ROWCAST_BASE_CHECK_H
#define ROWCAST_BASE_CHECK_H

__attribute__((noreturn)) void rc_check_failed(const char *condition, const char *file, int line);

#define rc_check(condition) ((condition) ? (void)0 : rc_check_failed(#condition, __FILE__, __LINE__))

#endif
