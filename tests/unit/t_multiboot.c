// SPDX-License-Identifier: MIT
/*
 * boot/multiboot.c over hand-made boot information in a small array that plays physical
 * memory: both protocols (rows A1 to A3), then every cut and every flipped byte of both, of
 * which none may read outside (ASan watches the array's ends).
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "boot/multiboot.h"

#define MEM_BASE 0x10000UL
#define MEM_SIZE 4096UL

static u8 *mem; /* MEM_SIZE bytes of heap: its borders are watched */
static struct boot_info info;

static const void *phys(u64 addr, u64 len)
{
	if (addr < MEM_BASE || addr - MEM_BASE > MEM_SIZE || len > MEM_SIZE - (addr - MEM_BASE))
		return NULL;
	return mem + (addr - MEM_BASE);
}

static void put32(u64 at, u32 v)
{
	memcpy(mem + at, &v, 4);
}

static void put64(u64 at, u64 v)
{
	memcpy(mem + at, &v, 8);
}

static void make_mb1(void)
{
	static const struct {
		u64 addr, len;
		u32 type;
	} e820[] = {
		{0, 0x9fc00, 1},
		{0x9fc00, 0x400, 2},
		{0x100000, 0x7fee0000, 1},
	};

	memset(mem, 0, MEM_SIZE);
	put32(0, BIT(2) | BIT(3) | BIT(6) | BIT(9));
	put32(16, MEM_BASE + 0x200);
	strcpy((char *)mem + 0x200, "dais dom0_mem=1G  noreboot");
	put32(20, 2);
	put32(24, MEM_BASE + 0x300);
	put32(0x300, 0x200000);
	put32(0x304, 0x300123);
	put32(0x308, MEM_BASE + 0x400);
	put32(0x310, 0x400000);
	put32(0x314, 0x400000);
	put32(0x318, MEM_BASE + 0x500);
	strcpy((char *)mem + 0x400, "probe.elf testcmd a=b  c");
	strcpy((char *)mem + 0x500, "initrd");
	put32(44, sizeof(e820) / sizeof(e820[0]) * 24);
	put32(48, MEM_BASE + 0x600);
	for (unsigned int i = 0; i < 3; i++) {
		put32(0x600 + i * 24, 20);
		put64(0x604 + i * 24, e820[i].addr);
		put64(0x60c + i * 24, e820[i].len);
		put32(0x614 + i * 24, e820[i].type);
	}
	put32(64, MEM_BASE + 0x700);
	strcpy((char *)mem + 0x700, "qemu");
}

static void check_common(void)
{
	CHECK(!strcmp(info.cmdline, "dom0_mem=1G  noreboot"));
	CHECK_EQ(info.module_count, 2);
	CHECK_EQ(info.modules[0].start, 0x200000);
	CHECK_EQ(info.modules[0].end, 0x300123);
	CHECK(!strcmp(info.modules[0].cmdline, "testcmd a=b  c"));
	CHECK(!strcmp(info.modules[1].cmdline, ""));
	CHECK_EQ(info.memory.count, 3);
	CHECK_EQ(info.memory.ranges[2].start, 0x100000);
	CHECK_EQ(info.memory.ranges[2].end, 0x7ffe0000);
	CHECK_EQ(info.memory.ranges[1].type, MEM_RESERVED);
}

