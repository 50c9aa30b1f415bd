/* See mailbox.h for the design. */
#include "rowcast/io/mailbox.h"

void mailbox_init(struct mailbox *box)
{
	atomic_init(&box->stub.next, NULL);
	atomic_init(&box->newest, &box->stub);
	atomic_init(&box->sleeping, false);
	atomic_init(&box->waiting, 0);
	box->oldest = &box->stub;
}

static void mailbox_link(struct mailbox *box, struct message *message)
{
	struct message *before;

	atomic_store_explicit(&message->next, NULL, memory_order_relaxed);
	before = atomic_exchange_explicit(&box->newest, message, memory_order_acq_rel);
	atomic_store(&before->next, message);
}

bool mailbox_put(struct mailbox *box, struct message *message)
{
	mailbox_link(box, message);
	return atomic_load(&box->sleeping) && atomic_exchange(&box->sleeping, false);
}

struct message *mailbox_take(struct mailbox *box)
{
	struct message *first = box->oldest;
	struct message *next = atomic_load(&first->next);

	if (first == &box->stub) {
		if (!next)
			return NULL;
		first = box->oldest = next;
		next = atomic_load(&first->next);
	}
	if (!next) {
		/* The last one may only be given away when the stub stands behind it. */
		if (first != atomic_load_explicit(&box->newest, memory_order_acquire))
			return NULL;
		mailbox_link(box, &box->stub);
		next = atomic_load(&first->next);
		if (!next)
			return NULL;
	}
	box->oldest = next;
	return first;
}

bool mailbox_may_sleep(struct mailbox *box)
{
	struct message *first = box->oldest;

	atomic_store(&box->sleeping, true);
	/* With the stub in front a link means a message; with a message in front there is one, unless it is in the gap
	 * of its sender's or of the next sender's two steps, and both of those look at `sleeping` afterwards. */
	if (first == &box->stub ? !atomic_load(&first->next)
				: !atomic_load(&first->next) && first != atomic_load(&box->newest))
		return true;
	atomic_store(&box->sleeping, false);
	return false;
}

void mailbox_awake(struct mailbox *box)
{
	atomic_store_explicit(&box->sleeping, false, memory_order_relaxed);
}
