/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader handed over, in one form for multiboot 1 (QEMU -kernel, GRUB's
 * `multiboot`) and multiboot 2 (GRUB's `multiboot2`, needed on UEFI).  Everything but the
 * contents of the modules is copied out, so that the loader's structures may be forgotten.
 */
#ifndef DAIS_BOOT_MULTIBOOT_H
#define DAIS_BOOT_MULTIBOOT_H

#include "boot/memmap.h"
#include "lib/abi.h"
#include "lib/types.h"

#define MULTIBOOT1_MAGIC 0x2badb002U
#define MULTIBOOT2_MAGIC 0x36d76289U

#define BOOT_MODULES 8U
#define BOOT_CMDLINE_SIZE 1024 /* the ABI's limit for a guest's, NUL included */
#define RSDP_SIZE 36

struct boot_module {
	u64 start, end;
	char cmdline[BOOT_CMDLINE_SIZE]; /* without its first word (row A3) */
};

enum screen_kind {
	SCREEN_NONE, /* unknown: nothing to draw on */
	SCREEN_TEXT, /* 80x25 at 0xb8000 */
	SCREEN_RGB, /* linear frame buffer */
};

struct boot_screen {
	enum screen_kind kind;
	struct dom0_vga_console_info vga; /* as dom0 is told it, all but the cursor */
};

struct boot_info {
	char cmdline[2 * BOOT_CMDLINE_SIZE]; /* ours, without its first word */
	char loader[64];
	unsigned int module_count;
	struct boot_module modules[BOOT_MODULES];
	struct memmap memory; /* as the firmware gave it: not yet in order */
	struct boot_screen screen;
	u8 rsdp[RSDP_SIZE]; /* copy of the ACPI root pointer, if... */
	unsigned int rsdp_size; /* ...this is 20 or 36 */
	u64 efi_system_table; /* physical; 0 on a BIOS machine */
	u64 efi_memmap; /* physical address of the descriptors, 0: none */
	u32 efi_memmap_size, efi_desc_size;
};

/* A pointer to @len bytes at physical @addr, or NULL where these cannot be read. */
typedef const void *phys_fn(u64 addr, u64 len);

/*
 * Reads what register EBX pointed to.  NULL when all is well, else what is wrong with it.
 * Strings too long for us are cut; modules beyond the last we keep are ignored.
 */
const char *multiboot_parse(struct boot_info *info, u32 magic, u64 addr, phys_fn *phys);

#endif
