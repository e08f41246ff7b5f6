// SPDX-License-Identifier: MIT
/*
 * builder/elf.c: a PV kernel's image is made here, note by note, and must be read as
 * <xen/elfnote.h> says; then each thing that can be wrong with it is made wrong and must
 * be refused in words.  Images lie in buffers of exact size.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "builder/elf.h"
#include "lib/abi.h"
#include "lib/errno.h"

#include <xen/elfnote.h>
#include <xen/features.h>

#define BASE 0xffffffff80000000ull
#define PHDRS 64
#define NOTES 512
#define SHDRS 3000
#define CODE 4096
#define IMAGE_SIZE (CODE + 8192)

static u8 image[IMAGE_SIZE];
static size_t notes_len;
static struct elf_image elf;

static void put(size_t at, u64 v, size_t size)
{
	memcpy(image + at, &v, size);
}

static void phdr(u32 i, u32 type, u64 offset, u64 vaddr, u64 paddr, u64 filesz, u64 memsz)
{
	size_t at = PHDRS + 56 * i;

	put(at, type, 4);
	put(at + 8, offset, 8);
	put(at + 16, vaddr, 8);
	put(at + 24, paddr, 8);
	put(at + 32, filesz, 8);
	put(at + 40, memsz, 8);
	put(at + 48, 4, 8);
}

static void note(u32 type, const void *desc, size_t size)
{
	size_t at = NOTES + notes_len;

	put(at, 4, 4);
	put(at + 4, size, 4);
	put(at + 8, type, 4);
	memcpy(image + at + 12, "Xen", 4);
	memcpy(image + at + 16, desc, size);
	notes_len += 16 + ALIGN_UP(size, 4);
	put(PHDRS + 32, notes_len, 8);
}

static void note_num(u32 type, u64 v)
{
	note(type, &v, 8);
}

static void note_str(u32 type, const char *s)
{
	note(type, s, strlen(s) + 1);
}

/* Header and segments; a per-CPU segment linked at 0 is where Linux has it. */
static void make_bare(void)
{
	memset(image, 0, sizeof(image));
	memset(image + CODE, 0xcc, 8192);
	notes_len = 0;
	memcpy(image,
	       "\x7f"
	       "ELF\x02\x01\x01",
	       7);
	put(16, 2, 2);
	put(18, 62, 2);
	put(24, 0x1000000, 8); /* not the entry that counts */
	put(32, PHDRS, 8);
	put(54, 56, 2);
	put(56, 4, 2);
	phdr(0, 4, NOTES, 0, 0, 0, 0);
	phdr(1, 1, CODE, BASE + 0x100000, 0x100000, 4096, 4096);
	phdr(2, 1, CODE + 4096, 0, 0x101000, 4096, 4096);
	phdr(3, 1, CODE, BASE + 0x102000, 0x102000, 0, 0x1234);
}

