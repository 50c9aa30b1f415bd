/*
 * Intrusive doubly linked list: a node belongs to at most one list; the head is a node too.
 */
#ifndef ROWCAST_BASE_LIST_H
#define ROWCAST_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

/* clang-format off */
#define LIST_OWNER(node, type, member) ((type *)((char *)(node) - offsetof(type, member)))
/* clang-format on */
#define LIST_EACH(node, head) for (struct list *node = (head)->next; node != (head); node = node->next)
/* The current node may be removed or freed inside the loop. */
#define LIST_EACH_SAFE(node, head)                                                                                     \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head);                              \
	     node = node##_next, node##_next = node->next)

static inline void list_init(struct list *head)
{
	head->prev = head->next = head;
}
static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}
/* True for a node that is in no list (zeroed, or removed). */
static inline bool list_idle(const struct list *node)
{
	return !node->next || node->next == node;
}

static inline void list_insert_after(struct list *place, struct list *node)
{
	node->prev = place;
	node->next = place->next;
	place->next->prev = node;
	place->next = node;
}

static inline void list_push_back(struct list *head, struct list *node)
{
	list_insert_after(head->prev, node);
}
static inline void list_push_front(struct list *head, struct list *node)
{
	list_insert_after(head, node);
}

/* Legal on a node that is in no list. */
static inline void list_remove(struct list *node)
{
	if (node->next) {
		node->prev->next = node->next;
		node->next->prev = node->prev;
	}
	node->prev = node->next = node;
}

static inline struct list *list_pop_front(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	list_remove(node);
	return node;
}

#endif
