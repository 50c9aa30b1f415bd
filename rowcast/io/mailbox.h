/*
 * The queue between threads: any number of senders, one receiver, lock-free, intrusive, FIFO per sender.
 *
 * Design: Dmitry Vyukov's intrusive MPSC list. A sender swings `newest` to its message and then links the one before to
 * it; the receiver walks the links from `oldest`. Between those two steps of a sender the chain has a gap: mailbox_take
 * then answers NULL and the sender's wake-up, which comes after the link, brings the receiver back. `stub` keeps the
 * chain from ever being empty.
 *
 * Sleeping: the receiver says `sleeping`, looks once more, and only then sleeps; a sender links first and looks at
 * `sleeping` after. All four accesses are sequentially consistent, so at least one of the two sees the other, and a
 * busy receiver costs a sender no system call.
 *
 * Rejected: a mutex and a list (a sleeping sender stops the reactor), a bounded array (completions must never be
 * refused).
 */
#ifndef ROWCAST_IO_MAILBOX_H
#define ROWCAST_IO_MAILBOX_H

#include <stdbool.h>

#include "rowcast/io/loop.h"

struct mailbox {
	_Alignas(64) _Atomic(struct message *) newest; /* senders */
	_Atomic bool sleeping;
	_Atomic int64_t waiting;             /* sent and not taken */
	_Alignas(64) struct message *oldest; /* receiver */
	struct message stub;
};

void mailbox_init(struct mailbox *box);
/* True: the receiver may sleep and has to be woken by the caller. */
bool mailbox_put(struct mailbox *box, struct message *message) RC_MUST_CHECK;
/* The oldest message, or NULL: none, or its sender is not done yet (and will wake us). */
struct message *mailbox_take(struct mailbox *box);
/* False: a message came; do not sleep. True: announced; senders wake us until mailbox_awake. */
bool mailbox_may_sleep(struct mailbox *box) RC_MUST_CHECK;
void mailbox_awake(struct mailbox *box);

#endif
