// SPDX-License-Identifier: MIT
/*
 * Both multiboot protocols into struct boot_info.  Pure logic: all memory is reached through
 * the caller's accessor, piece by piece and never beyond a length that was checked; loaders
 * are trusted to mean well, not to be right.
 */
#include "boot/multiboot.h"
#include "lib/init.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "lib/unaligned.h"

/* Fields of the multiboot 1 information block, by offset. */
enum {
	MB1_FLAGS = 0,
	MB1_CMDLINE = 16,
	MB1_MODS_COUNT = 20,
	MB1_MODS_ADDR = 24,
	MB1_MMAP_LENGTH = 44,
	MB1_MMAP_ADDR = 48,
	MB1_LOADER = 64,
	MB1_FB = 88,
	MB1_SIZE = 116,
};
#define MB1_HAS_CMDLINE BIT(2)
#define MB1_HAS_MODS BIT(3)
#define MB1_HAS_MMAP BIT(6)
#define MB1_HAS_LOADER BIT(9)
#define MB1_HAS_FB BIT(12)

/* Tags of multiboot 2; each starts with its type and size, and on 8 bytes. */
enum {
	MB2_END = 0,
	MB2_CMDLINE = 1,
	MB2_LOADER = 2,
	MB2_MODULE = 3,
	MB2_MMAP = 6,
	MB2_FB = 8,
	MB2_EFI32 = 11,
	MB2_EFI64 = 12,
	MB2_ACPI_OLD = 14,
	MB2_ACPI_NEW = 15,
	MB2_EFI_MMAP = 17,
};
#define MB2_SIZE_MAX (1U << 20)
#define FB_TYPE_RGB 1
#define FB_TYPE_TEXT 2

/* @src need not end within @max bytes. */
static void __init copy_string(char *dst, size_t size, const char *src, size_t max)
{
	size_t n = min(strnlen(src, max), size - 1);

	memcpy(dst, src, n);
	dst[n] = '\0';
}

/*
 * The first word is the file's name, or the "placeholder" that GRUB's scripts put in its
 * place (rows A2, A3).  Blanks behind it go as well; inside the rest they stay.
 */
static void __init strip_first_word(char *s)
{
	const char *p = s;

	p += parse_word(&p);
	while (*p == ' ' || *p == '\t')
		p++;
	memmove(s, p, strlen(p) + 1);
}

static void __init copy_cmdline(char *dst, size_t size, const char *src, size_t max)
{
	copy_string(dst, size, src, max);
	strip_first_word(dst);
}

/* A string of unknown length somewhere in memory, looked at byte by byte. */
static void __init fetch_string(char *dst, size_t size, u64 addr, phys_fn *phys)
{
	size_t n = 0;
	const char *c;

	while (addr && n < size - 1 && (c = phys(addr + n, 1)) && *c)
		dst[n++] = *c;
	dst[n] = '\0';
}

static const char *__init add_module(struct boot_info *info, u64 start, u64 end)
{
	if (end < start)
		return "a boot module ends before it begins";
	if (info->module_count < BOOT_MODULES) {
		info->modules[info->module_count].start = start;
		info->modules[info->module_count].end = end;
		info->module_count++;
	}
	return NULL;
}

static void __init text_screen(struct boot_screen *s)
{
	s->kind = SCREEN_TEXT;
	s->vga.video_type = XEN_VGATYPE_TEXT_MODE_3;
	s->vga.u.text_mode_3.font_height = 16;
	s->vga.u.text_mode_3.rows = 25;
	s->vga.u.text_mode_3.columns = 80;
}

/* Both protocols lay the first 22 bytes out alike; @rgb: where the colours are, or NULL. */
static void __init parse_screen(struct boot_screen *s, const u8 *p, const u8 *rgb)
{
	u64 base = load64(p), bytes = (u64)load32(p + 8) * load32(p + 16);
	u32 width = load32(p + 12), height = load32(p + 16);

	memset(s, 0, sizeof(*s));
	if (p[21] == FB_TYPE_TEXT && base == 0xb8000 && width == 80 && height == 25)
		text_screen(s);
	if (p[21] != FB_TYPE_RGB || !rgb)
		return;
	s->kind = SCREEN_RGB;
	s->vga.video_type = XEN_VGATYPE_VESA_LFB;
	s->vga.u.vesa_lfb.width = (u16)width;
	s->vga.u.vesa_lfb.height = (u16)height;
	s->vga.u.vesa_lfb.bytes_per_line = (u16)load32(p + 8);
	s->vga.u.vesa_lfb.bits_per_pixel = p[20];
	s->vga.u.vesa_lfb.lfb_base = (u32)base;
	s->vga.u.vesa_lfb.ext_lfb_base = (u32)(base >> 32);
	s->vga.u.vesa_lfb.lfb_size = (u32)DIV_ROUND_UP(bytes, 65536);
	s->vga.u.vesa_lfb.red_pos = rgb[0];
	s->vga.u.vesa_lfb.red_size = rgb[1];
	s->vga.u.vesa_lfb.green_pos = rgb[2];
	s->vga.u.vesa_lfb.green_size = rgb[3];
	s->vga.u.vesa_lfb.blue_pos = rgb[4];
	s->vga.u.vesa_lfb.blue_size = rgb[5];
}

