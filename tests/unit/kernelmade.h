/* SPDX-License-Identifier: MIT */
/*
 * A PV kernel made by hand, note by note, and a bzImage around a payload: what the tests of
 * dom0-tools/lib/image read, change and break.
 */
#ifndef TESTS_UNIT_KERNELMADE_H
#define TESTS_UNIT_KERNELMADE_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include <xen/elfnote.h>

#define MADE_BASE 0xffffffff80000000ull
#define MADE_NOTES 512u
#define MADE_CODE 4096u
#define MADE_SIZE (MADE_CODE + 8192u)

struct made {
	uint8_t bytes[MADE_SIZE];
	size_t notes;
};

static inline Elf64_Ehdr *made_header(struct made *m)
{
	return (Elf64_Ehdr *)(void *)m->bytes;
}

static inline Elf64_Phdr *made_segment(struct made *m, unsigned int i)
{
	return (Elf64_Phdr *)(void *)(m->bytes + sizeof(Elf64_Ehdr)) + i;
}

static inline void made_note(struct made *m, uint32_t type, const void *desc, uint32_t size)
{
	const Elf64_Nhdr header = {4, size, type};
	uint8_t *at = m->bytes + MADE_NOTES + m->notes;

	memcpy(at, &header, sizeof(header));
	memcpy(at + 12, "Xen", 4);
	memcpy(at + 16, desc, size);
	m->notes += 16 + ((size + 3) & ~3u);
	made_segment(m, 0)->p_filesz = m->notes;
}

static inline void made_number(struct made *m, uint32_t type, uint64_t v)
{
	made_note(m, type, &v, 8);
}

static inline void made_text(struct made *m, uint32_t type, const char *s)
{
	made_note(m, type, s, (uint32_t)strlen(s) + 1);
}

/* Notes in one segment; text, and data with a tail of zeroes, in two. */
static inline void made_bare(struct made *m)
{
	memset(m, 0, sizeof(*m));
	memset(m->bytes + MADE_CODE, 0xcc, 8192);
	*made_header(m) = (Elf64_Ehdr){
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = 1,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};
	*made_segment(m, 0) = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = MADE_NOTES, .p_align = 4};
	*made_segment(m, 1) = (Elf64_Phdr){.p_type = PT_LOAD,
					   .p_offset = MADE_CODE,
					   .p_vaddr = MADE_BASE + 0x1000000,
					   .p_paddr = 0x1000000,
					   .p_filesz = 4096,
					   .p_memsz = 4096};
	*made_segment(m, 2) = (Elf64_Phdr){.p_type = PT_LOAD,
					   .p_offset = MADE_CODE + 4096,
					   .p_vaddr = 0,
					   .p_paddr = 0x1001000,
					   .p_filesz = 4096,
					   .p_memsz = 8192};
}

static inline void made_whole(struct made *m)
{
	made_bare(m);
	made_text(m, XEN_ELFNOTE_GUEST_OS, "linux");
	made_text(m, XEN_ELFNOTE_GUEST_VERSION, "2.6");
	made_text(m, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	made_number(m, XEN_ELFNOTE_VIRT_BASE, MADE_BASE);
	made_number(m, XEN_ELFNOTE_INIT_P2M, 0x8000000000ull);
	made_number(m, XEN_ELFNOTE_ENTRY, MADE_BASE + 0x1000010);
	made_number(m, XEN_ELFNOTE_HYPERCALL_PAGE, MADE_BASE + 0x1001000);
	made_text(m, XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb");
	made_text(m, XEN_ELFNOTE_LOADER, "generic");
	made_number(m, XEN_ELFNOTE_MOD_START_PFN, 1);
	made_number(m, XEN_ELFNOTE_SUSPEND_CANCEL, 1);
}

/* A bzImage around @payload into @out, which has room for 4096 bytes more; returns its size. */
static inline size_t made_bzimage(uint8_t *out, const void *payload, size_t size)
{
	const uint32_t offset = 0x100, length = (uint32_t)size;

	memset(out, 0, 4096);
	out[0x1f1] = 1;
	memcpy(out + 0x202, "HdrS", 4);
	out[0x206] = 0x0f;
	out[0x207] = 0x02;
	memcpy(out + 0x248, &offset, 4);
	memcpy(out + 0x24c, &length, 4);
	memcpy(out + 2 * 512 + offset, payload, size);
	return 2 * 512 + offset + size;
}

#endif
