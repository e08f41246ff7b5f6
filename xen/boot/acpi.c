// SPDX-License-Identifier: MIT
/*
 * Reader of ACPI's static tables.  Each table is checked (length, checksum) before anything
 * in it is looked at, and each field is fetched through get(), which gives 0 beyond the
 * table's end: older revisions are simply shorter.
 */
#include "boot/acpi.h"
#define LOG_ROOM "acpi"
#include "console/log.h"
#include "lib/init.h"
#include "lib/string.h"

#define HEADER_SIZE 36U
#define TABLE_SIZE_MAX (1U << 20)
#define TABLES_MAX 256U
#define EBDA_POINTER 0x40eU
#define BIOS_AREA 0xe0000U
#define BIOS_AREA_SIZE 0x20000U

#define CPU_ENABLED 0x1
#define FADT_TIMER_32BIT BIT(8)
#define FADT_HAS_RESET BIT(10)
#define FADT_HW_REDUCED BIT(20)

struct acpi_info acpi_info;

struct table {
	const u8 *data;
	u32 size;
};

/* Little-endian field of @n bytes at @offset; 0 when the table does not reach so far. */
static u64 __init get(const struct table *t, u32 offset, u32 n)
{
	u64 v = 0;

	if (offset + n <= t->size)
		memcpy(&v, t->data + offset, n);
	return v;
}

static bool __init sums_to_zero(const u8 *p, u32 n)
{
	u8 sum = 0;

	while (n--)
		sum = (u8)(sum + *p++);
	return sum == 0;
}

static bool __init rsdp_valid(const u8 *p, unsigned int size)
{
	return size >= 20 && !memcmp(p, "RSD PTR ", 8) && sums_to_zero(p, 20);
}

/* The root pointer lies on 16 bytes.  Address, or 0. */
static u64 __init search(u64 start, u64 len, acpi_map_fn *map)
{
	for (u64 at = ALIGN_UP(start, 16); at + 20 <= start + len; at += 16) {
		const u8 *p = map(at, 20);

		if (p && rsdp_valid(p, 20))
			return at;
	}
	return 0;
}

static u64 __init find_rsdp(acpi_map_fn *map)
{
	const u8 *p = map(EBDA_POINTER, 2);
	u64 ebda = p ? ((u64)p[0] | (u64)p[1] << 8) << 4 : 0, at = 0;

	if (ebda >= 0x400 && ebda < 0xa0000)
		at = search(ebda, 1024, map);
	return at ? at : search(BIOS_AREA, BIOS_AREA_SIZE, map);
}

/* Maps the whole of the table at @addr.  False, with a line in the log, when it is broken. */
static bool __init open_table(struct table *t, u64 addr, acpi_map_fn *map)
{
	const u8 *header = addr ? map(addr, HEADER_SIZE) : NULL;
	char signature[5] = "?";

	t->size = 0;
	if (!header)
		goto broken;
	for (int i = 0; i < 4; i++)
		signature[i] = header[i] >= ' ' && header[i] < 0x7f ? (char)header[i] : '?';
	memcpy(&t->size, header + 4, 4);
	if (t->size < HEADER_SIZE || t->size > TABLE_SIZE_MAX)
		goto broken;
	t->data = map(addr, t->size);
	if (!t->data || !sums_to_zero(t->data, t->size))
		goto broken;
	return true;
broken:
	log_warn("table %s at %#lx is broken (size %u) and left out", signature,
		 (unsigned long)addr, t->size);
	return false;
}

static void __init add_cpu(struct acpi_info *info, u32 apic_id, u32 acpi_id, u32 flags)
{
	/* Small APIC ids appear as both kinds of entry on some machines. */
	for (unsigned int i = 0; i < info->cpu_count; i++) {
		if (info->cpus[i].apic_id == apic_id) {
			info->cpus[i].enabled |= flags & CPU_ENABLED;
			return;
		}
	}
	if (info->cpu_count == NR_CPUS) {
		log_warn("processors beyond the first %u are left out", NR_CPUS);
		return;
	}
	info->cpus[info->cpu_count++] = (struct acpi_cpu){apic_id, acpi_id, flags & CPU_ENABLED};
}

/* @e is one entry of the MADT, cut out as a table of its own. */
static void __init madt_entry(struct acpi_info *info, const struct table *e)
{
	switch (e->data[0]) {
	case 0: /* local APIC; 255 stands for none */
		if (get(e, 3, 1) != 0xff)
			add_cpu(info, (u32)get(e, 3, 1), (u32)get(e, 2, 1), (u32)get(e, 4, 4));
		break;
	case 9: /* local x2APIC */
		if (e->size >= 16 && get(e, 4, 4) != 0xffffffff)
			add_cpu(info, (u32)get(e, 4, 4), (u32)get(e, 12, 4), (u32)get(e, 8, 4));
		break;
	case 1:
		if (e->size >= 12 && get(e, 4, 4) && info->ioapic_count < ACPI_IOAPICS)
			info->ioapics[info->ioapic_count++] = (struct acpi_ioapic){
				get(e, 4, 4), (u32)get(e, 8, 4), (u8)get(e, 2, 1)};
		break;
	case 2: /* bus 0 is ISA, the only one there is */
		if (e->size >= 10 && get(e, 2, 1) == 0 && get(e, 3, 1) < 16 &&
		    info->override_count < ACPI_OVERRIDES)
			info->overrides[info->override_count++] = (struct acpi_override){
				(u32)get(e, 4, 4), (u16)get(e, 8, 2), (u8)get(e, 3, 1)};
		break;
	case 5:
		if (e->size >= 12)
			info->lapic_address = get(e, 4, 8);
		break;
	}
}