static const char *__init mb1_modules(struct boot_info *info, const u8 *mbi, phys_fn *phys)
{
	u32 count = load32(mbi + MB1_MODS_COUNT);

	for (u32 i = 0; i < min(count, BOOT_MODULES); i++) {
		const u8 *m = phys(load32(mbi + MB1_MODS_ADDR) + i * 16ULL, 16);
		struct boot_module *module = &info->modules[i];
		const char *why;

		if (!m)
			return "the list of boot modules is out of reach";
		why = add_module(info, load32(m), load32(m + 4));
		if (why)
			return why;
		fetch_string(module->cmdline, sizeof(module->cmdline), load32(m + 8), phys);
		strip_first_word(module->cmdline);
	}
	return NULL;
}

static const char *__init mb1_memory(struct boot_info *info, const u8 *mbi, phys_fn *phys)
{
	u64 at = load32(mbi + MB1_MMAP_ADDR), end = at + load32(mbi + MB1_MMAP_LENGTH);

	/* An entry's size leaves out the word that holds it. */
	while (at + 24 <= end && !info->memory.overflow) {
		const u8 *e = phys(at, 24);
		u32 size;

		if (!e)
			return "the memory map is out of reach";
		size = load32(e);
		if (size < 20)
			return "the memory map has an entry that is too short";
		memmap_add(&info->memory, load64(e + 4), load64(e + 12), load32(e + 20));
		at += size + 4ULL;
	}
	return NULL;
}

static const char *__init parse_mb1(struct boot_info *info, u64 addr, phys_fn *phys)
{
	const u8 *mbi = phys(addr, MB1_SIZE);
	const char *why = NULL;
	u32 flags;

	if (!mbi)
		return "the boot information is out of reach";
	flags = load32(mbi + MB1_FLAGS);
	if (flags & MB1_HAS_CMDLINE) {
		fetch_string(info->cmdline, sizeof(info->cmdline), load32(mbi + MB1_CMDLINE), phys);
		strip_first_word(info->cmdline);
	}
	if (flags & MB1_HAS_LOADER)
		fetch_string(info->loader, sizeof(info->loader), load32(mbi + MB1_LOADER), phys);
	/* Only a BIOS machine is booted so, and unless told otherwise it is in text mode. */
	text_screen(&info->screen);
	if (flags & MB1_HAS_FB)
		parse_screen(&info->screen, mbi + MB1_FB, mbi + MB1_FB + 22);
	if (flags & MB1_HAS_MODS)
		why = mb1_modules(info, mbi, phys);
	if (!why && (flags & MB1_HAS_MMAP))
		why = mb1_memory(info, mbi, phys);
	return why;
}

/* Memory that only the boot services used is free once they are gone. */
static u32 __init efi_to_e820(u32 type)
{
	switch (type) {
	case 1:
	case 2: /* loader code and data */
	case 3:
	case 4: /* boot services code and data */
	case 7: /* conventional */
		return MEM_RAM;
	case 8:
		return MEM_UNUSABLE;
	case 9:
		return MEM_ACPI;
	case 10:
		return MEM_NVS;
	default:
		return MEM_RESERVED;
	}
}

/* Only where the loader gives no E820 map: GRUB makes that one from this. */
static void __init memory_from_efi(struct boot_info *info, phys_fn *phys)
{
	u32 step = info->efi_desc_size;

	if (!info->efi_memmap || step < 40)
		return;
	for (u64 at = 0; at + step <= info->efi_memmap_size; at += step) {
		const u8 *d = phys(info->efi_memmap + at, 40);
		u64 pages;

		if (!d)
			return;
		pages = min(load64(d + 24), ~0ULL >> PAGE_SHIFT);
		memmap_add(&info->memory, load64(d + 8), pages << PAGE_SHIFT,
			   efi_to_e820(load32(d)));
	}
}

