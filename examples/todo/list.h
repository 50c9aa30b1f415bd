/*
 * What is on the screen: a copy of the table in memory, kept by the feed alone.
 */
#ifndef TODO_LIST_H
#define TODO_LIST_H

#include "model.h"

struct list {
	struct entry {
		int64_t id;
		char *text;
		bool done;
	} * entries; /* by id */
	size_t count, room;
};

void list_put(struct list *list, const struct task *task); /* insert or replace */
void list_remove(struct list *list, int64_t id);
void list_clear(struct list *list);
/* A line per task; on a terminal the screen is cleared before. */
void list_show(const struct list *list);

#endif