static void multiboot1(void)
{
	make_mb1();
	CHECK(!multiboot_parse(&info, MULTIBOOT1_MAGIC, MEM_BASE, phys));
	check_common();
	CHECK(!strcmp(info.loader, "qemu"));
	CHECK_EQ(info.screen.kind, SCREEN_TEXT);
	CHECK_EQ(info.rsdp_size, 0);

	put32(0, BIT(2));
	CHECK(multiboot_parse(&info, MULTIBOOT1_MAGIC, MEM_BASE, phys)); /* no map */
	make_mb1();
	put32(0x304, 0x100);
	CHECK(multiboot_parse(&info, MULTIBOOT1_MAGIC, MEM_BASE, phys)); /* ends before start */
	make_mb1();
	put32(0x600, 8);
	CHECK(multiboot_parse(&info, MULTIBOOT1_MAGIC, MEM_BASE, phys));
	CHECK(multiboot_parse(&info, 0x1234, MEM_BASE, phys));

	/* The last byte of memory is no NUL: the string ends there all the same. */
	make_mb1();
	put32(16, MEM_BASE + MEM_SIZE - 8);
	memcpy(mem + MEM_SIZE - 8, "xen abcd", 8);
	CHECK(!multiboot_parse(&info, MULTIBOOT1_MAGIC, MEM_BASE, phys));
	CHECK(!strcmp(info.cmdline, "abcd"));
}

static u64 mb2_end_at;

static u64 tag(u32 type, u32 size)
{
	u64 at = mb2_end_at;

	put32(at, type);
	put32(at + 4, size);
	mb2_end_at = ALIGN_UP(at + size, 8UL);
	return at + 8;
}

static void string_tag(u32 type, const char *s)
{
	strcpy((char *)mem + tag(type, 9 + (u32)strlen(s)), s);
}

static void module_tag(u32 start, u32 end, const char *s)
{
	u64 at = tag(3, 17 + (u32)strlen(s));

	put32(at, start);
	put32(at + 4, end);
	strcpy((char *)mem + at + 8, s);
}

static void make_mb2(void)
{
	u64 at;

	memset(mem, 0, MEM_SIZE);
	mb2_end_at = 8;
	string_tag(1, "placeholder dom0_mem=1G  noreboot");
	string_tag(2, "GRUB 2.06");
	module_tag(0x200000, 0x300123, "placeholder testcmd a=b  c");
	module_tag(0x400000, 0x400000, "");
	at = tag(6, 16 + 3 * 24);
	put32(at, 24);
	put64(at + 8, 0);
	put64(at + 16, 0x9fc00);
	put32(at + 24, 1);
	put64(at + 32, 0x9fc00);
	put64(at + 40, 0x400);
	put32(at + 48, 2);
	put64(at + 56, 0x100000);
	put64(at + 64, 0x7fee0000);
	put32(at + 72, 1);
	at = tag(8, 38);
	put64(at, 0x1c0000000);
	put32(at + 8, 4096);
	put32(at + 12, 1024);
	put32(at + 16, 768);
	mem[at + 20] = 32;
	mem[at + 21] = 1;
	memcpy(mem + at + 24, "\x10\x08\x08\x08\x00\x08", 6);
	at = tag(12, 16);
	put64(at, 0x7f000018);
	memcpy(mem + tag(15, 44), "RSD PTR new-one", 15);
	memcpy(mem + tag(14, 28), "RSD PTR old-one", 15);
	at = tag(17, 16 + 2 * 48);
	put32(at, 48);
	put32(at + 4, 1);
	put32(at + 8, 7);
	put64(at + 16, 0x200000);
	put64(at + 32, 0x100);
	put32(at + 56, 10);
	put64(at + 64, 0x300000);
	put64(at + 80, ~0ULL);
	tag(99, 12);
	tag(0, 8);
	put32(0, (u32)mb2_end_at);
}

