// SPDX-License-Identifier: MIT
/*
 * boot/acpi.c over tables built in an array that plays the BIOS area and a table area: a
 * machine like QEMU's, old and new root tables, broken tables, and random damage.  Every
 * mapping is a heap copy of exactly the length asked for, so ASan sees each byte too far.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"
#include "console/log.h"

#define TABLES 0x7ffe0000UL
#define SIZE 0x4000UL

static u8 tables[SIZE], bios[0x100000];
static struct acpi_info info;
static int logged;

void log_at(enum log_level level __unused, const char *fmt __unused, ...)
{
	logged++;
}

/* Each call takes the mapping before away, as the machine's may. */
static const void *map(u64 addr, u64 len)
{
	static void *last;
	const u8 *from;

	if (addr < sizeof(bios) && len <= sizeof(bios) - addr)
		from = bios + addr;
	else if (addr >= TABLES && addr - TABLES < SIZE && len <= SIZE - (addr - TABLES))
		from = tables + (addr - TABLES);
	else
		return NULL;
	free(last);
	last = malloc(len);
	memcpy(last, from, len);
	return last;
}

static void put(u64 at, u64 v, size_t n)
{
	memcpy(tables + at, &v, n);
}

static void sum(u8 *p, size_t n, size_t at)
{
	u8 s = 0;

	p[at] = 0;
	for (size_t i = 0; i < n; i++)
		s = (u8)(s + p[i]);
	p[at] = (u8)-s;
}

static void finish_table(u64 at, const char *signature, u32 size)
{
	memcpy(tables + at, signature, 4);
	put(at + 4, size, 4);
	sum(tables + at, size, 9);
}

static void make_madt(u64 at)
{
	/* clang-format off */
	static const u8 entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,				/* CPU 0 */
		0, 8, 1, 1, 1, 0, 0, 0,				/* CPU 1 */
		0, 8, 2, 2, 0, 0, 0, 0,				/* disabled */
		0, 8, 9, 0xff, 1, 0, 0, 0,			/* no APIC id */
		9, 16, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,	/* CPU 1 again */
		9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 44, 1, 0, 0,	/* x2APIC id 256 */
		1, 12, 5, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,	/* I/O APIC */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,			/* IRQ 0 is GSI 2 */
		2, 10, 0, 9, 9, 0, 0, 0, 0xd, 0,
		4, 6, 0xff, 0, 0, 1,				/* NMI at LINT1 of all */
		10, 12, 5, 0, 44, 1, 0, 0, 0, 0, 0, 0,
		5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0,
		200, 2,
	};
	/* clang-format on */

	put(at + 36, 0xfee00000, 4);
	put(at + 40, 1, 4);
	memcpy(tables + at + 44, entries, sizeof(entries));
	finish_table(at, "APIC", 44 + sizeof(entries));
}

static void make_fadt(u64 at)
{
	put(at + 46, 9, 2);
	put(at + 48, 0xb2, 4);
	put(at + 52, 0xf1, 1);
	put(at + 56, 0x600, 4);
	put(at + 64, 0x604, 4);
	put(at + 76, 0x608, 4);
	put(at + 88, 4, 1);
	put(at + 89, 2, 1);
	put(at + 112, BIT(8) | BIT(10), 4);
	put(at + 116, 0x0801, 2);
	put(at + 120, 0xcf9, 8);
	put(at + 128, 0xf, 1);
	put(at + 208, 0x2001, 2);
	put(at + 212, 0x9008, 8);
	finish_table(at, "FACP", 244);
}

static void make_machine(bool xsdt)
{
	static const u64 list[] = {0x400, 0x800, 0xc00, 0x1000, 0x1400};
	u8 *rsdp = bios + 0xf5a10;

	memset(tables, 0, SIZE);
	memset(rsdp, 0, 36);
	memset(bios + 0x400, 0, 0x100);
	memset(bios + 0x9fc00, 0, 0x400);
	make_madt(0x400);
	make_fadt(0x800);
	put(0xc00 + 44, 0xb0000000, 8);
	put(0xc00 + 55, 0xff, 1);
	finish_table(0xc00, "MCFG", 60);
	put(0x1000 + 44, 0xfed00000, 8);
	put(0x1000 + 53, 0x80, 2);
	finish_table(0x1000, "HPET", 56);
	finish_table(0x1400, "SSDT", 36);
	for (unsigned int i = 0; i < ARRAY_SIZE(list); i++)
		put(36 + i * (xsdt ? 8 : 4), TABLES + list[i], xsdt ? 8 : 4);
	finish_table(0, xsdt ? "XSDT" : "RSDT", 36 + ARRAY_SIZE(list) * (xsdt ? 8 : 4));

	memcpy(rsdp, "RSD PTR ", 8);
	if (xsdt) {
		u64 root = TABLES;

		rsdp[15] = 2;
		rsdp[20] = 36;
		memcpy(rsdp + 24, &root, 8);
	} else {
		u32 root = TABLES;

		memcpy(rsdp + 16, &root, 4);
	}
	sum(rsdp, 20, 8);
	if (xsdt)
		sum(rsdp, 36, 32);
}