static void __init parse_madt(struct acpi_info *info, const struct table *t)
{
	u32 at = 44;

	info->lapic_address = get(t, 36, 4);
	while (at + 2 <= t->size) {
		struct table entry = {t->data + at, t->data[at + 1]};

		if (entry.size < 2 || entry.size > t->size - at) {
			log_warn("MADT ends in the middle of an entry");
			break;
		}
		madt_entry(info, &entry);
		at += entry.size;
	}
}

static void __init parse_mcfg(struct acpi_info *info, const struct table *t)
{
	for (u32 at = 44; at + 16 <= t->size && info->mcfg_count < ACPI_MCFGS; at += 16) {
		struct acpi_mcfg m = {get(t, at, 8), (u16)get(t, at + 8, 2), (u8)get(t, at + 10, 1),
				      (u8)get(t, at + 11, 1)};

		if (m.base && m.bus_first <= m.bus_last)
			info->mcfgs[info->mcfg_count++] = m;
	}
}

static void __init parse_hpet(struct acpi_info *info, const struct table *t)
{
	/* The first block is enough for a clock; its registers are in memory. */
	if (info->hpet_address || get(t, 40, 1) != ACPI_SPACE_MEMORY)
		return;
	info->hpet_address = get(t, 44, 8);
}

/* The extended form where it is filled in, else the old one, which is always a port. */
static struct acpi_reg __init fadt_reg(const struct table *t, u32 extended, u32 old, u8 bits)
{
	struct acpi_reg reg = {get(t, extended + 4, 8), (u8)get(t, extended, 1),
			       (u8)get(t, extended + 1, 1)};

	if (!reg.address)
		reg = (struct acpi_reg){old ? get(t, old, 4) : 0, ACPI_SPACE_IO, bits};
	return reg;
}

static void __init parse_fadt(struct acpi_info *info, const struct table *t)
{
	struct acpi_fadt *f = &info->fadt;
	u32 flags = (u32)get(t, 112, 4);

	f->present = true;
	f->hw_reduced = flags & FADT_HW_REDUCED;
	f->sci_irq = (u16)get(t, 46, 2);
	f->reset = fadt_reg(t, 116, 0, 8);
	f->reset_value = (u8)get(t, 128, 1);
	f->has_reset = (flags & FADT_HAS_RESET) && f->reset.address;
	if (f->hw_reduced)
		return;
	f->pm_timer_32bit = flags & FADT_TIMER_32BIT;
	f->pm_timer = fadt_reg(t, 208, 76, 32);
	f->pm1a_control = fadt_reg(t, 172, 64, (u8)(get(t, 89, 1) * 8));
	f->pm1b_control = fadt_reg(t, 184, 68, (u8)(get(t, 89, 1) * 8));
}

static const struct {
	char signature[5];
	void (*parse)(struct acpi_info *info, const struct table *t);
} parsers[] __initconst = {
	{"APIC", parse_madt},
	{"MCFG", parse_mcfg},
	{"HPET", parse_hpet},
	{"FACP", parse_fadt},
};

/* Only what we read is mapped whole and summed. */
static void __init parse_table(struct acpi_info *info, u64 addr, acpi_map_fn *map)
{
	const u8 *header = map(addr, HEADER_SIZE);
	struct table t;

	for (size_t i = 0; header && i < ARRAY_SIZE(parsers); i++) {
		if (memcmp(header, parsers[i].signature, 4))
			continue;
		if (open_table(&t, addr, map))
			parsers[i].parse(info, &t);
		return;
	}
}

/* The root's entries are fetched anew each time: mapping a table may drop the root's. */
static const char *__init parse_root(struct acpi_info *info, u32 entry_size, acpi_map_fn *map)
{
	struct table root;
	u32 count;

	if (!open_table(&root, info->root, map))
		return "ACPI's root table is broken";
	count = min((root.size - HEADER_SIZE) / entry_size, TABLES_MAX);
	for (u32 i = 0; i < count; i++) {
		const u8 *entry = map(info->root + HEADER_SIZE + i * entry_size, entry_size);
		u64 addr = 0;

		if (entry)
			memcpy(&addr, entry, entry_size);
		if (addr)
			parse_table(info, addr, map);
	}
	return NULL;
}

const char *__init acpi_parse(struct acpi_info *info, const u8 *copy, unsigned int copy_size,
			      acpi_map_fn *map)
{
	u8 rsdp[36] = {0};
	u32 entry_size = 4;

	memset(info, 0, sizeof(*info));
	if (copy_size >= 20 && rsdp_valid(copy, copy_size)) {
		memcpy(rsdp, copy, min(copy_size, (unsigned int)sizeof(rsdp)));
	} else {
		const u8 *p;

		info->rsdp = find_rsdp(map);
		if (!info->rsdp)
			return "no ACPI root pointer";
		p = map(info->rsdp, sizeof(rsdp));
		if (!p)
			return "ACPI's root pointer is out of reach";
		memcpy(rsdp, p, sizeof(rsdp));
		copy_size = sizeof(rsdp);
	}
	/* Revision 2 has a 64-bit root and a second sum; without either the old root serves. */
	if (rsdp[15] >= 2 && copy_size >= 36 && sums_to_zero(rsdp, 36))
		memcpy(&info->root, rsdp + 24, 8);
	if (info->root)
		entry_size = 8;
	else
		memcpy(&info->root, rsdp + 16, 4);
	return parse_root(info, entry_size, map);
}
