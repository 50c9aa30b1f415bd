#include "list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Where the entry with this id is, or would be. */
static size_t find(const struct list *list, int64_t id)
{
	size_t at = 0;

	while (at < list->count && list->entries[at].id < id)
		at++;
	return at;
}

void list_put(struct list *list, const struct task *task)
{
	size_t at = find(list, task->id);

	if (at == list->count || list->entries[at].id != task->id) {
		if (list->count == list->room) {
			list->room = list->room ? list->room * 2 : 16;
			list->entries = rc_xrealloc(list->entries, list->room * sizeof(*list->entries));
		}
		memmove(&list->entries[at + 1], &list->entries[at], (list->count++ - at) * sizeof(*list->entries));
		list->entries[at] = (struct entry){.id = task->id};
	}
	free(list->entries[at].text);
	list->entries[at].text = rc_xmalloc(task->text.len + 1); /* the row is the feed's and gone soon */
	memcpy(list->entries[at].text, task->text.ptr, task->text.len);
	list->entries[at].text[task->text.len] = '\0';
	list->entries[at].done = task->done;
}

void list_remove(struct list *list, int64_t id)
{
	size_t at = find(list, id);

	if (at == list->count || list->entries[at].id != id)
		return;
	free(list->entries[at].text);
	memmove(&list->entries[at], &list->entries[at + 1], (--list->count - at) * sizeof(*list->entries));
}

void list_clear(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->entries[i].text);
	free(list->entries);
	*list = (struct list){0};
}

void list_show(const struct list *list)
{
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	for (size_t i = 0; i < list->count; i++)
		printf("%4" PRId64 " [%c] %s\n", list->entries[i].id, list->entries[i].done ? 'x' : ' ',
		       list->entries[i].text);
	puts(list->count ? "-- add TEXT, done N, undo N, rm N, quit" : "-- nothing to do; add TEXT");
	fflush(stdout);
}