static void make(void)
{
	make_bare();
	note_num(XEN_ELFNOTE_ENTRY, BASE + 0x100040);
	note_num(XEN_ELFNOTE_VIRT_BASE, BASE);
	note_str(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	note_str(XEN_ELFNOTE_LOADER, "generic");
}

static int parse_sized(size_t size)
{
	u8 *exact = malloc(size ? size : 1);
	int rc;

	memcpy(exact, image, size);
	rc = elf_parse(exact, size, &elf);
	CHECK(rc == 0 || (rc == -EINVAL && elf.why && *elf.why));
	for (unsigned int i = 0; rc == 0 && i < elf.segments; i++) {
		struct elf_segment *seg = &elf.segment[i];

		CHECK((const u8 *)seg->data >= exact);
		CHECK((const u8 *)seg->data + seg->filesz <= exact + size);
		seg->data = image + ((const u8 *)seg->data - exact);
	}
	free(exact);
	return rc;
}

static int parse(void)
{
	return parse_sized(IMAGE_SIZE);
}

/* Refused, and for the reason given. */
#define REFUSED(word) CHECK(parse() == -EINVAL && strstr(elf.why, word))

static void test_good(void)
{
	struct elf_segment seg;
	u64 l1[2] = {1, 1};

	make();
	CHECK(!parse());
	CHECK_EQ(elf.entry, BASE + 0x100040);
	CHECK_EQ(elf.virt_base, BASE);
	CHECK_EQ(elf.virt_start, BASE + 0x100000);
	CHECK_EQ(elf.virt_end, BASE + 0x104000);
	CHECK(!elf.has_hypercall_page && !elf.has_init_p2m && !elf.mod_start_pfn);
	CHECK_EQ(elf.segments, 3);
	CHECK(elf_segment(&elf, 1, &seg) && !elf_segment(&elf, 3, &seg));
	CHECK(seg.data == image + CODE + 4096 && seg.filesz == 4096 && seg.memsz == 4096);
	CHECK_EQ(seg.vaddr, BASE + 0x101000); /* by paddr, not by its own vaddr of 0 */
	CHECK(elf_segment(&elf, 2, &seg) && seg.filesz == 0 && seg.memsz == 0x1234);

	note_num(XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x101000);
	note_num(XEN_ELFNOTE_INIT_P2M, 0x8000000000);
	note(XEN_ELFNOTE_MOD_START_PFN, "\1\0\0", 4);
	note(XEN_ELFNOTE_SUSPEND_CANCEL, "\1\0\0", 4);
	note(XEN_ELFNOTE_SUPPORTED_FEATURES, "\x01\x88\0", 4);
	note(XEN_ELFNOTE_L1_MFN_VALID, l1, sizeof(l1));
	note_num(XEN_ELFNOTE_HV_START_LOW, HYPERVISOR_VIRT_START);
	note_str(XEN_ELFNOTE_GUEST_OS, "a-name-longer-than-its-place");
	note_str(XEN_ELFNOTE_PAE_MODE, "yes");
	note_str(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb|not_known");
	note_num(XEN_ELFNOTE_PHYS32_ENTRY, 1);
	note_num(0x1000, 1);
	CHECK(!parse());
	CHECK(elf.has_hypercall_page && elf.has_init_p2m && elf.mod_start_pfn);
	CHECK_EQ(elf.hypercall_page, BASE + 0x101000);
	CHECK_EQ(elf.init_p2m, 0x8000000000);
	CHECK_EQ(elf.features_required, 1u << XENFEAT_writable_page_tables);
	CHECK_EQ(elf.features_supported, 0x8801 | 1u << XENFEAT_pae_pgdir_above_4gb);
	CHECK(!strcmp(elf.guest_os, "a-name-longer-t"));
}

static void test_layouts(void)
{
	/* VIRT_BASE 0 and an offset, as GRUB and old kernels have it. */
	make_bare();
	note_num(XEN_ELFNOTE_ENTRY, 0x40);
	note_num(XEN_ELFNOTE_PADDR_OFFSET, 0x100000);
	note_str(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	CHECK(!parse());
	CHECK_EQ(elf.virt_start, 0);
	CHECK_EQ(elf.virt_end, 0x4000);
	/* Notes in a section only. */
	make();
	put(PHDRS, 0x60000000, 4);
	CHECK(parse() == -EINVAL);
	put(40, SHDRS, 8);
	put(58, 64, 2);
	put(60, 1, 2);
	put(SHDRS + 4, 7, 4);
	put(SHDRS + 24, NOTES, 8);
	put(SHDRS + 32, notes_len, 8);
	CHECK(!parse());
	put(SHDRS + 24, IMAGE_SIZE - 1, 8);
	REFUSED("notes");
}

static void test_bad_notes(void)
{
	make_bare();
	REFUSED("no Xen notes");
	note_str(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	REFUSED("entry");
	make_bare();
	note_num(XEN_ELFNOTE_ENTRY, BASE + 0x100040);
	REFUSED("XEN_VERSION");
	make();
	note_str(XEN_ELFNOTE_XEN_VERSION, "xen-2.0");
	REFUSED("XEN_VERSION");
	make();
	note_str(XEN_ELFNOTE_LOADER, "odd");
	REFUSED("LOADER");
	make();
	note_num(XEN_ELFNOTE_HV_START_LOW, HYPERVISOR_VIRT_START + 1);
	REFUSED("HV_START_LOW");
	make();
	note(XEN_ELFNOTE_SUPPORTED_FEATURES, "\x01\0\0", 4);
	REFUSED("dom0");
	make();
	note_str(XEN_ELFNOTE_FEATURES, "pae_pgdir_above_4gb|!never_heard_of");
	REFUSED("feature");
	make();
	note_str(XEN_ELFNOTE_FEATURES, "!auto_translated_physmap");
	REFUSED("auto_translated");
	make();
	note(XEN_ELFNOTE_FEATURES, "!writable_page_tables", 21); /* without its end */
	CHECK(!parse());
	note(XEN_ELFNOTE_FEATURES, "|||", 3);
	note(XEN_ELFNOTE_FEATURES, "", 0);
	CHECK(!parse());
	CHECK_EQ(elf.features_supported, 1u << XENFEAT_writable_page_tables);
	note_str(XEN_ELFNOTE_FEATURES,
		 "dom0|hvm_pirqs|linux_rsdp_unrestricted|direct_mapped|direct|");
	CHECK(!parse());
	CHECK_EQ(elf.features_supported,
		 1u << XENFEAT_writable_page_tables | 1u << XENFEAT_dom0 | 1u << XENFEAT_hvm_pirqs |
			 1u << XENFEAT_linux_rsdp_unrestricted | 1u << XENFEAT_direct_mapped);
	note(XEN_ELFNOTE_FEATURES, "!", 1);
	REFUSED("feature");
	make();
	note_num(XEN_ELFNOTE_VIRT_BASE, HYPERVISOR_VIRT_START);
	REFUSED("VIRT_BASE");
	make();
	note_num(XEN_ELFNOTE_VIRT_BASE, BASE + 1);
	REFUSED("VIRT_BASE");
	make();
	note_num(XEN_ELFNOTE_VIRT_BASE, 0x7ffffffff000); /* the end would not be canonical */
	REFUSED("VIRT_BASE");
	make();
	note_num(XEN_ELFNOTE_INIT_P2M, HYPERVISOR_VIRT_START + PAGE_SIZE);
	REFUSED("INIT_P2M");
	make();
	note_num(XEN_ELFNOTE_ENTRY, BASE + 0x104000);
	REFUSED("entry point outside");
	make();
	note_num(XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0xff000);
	REFUSED("hypercall page");
	make();
	note_num(XEN_ELFNOTE_PADDR_OFFSET, 0x100001);
	REFUSED("impossible");
	make();
	put(NOTES + 4, 0xfffffff0, 4); /* a description that never ends */
	REFUSED("malformed");
	put(NOTES, 0xffffffff, 4);
	REFUSED("malformed");
	make();
	put(PHDRS + 32, IMAGE_SIZE, 8);
	REFUSED("notes");
}

static void test_bad_image(void)
{
	make();
	put(4, 1, 1);
	REFUSED("32-bit");
	make();
	put(18, 183, 2);
	REFUSED("x86-64");
	make();
	put(16, 3, 2);
	REFUSED("executable");
	make();
	put(0, 0, 4);
	REFUSED("not an ELF");
	make();
	put(32, ~0ull - 60, 8);
	REFUSED("program headers");
	make();
	put(54, 40, 2);
	REFUSED("program headers");
	make();
	put(56, 0xffff, 2); /* whatever lies there, taken for headers */
	CHECK(parse() == -EINVAL);
	make();
	phdr(1, 1, CODE, 0, 0x100000, 4097, 4096);
	REFUSED("impossible");
	phdr(1, 1, CODE, 0, 0x100000, 4096, ELF_SPAN_MAX);
	REFUSED("impossible");
	phdr(1, 1, CODE, 0, ~0ull - 0xfff, 4096, 8192);
	REFUSED("impossible");
	phdr(1, 1, CODE, 0, 0x100000, 4096, ~0ull);
	REFUSED("impossible");
	phdr(1, 1, ~0ull - 4095, 0, 0x100000, 4096, 4096);
	REFUSED("truncated");
	make();
	phdr(1, 0, 0, 0, 0, 0, 0);
	phdr(2, 0, 0, 0, 0, 0, 0);
	phdr(3, 1, 0, 0, 0, 0, 0);
	REFUSED("nothing to load");
	/* Cut anywhere. */
	make();
	for (size_t size = 0; size < CODE + 8192; size += size < 1024 ? 1 : 97)
		CHECK(parse_sized(size));
	/* More segments than there is room for. */
	memset(image, 0, PHDRS);
	make();
	put(56, 20, 2);
	put(32, 2048, 8);
	memcpy(image + 2048, image + PHDRS, 56);
	for (u32 i = 1; i < 20; i++)
		memcpy(image + 2048 + 56 * i, image + PHDRS + 56, 56);
	REFUSED("too many");
}

int main(void)
{
	test_good();
	test_layouts();
	test_bad_notes();
	test_bad_image();
	return check_done("t_elf");
}
