// SPDX-License-Identifier: MIT
/*
 * What stands where in a core, and the writing of it.
 */
#include "dom/corefile.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <xen/elfnote.h>

#define MAGIC_PV 0xf00febedull
#define FORMAT_VERSION 1ull /* major in the upper half */

enum { NONE, NAMES, NOTES, VCPUS, SHARED, FRAMES, PAGES, SECTIONS };

static const char names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_shared_info\0.xen_p2m\0"
			    ".xen_pages";

struct note {
	Elf64_Nhdr head;
	char name[4];
};

/* Four notes, the first of which is empty. */
struct notes {
	struct note none;
	struct note header;
	struct {
		uint64_t magic, vcpus, pages, page_size;
	} __attribute__((packed, aligned(4))) header_is;
	struct note version;
	struct core_version version_is __attribute__((packed, aligned(4)));
	struct note format;
	uint64_t format_is __attribute__((packed, aligned(4)));
};
_Static_assert(sizeof(struct notes) ==
		       4 * sizeof(struct note) + 32 + sizeof(struct core_version) + 8,
	       "notes stand close together");

struct layout {
	Elf64_Ehdr elf;
	Elf64_Shdr sections[SECTIONS];
};

static uint32_t name_at(const char *name)
{
	const char *at = names;

	while (strcmp(at, name) != 0)
		at += strlen(at) + 1;
	return (uint32_t)(at - names);
}

static void add(struct layout *l, int section, const char *name, uint32_t type, uint64_t count,
		uint64_t size, uint64_t align)
{
	const Elf64_Shdr *before = &l->sections[section - 1];
	uint64_t at = section == NAMES ? sizeof(*l) : before->sh_offset + before->sh_size;

	l->sections[section] = (Elf64_Shdr){
		.sh_name = name_at(name),
		.sh_type = type,
		.sh_offset = (at + align - 1) / align * align,
		.sh_size = count * size,
		.sh_addralign = align,
		.sh_entsize = type == SHT_PROGBITS ? size : 0,
	};
}

static void lay_out(struct layout *l, const struct core *c)
{
	memset(l, 0, sizeof(*l));
	memcpy(l->elf.e_ident, ELFMAG, SELFMAG);
	l->elf.e_ident[EI_CLASS] = ELFCLASS64;
	l->elf.e_ident[EI_DATA] = ELFDATA2LSB;
	l->elf.e_ident[EI_VERSION] = EV_CURRENT;
	l->elf.e_type = ET_CORE;
	l->elf.e_machine = EM_X86_64;
	l->elf.e_version = EV_CURRENT;
	l->elf.e_ehsize = sizeof(l->elf);
	l->elf.e_shoff = sizeof(l->elf);
	l->elf.e_shentsize = sizeof(l->sections[0]);
	l->elf.e_shnum = SECTIONS;
	l->elf.e_shstrndx = NAMES;
	add(l, NAMES, ".shstrtab", SHT_STRTAB, 1, sizeof(names), 1);
	add(l, NOTES, ".note.Xen", SHT_NOTE, 1, sizeof(struct notes), 4);
	add(l, VCPUS, ".xen_prstatus", SHT_PROGBITS, c->vcpu_count, sizeof(*c->vcpus), 8);
	add(l, SHARED, ".xen_shared_info", SHT_PROGBITS, c->shared_info != NULL, CORE_PAGE, 8);
	add(l, FRAMES, ".xen_p2m", SHT_PROGBITS, c->frame_count, sizeof(*c->frames), 8);
	add(l, PAGES, ".xen_pages", SHT_PROGBITS, c->frame_count, CORE_PAGE, CORE_PAGE);
}

static struct note note(uint32_t type, uint32_t size)
{
	return (struct note){{sizeof("Xen"), size, type}, "Xen"};
}

static int write_at(int fd, const void *what, size_t size, uint64_t at)
{
	const char *from = what;

	while (size) {
		ssize_t n = pwrite(fd, from, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : ENOSPC;
			return -1;
		}
		from += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

uint64_t corefile_size(const struct core *core)
{
	struct layout l;

	lay_out(&l, core);
	return l.sections[PAGES].sh_offset + l.sections[PAGES].sh_size;
}

int corefile_begin(struct core *core, int fd)
{
	struct notes notes = {
		.none = note(XEN_ELFNOTE_DUMPCORE_NONE, 0),
		.header = note(XEN_ELFNOTE_DUMPCORE_HEADER, sizeof(notes.header_is)),
		.header_is = {MAGIC_PV, core->vcpu_count, core->frame_count, CORE_PAGE},
		.version = note(XEN_ELFNOTE_DUMPCORE_XEN_VERSION, sizeof(notes.version_is)),
		.version_is = core->version,
		.format = note(XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION, sizeof(notes.format_is)),
		.format_is = FORMAT_VERSION,
	};
	const void *parts[SECTIONS] = {
		[NAMES] = names,         [NOTES] = &notes,
		[VCPUS] = core->vcpus,   [SHARED] = core->shared_info,
		[FRAMES] = core->frames,
	};
	struct layout l;

	lay_out(&l, core);
	core->fd = fd;
	core->pages_at = l.sections[PAGES].sh_offset;
	if (write_at(fd, &l, sizeof(l), 0))
		return -1;
	for (int i = NAMES; i < PAGES; i++) {
		if (write_at(fd, parts[i], l.sections[i].sh_size, l.sections[i].sh_offset))
			return -1;
	}
	return 0;
}

static bool is_zero(const unsigned char *page)
{
	return !page[0] && !memcmp(page, page + 1, CORE_PAGE - 1);
}

int corefile_pages(const struct core *core, size_t first, const void *pages, size_t count)
{
	const unsigned char *from = pages;
	size_t i = 0;

	while (i < count) {
		size_t start;

		while (i < count && is_zero(from + i * CORE_PAGE))
			i++;
		start = i;
		while (i < count && !is_zero(from + i * CORE_PAGE))
			i++;
		if (write_at(core->fd, from + start * CORE_PAGE, (i - start) * CORE_PAGE,
			     core->pages_at + (first + start) * CORE_PAGE))
			return -1;
	}
	return 0;
}

int corefile_end(const struct core *core)
{
	return ftruncate(core->fd, (off_t)(core->pages_at + core->frame_count * CORE_PAGE));
}
