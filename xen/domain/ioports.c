// SPDX-License-Identifier: MIT
/*
 * Port rights as a bitmap, allocated when a domain gets its first port: nearly
 * all domains have none.
 */
#include "domain/ioports.h"

#include "console/serial.h"
#include "domain/domain.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "mm/slab.h"

#define PORTS 65536u
#define MAP_BYTES (PORTS / 8)

/* Ports that are ours: interrupt controllers, their edge registers, timer. */
static struct port_range {
	u16 first;
	u16 count;
} hidden[16] __ro_after_init = {
	{0x20, 2},
	{0x40, 4},
	{0xa0, 2},
	{0x4d0, 2},
};
static unsigned int hidden_count __ro_after_init = 4;

void __init ioports_hide(u16 first, unsigned int count)
{
	if (hidden_count < ARRAY_SIZE(hidden))
		hidden[hidden_count++] = (struct port_range){first, (u16)count};
}

static bool is_hidden(unsigned int first, unsigned int count)
{
	for (unsigned int i = 0; i < hidden_count; i++)
		if (first < (unsigned int)hidden[i].first + hidden[i].count &&
		    hidden[i].first < first + count)
			return true;
	return false;
}

int ioports_domain_init(struct domain *d)
{
	d->ioports = kmalloc(sizeof(*d->ioports));
	if (!d->ioports)
		return -ENOMEM;
	if (!d->is_privileged)
		return 0;
	for (unsigned int i = 0; i < SERIAL_PORTS; i++)
		if (serial_io_base(i) >= 0 && !is_hidden((unsigned int)serial_io_base(i), 8))
			ioports_hide((u16)serial_io_base(i), 8);
	d->ioports->allowed = kmalloc(MAP_BYTES);
	if (!d->ioports->allowed) {
		ioports_domain_free(d);
		return -ENOMEM;
	}
	bitmap_fill(d->ioports->allowed, PORTS);
	for (unsigned int i = 0; i < hidden_count; i++)
		bitmap_clear_range(d->ioports->allowed, hidden[i].first, hidden[i].count);
	return 0;
}

void ioports_domain_free(struct domain *d)
{
	if (!d->ioports)
		return;
	kfree(d->ioports->allowed);
	kfree(d->ioports);
	d->ioports = NULL;
}

bool ioport_permitted(const struct domain *d, unsigned int port, unsigned int bytes)
{
	const u64 *map = d->ioports ? READ_ONCE(d->ioports->allowed) : NULL;

	if (!map || port + bytes > PORTS)
		return false;
	for (unsigned int i = 0; i < bytes; i++)
		if (!bit_test(map, port + i))
			return false;
	return true;
}

static bool range_ok(const struct domain *d, unsigned int first, unsigned int count)
{
	return d->ioports && count && first < PORTS && count <= PORTS - first;
}

int ioports_permit(struct domain *d, unsigned int first, unsigned int count)
{
	u64 *map;

	if (!range_ok(d, first, count))
		return -EINVAL;
	if (is_hidden(first, count))
		return -EPERM;
	map = d->ioports->allowed ? d->ioports->allowed : kmalloc(MAP_BYTES);
	if (!map)
		return -ENOMEM;
	bitmap_set_range(map, first, count);
	__atomic_store_n(&d->ioports->allowed, map, __ATOMIC_RELEASE);
	return 0;
}

int ioports_deny(struct domain *d, unsigned int first, unsigned int count)
{
	if (!range_ok(d, first, count))
		return -EINVAL;
	if (d->ioports->allowed)
		bitmap_clear_range(d->ioports->allowed, first, count);
	return 0;
}