static void multiboot2(void)
{
	const struct dom0_vga_console_info *vga = &info.screen.vga;

	make_mb2();
	CHECK(!multiboot_parse(&info, MULTIBOOT2_MAGIC, MEM_BASE, phys));
	check_common();
	CHECK(!strcmp(info.loader, "GRUB 2.06"));
	CHECK_EQ(info.efi_system_table, 0x7f000018);
	CHECK_EQ(info.efi_desc_size, 48);
	CHECK_EQ(info.efi_memmap_size, 96);
	CHECK_EQ(info.rsdp_size, 36);
	CHECK(!memcmp(info.rsdp, "RSD PTR new-one", 15));
	CHECK_EQ(info.screen.kind, SCREEN_RGB);
	CHECK_EQ(vga->video_type, XEN_VGATYPE_EFI_LFB);
	CHECK_EQ(vga->u.vesa_lfb.width, 1024);
	CHECK_EQ(vga->u.vesa_lfb.lfb_size, 4096 * 768 / 65536);
	CHECK_EQ(vga->u.vesa_lfb.lfb_base, 0xc0000000);
	CHECK_EQ(vga->u.vesa_lfb.ext_lfb_base, 1);
	CHECK_EQ(vga->u.vesa_lfb.red_pos, 16);
	CHECK_EQ(vga->u.vesa_lfb.green_pos, 8);
	CHECK_EQ(vga->u.vesa_lfb.blue_size, 8);

	/* Without an E820 map the EFI one serves; a count of pages that wraps is cut. */
	for (u64 at = 8; at < mb2_end_at; at += ALIGN_UP(*(u32 *)(mem + at + 4), 8))
		if (*(u32 *)(mem + at) == 6)
			put32(at, 77);
	CHECK(!multiboot_parse(&info, MULTIBOOT2_MAGIC, MEM_BASE, phys));
	CHECK_EQ(info.memory.count, 2);
	CHECK_EQ(info.memory.ranges[0].end, 0x300000);
	CHECK_EQ(info.memory.ranges[1].type, MEM_NVS);
	CHECK(info.memory.ranges[1].end > 0x300000);

	/* A BIOS machine whose loader says nothing of a screen is in text mode. */
	memset(mem, 0, MEM_SIZE);
	mb2_end_at = 8;
	put32(tag(6, 40), 24);
	tag(0, 8);
	put32(0, (u32)mb2_end_at);
	multiboot_parse(&info, MULTIBOOT2_MAGIC, MEM_BASE, phys);
	CHECK_EQ(info.screen.kind, SCREEN_TEXT);
	CHECK_EQ(vga->video_type, XEN_VGATYPE_TEXT_MODE_3);
	CHECK_EQ(vga->u.text_mode_3.rows, 25);
}

/* More modules and longer strings than we keep. */
static void limits(void)
{
	char text[3000];

	memset(mem, 0, MEM_SIZE);
	mb2_end_at = 8;
	memset(text, 'x', sizeof(text) - 1);
	text[0] = ' ';
	text[3] = ' ';
	text[sizeof(text) - 1] = '\0';
	string_tag(1, text);
	for (u32 i = 0; i < BOOT_MODULES + 3; i++)
		module_tag(i << 12, (i + 1) << 12, "a b");
	tag(0, 8);
	put32(0, (u32)mb2_end_at);
	multiboot_parse(&info, MULTIBOOT2_MAGIC, MEM_BASE, phys);
	CHECK_EQ(info.module_count, BOOT_MODULES);
	CHECK(!strcmp(info.modules[BOOT_MODULES - 1].cmdline, "b"));
	CHECK_EQ(strlen(info.cmdline), sizeof(info.cmdline) - 1 - 4);
}

static void damage(void (*make)(void), u32 magic)
{
	for (u64 at = 0; at < 0x800; at++) {
		for (int round = 0; round < 8; round++) {
			make();
			mem[at] = round ? (u8)rand() : 0xff;
			multiboot_parse(&info, magic, MEM_BASE, phys);
			CHECK(info.module_count <= BOOT_MODULES);
		}
	}
	for (u64 at = MEM_SIZE - 256; at <= MEM_SIZE; at++)
		multiboot_parse(&info, magic, MEM_BASE + at, phys);
}

int main(void)
{
	srand(1);
	mem = malloc(MEM_SIZE);
	multiboot1();
	multiboot2();
	limits();
	damage(make_mb1, MULTIBOOT1_MAGIC);
	damage(make_mb2, MULTIBOOT2_MAGIC);
	free(mem);
	return check_done("multiboot");
}
