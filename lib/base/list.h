/* SPDX-License-Identifier: MIT */
/*
 * list.h - a growing array of items of one size
 *
 * The items are owned by the list; pointers into it are good until the next
 * list_add().  Out of memory ends the program: every program here is small
 * and could do nothing better.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stddef.h>

struct list {
	void *items;		/* owned */
	size_t n, room;
};

/* A zeroed new last item. */
void *list_add(struct list *l, size_t item_size);
void list_free(struct list *l);
/* As qsort(3), and an empty list is sorted. */
void list_sort(struct list *l, size_t item_size,
	       int (*compare)(const void *, const void *));

#define list_at(l, type, i)	(&((type *)(l)->items)[i])
#define list_each(l, type, it)						\
	for (__typeof__(type) *it = (l)->items, *it##_end = it + (l)->n;	\
	     it < it##_end; it++)

/* malloc and friends that do not return NULL. */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
