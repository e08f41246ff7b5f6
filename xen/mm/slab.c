// SPDX-License-Identifier: MIT
/*
 * Size classes cut from single pages.  A page begins with its header; an object
 * larger than the largest class is a block of whole pages, whose order its
 * struct frame keeps.  Every object is wiped when it is handed out.
 */
#include "mm/slab.h"

#include "lib/assert.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "machine/layout.h"
#include "mm/buddy.h"
#include "mm/failing.h"
#include "mm/frame.h"

struct slab_page {
	struct slab_page *next, *prev; /* pages of the class with something free */
	void *free; /* list through the objects' first words */
	u16 class, used;
};

#define HEADER 32
static_assert(sizeof(struct slab_page) <= HEADER, "objects follow the header");

static const u16 class_size[] = {32, 64, 128, 256, 496, 1008, 2032};
static struct slab_page *partial[ARRAY_SIZE(class_size)];
static struct spinlock slab_lock = SPINLOCK_INIT(SLAB);
static unsigned long in_use; /* objects handed out */

unsigned long slab_objects(void)
{
	return READ_ONCE(in_use);
}

static unsigned int objects_of(unsigned int class)
{
	return (unsigned int)((PAGE_SIZE - HEADER) / class_size[class]);
}

static void link_page(struct slab_page *p)
{
	p->prev = NULL;
	p->next = partial[p->class];
	if (p->next)
		p->next->prev = p;
	partial[p->class] = p;
}

static void unlink_page(struct slab_page *p)
{
	if (p->prev)
		p->prev->next = p->next;
	else
		partial[p->class] = p->next;
	if (p->next)
		p->next->prev = p->prev;
}

static struct slab_page *new_page(unsigned int class)
{
	struct slab_page *p = page_alloc();
	u8 *object;

	if (!p)
		return NULL;
	p->class = (u16) class;
	object = (u8 *)p + HEADER;
	for (unsigned int i = 0; i < objects_of(class); i++, object += class_size[class]) {
		*(void **)object = p->free;
		p->free = object;
	}
	return p;
}

static void *alloc_large(size_t size)
{
	unsigned int order = 0;
	mfn_t mfn;

	while ((PAGE_SIZE << order) < size)
		if (++order > MAX_ORDER)
			return NULL;
	mfn = frame_alloc(order, 0);
	if (mfn_eq(mfn, INVALID_MFN))
		return NULL;
	frame_of(mfn)->stamp = order;
	return mfn_to_virt(mfn);
}

void *kmalloc(size_t size)
{
	unsigned int class = 0;
	struct slab_page *p, *fresh = NULL;
	unsigned long flags;
	void *object;

	while (class < ARRAY_SIZE(class_size) && class_size[class] < size)
		class ++;
	if (class == ARRAY_SIZE(class_size))
		return alloc_large(size);
	if (allocation_fails())
		return NULL;
	flags = spin_lock_irqsave(&slab_lock);
	p = partial[class];
	if (!p) {
		/* The heap may have CPUs flush: not under a lock of ours. */
		spin_unlock_irqrestore(&slab_lock, flags);
		fresh = new_page(class);
		if (!fresh)
			return NULL;
		flags = spin_lock_irqsave(&slab_lock);
		link_page(fresh);
		p = fresh;
	}
	object = p->free;
	p->free = *(void **)object;
	p->used++;
	in_use++;
	if (!p->free)
		unlink_page(p);
	spin_unlock_irqrestore(&slab_lock, flags);
	memset(object, 0, class_size[class]);
	return object;
}

void *kcalloc(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kmalloc(bytes);
}

void kfree(void *object)
{
	struct slab_page *p = (struct slab_page *)((unsigned long)object & PAGE_MASK);
	unsigned long flags;
	bool empty;

	if (!object)
		return;
	if ((void *)p == object) {
		mfn_t mfn = virt_to_mfn(object);

		frame_free(mfn, frame_of(mfn)->stamp);
		return;
	}
	flags = spin_lock_irqsave(&slab_lock);
	ASSERT(p->used);
	in_use--;
	if (!p->free)
		link_page(p);
	*(void **)object = p->free;
	p->free = object;
	empty = !--p->used;
	if (empty)
		unlink_page(p);
	spin_unlock_irqrestore(&slab_lock, flags);
	if (empty)
		page_free(p);
}
