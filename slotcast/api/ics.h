/*
 * One booking as an iCalendar object (RFC 5545). Pure.
 */
#ifndef SLOTCAST_API_ICS_H
#define SLOTCAST_API_ICS_H

#include "rowcast/base/buf.h"
#include "slotcast/api/reader.h"

/* link: address of the booking's page, or empty. now_us decides whether a hold still stands. */
void ics_write(struct buf *out, const struct reader_booking *found, struct rc_str link, int64_t now_us);

#endif