static const char *__init mb2_memory(struct boot_info *info, const u8 *tag, u32 size)
{
	u32 step;

	if (size < 16)
		return "the memory map is cut short";
	step = load32(tag + 8);
	if (step < 20)
		return "the memory map has entries that are too short";
	for (u64 at = 16; at + step <= size; at += step)
		memmap_add(&info->memory, load64(tag + at), load64(tag + at + 8),
			   load32(tag + at + 16));
	return NULL;
}

static const char *__init mb2_module(struct boot_info *info, const u8 *tag, u32 size)
{
	unsigned int i = info->module_count;
	const char *why;

	if (size < 16)
		return "a boot module's description is cut short";
	why = add_module(info, load32(tag + 8), load32(tag + 12));
	if (!why && i < info->module_count)
		copy_cmdline(info->modules[i].cmdline, BOOT_CMDLINE_SIZE, (const char *)tag + 16,
			     size - 16);
	return why;
}

/* @tag of @size bytes, 8 at least, starting at physical @addr. */
static const char *__init mb2_tag(struct boot_info *info, const u8 *tag, u32 size, u64 addr)
{
	switch (load32(tag)) {
	case MB2_CMDLINE:
		copy_cmdline(info->cmdline, sizeof(info->cmdline), (const char *)tag + 8, size - 8);
		break;
	case MB2_LOADER:
		copy_string(info->loader, sizeof(info->loader), (const char *)tag + 8, size - 8);
		break;
	case MB2_MODULE:
		return mb2_module(info, tag, size);
	case MB2_MMAP:
		return mb2_memory(info, tag, size);
	case MB2_FB:
		/* Colours start two bytes later than in multiboot 1. */
		if (size >= 30)
			parse_screen(&info->screen, tag + 8, size >= 38 ? tag + 32 : NULL);
		break;
	case MB2_EFI32:
		if (size >= 12 && !info->efi_system_table)
			info->efi_system_table = load32(tag + 8);
		break;
	case MB2_EFI64:
		if (size >= 16)
			info->efi_system_table = load64(tag + 8);
		break;
	case MB2_ACPI_OLD:
	case MB2_ACPI_NEW:
		/* The new one, with the 64-bit table, is better in whichever order they come. */
		if (size - 8 >= 20 && size - 8 >= info->rsdp_size) {
			info->rsdp_size = size - 8 >= RSDP_SIZE ? RSDP_SIZE : 20;
			memcpy(info->rsdp, tag + 8, info->rsdp_size);
		}
		break;
	case MB2_EFI_MMAP:
		if (size >= 16) {
			info->efi_desc_size = load32(tag + 8);
			info->efi_memmap = addr + 16;
			info->efi_memmap_size = size - 16;
		}
		break;
	}
	return NULL;
}

static const char *__init parse_mb2(struct boot_info *info, u64 addr, phys_fn *phys)
{
	const u8 *mbi = phys(addr, 8);
	bool has_screen = false;
	u32 total, type, size;
	const char *why;

	if (!mbi)
		return "the boot information is out of reach";
	total = load32(mbi);
	if (total > MB2_SIZE_MAX)
		return "the boot information is too large to be true";
	mbi = phys(addr, total);
	if (!mbi)
		return "the boot information is out of reach";

	for (u64 at = 8; at + 8 <= total; at += ALIGN_UP((u64)size, 8)) {
		type = load32(mbi + at);
		size = load32(mbi + at + 4);
		if (size < 8 || size > total - at)
			return "the boot information is cut short";
		if (type == MB2_END)
			break;
		has_screen |= type == MB2_FB;
		why = mb2_tag(info, mbi + at, size, addr + at);
		if (why)
			return why;
	}
	if (!has_screen && !info->efi_system_table)
		text_screen(&info->screen);
	if (info->screen.kind == SCREEN_RGB && info->efi_system_table)
		info->screen.vga.video_type = XEN_VGATYPE_EFI_LFB;
	if (!info->memory.count)
		memory_from_efi(info, phys);
	return NULL;
}

const char *__init multiboot_parse(struct boot_info *info, u32 magic, u64 addr, phys_fn *phys)
{
	const char *why;

	memset(info, 0, sizeof(*info));
	if (magic == MULTIBOOT1_MAGIC)
		why = parse_mb1(info, addr, phys);
	else if (magic == MULTIBOOT2_MAGIC)
		why = parse_mb2(info, addr, phys);
	else
		why = "not started by a multiboot loader";
	if (!why && !info->memory.count)
		why = "the boot loader gave no memory map";
	return why;
}