static void check_machine(void)
{
	CHECK_EQ(info.root, TABLES);
	CHECK_EQ(info.cpu_count, 4);
	CHECK(info.cpus[0].enabled && info.cpus[1].enabled && !info.cpus[2].enabled);
	CHECK_EQ(info.cpus[3].apic_id, 256);
	CHECK_EQ(info.cpus[3].acpi_id, 300);
	CHECK_EQ(info.lapic_address, 0x1fee00000);
	CHECK_EQ(info.ioapic_count, 1);
	CHECK_EQ(info.ioapics[0].address, 0xfec00000);
	CHECK_EQ(info.ioapics[0].id, 5);
	CHECK_EQ(info.override_count, 2);
	CHECK_EQ(info.overrides[0].gsi, 2);
	CHECK_EQ(info.overrides[1].flags, 0xd);
	CHECK_EQ(info.mcfg_count, 1);
	CHECK_EQ(info.mcfgs[0].base, 0xb0000000);
	CHECK_EQ(info.mcfgs[0].bus_last, 255);
	CHECK_EQ(info.hpet_address, 0xfed00000);
	CHECK(info.fadt.present && info.fadt.has_reset && info.fadt.pm_timer_32bit);
	CHECK_EQ(info.fadt.sci_irq, 9);
	CHECK_EQ(info.fadt.pm1a_control.address, 0x604);
	CHECK_EQ(info.fadt.pm1a_control.bits, 16);
	CHECK_EQ(info.fadt.pm1a_control.space, ACPI_SPACE_IO);
	CHECK_EQ(info.fadt.pm1b_control.address, 0);
	CHECK_EQ(info.fadt.pm_timer.address, 0x9008);
	CHECK_EQ(info.fadt.reset.address, 0xcf9);
	CHECK_EQ(info.fadt.reset_value, 0xf);
}

static void roots(void)
{
	u8 copy[36];

	for (int xsdt = 0; xsdt < 2; xsdt++) {
		make_machine(xsdt);
		logged = 0;
		CHECK(!acpi_parse(&info, NULL, 0, map));
		CHECK_EQ(info.rsdp, 0xf5a10);
		check_machine();
		CHECK_EQ(logged, 0);

		/* The loader's copy; none in the BIOS area, as on UEFI. */
		memcpy(copy, bios + 0xf5a10, 36);
		memset(bios, 0, sizeof(bios));
		CHECK(!acpi_parse(&info, copy, xsdt ? 36 : 20, map));
		check_machine();
		copy[3] ^= 1;
		CHECK(acpi_parse(&info, copy, 36, map));

		/* In the EBDA. */
		make_machine(xsdt);
		memcpy(bios + 0x9fc10, bios + 0xf5a10, 36);
		memset(bios + 0xf5a10, 0, 36);
		bios[0x40f] = 0x9f;
		bios[0x40e] = 0xc0;
		CHECK(!acpi_parse(&info, NULL, 0, map));
		CHECK_EQ(info.rsdp, 0x9fc10);
		check_machine();
	}
}

static void broken(void)
{
	make_machine(true);
	tables[0x400 + 60] ^= 1; /* MADT's sum */
	logged = 0;
	CHECK(!acpi_parse(&info, NULL, 0, map));
	CHECK_EQ(info.cpu_count, 0);
	CHECK_EQ(info.mcfg_count, 1);
	CHECK_EQ(logged, 1);

	make_machine(true);
	tables[0x400 + 44 + 1] = 0; /* an entry of length 0 */
	sum(tables + 0x400, *(u32 *)(tables + 0x404), 9);
	CHECK(!acpi_parse(&info, NULL, 0, map));
	CHECK_EQ(info.cpu_count, 0);

	make_machine(true);
	finish_table(0x800, "FACP", 100); /* a FADT of old has no reset register */
	CHECK(!acpi_parse(&info, NULL, 0, map));
	CHECK(info.fadt.present && !info.fadt.has_reset);
	CHECK_EQ(info.fadt.pm_timer.address, 0x608);

	make_machine(true);
	put(4, 20, 4); /* the root itself */
	CHECK(acpi_parse(&info, NULL, 0, map));
	make_machine(true);
	put(36, 0xdeadbeef000, 8); /* a table that is not there */
	sum(tables, *(u32 *)(tables + 4), 9);
	CHECK(!acpi_parse(&info, NULL, 0, map));
	CHECK_EQ(info.hpet_address, 0xfed00000);
}

/* Damage behind the sums: flip bytes, then mend the sums. */
static void damage(void)
{
	static const u64 at[] = {0, 0x400, 0x800, 0xc00, 0x1000};

	for (int round = 0; round < 6000; round++) {
		u64 t = at[rand() % 5];

		make_machine(round & 1);
		for (int n = rand() % 4; n >= 0; n--)
			tables[t + (u64)rand() % 140] = (u8)rand();
		if (*(u32 *)(tables + t + 4) < SIZE - t && *(u32 *)(tables + t + 4) > 9)
			sum(tables + t, *(u32 *)(tables + t + 4), 9);
		acpi_parse(&info, NULL, 0, map);
		CHECK(info.cpu_count <= NR_CPUS && info.ioapic_count <= ACPI_IOAPICS);
	}
}

int main(void)
{
	srand(1);
	roots();
	broken();
	damage();
	return check_done("acpi");
}
