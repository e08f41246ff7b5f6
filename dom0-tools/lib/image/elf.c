/* SPDX-License-Identifier: MIT */
/*
 * Two passes over the image: the notes first (PT_NOTE segments and, if those have none of
 * Xen's, SHT_NOTE sections), because they say how addresses are to be read; then the loadable
 * segments. All reads go through bytes_at(), which knows the file's end. What is accepted here
 * keeps the promises of image.h, so that the builder copies segments without a look of its own.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "export.h"
#include "image/private.h"

#include <xen/elfnote.h>
#include <xen/features.h>
#include <xen/xen.h>

#define PAGE 4096ull
#define SPAN_MAX DAIS_IMAGE_MAX
#define NOTE_TEXT 32

struct parser {
	const uint8_t *image;
	size_t size;
	Elf64_Ehdr header;
	struct dais_elf *out;
	struct dais_error *err;
	uint32_t seen; /* bit per type of note that the image has */
	struct note {
		uint64_t number[2];
		char text[NOTE_TEXT];
	} note[XEN_ELFNOTE_MAX + 1];
};

static int refuse(struct parser *p, const char *why)
{
	return dais_fail(p->err, DAIS_IMAGE, "read the kernel", NULL, "%s", why);
}

/* @size bytes of the file at @offset, or NULL. */
static const uint8_t *bytes_at(const struct parser *p, uint64_t offset, uint64_t size)
{
	if (offset > p->size || size > p->size - offset)
		return NULL;
	return p->image + offset;
}

/* Copies entry @i of a table to @to; false if it is not all there. */
static bool table_entry(const struct parser *p, uint64_t table, uint32_t i, uint32_t stride,
			void *to, size_t size)
{
	const uint8_t *from = table < p->size ? bytes_at(p, table + (uint64_t)i * stride, size)
					      : NULL;

	if (!from || stride < size)
		return false;
	memcpy(to, from, size);
	return true;
}

static int check_header(struct parser *p)
{
	const Elf64_Ehdr *h = &p->header;
	const uint8_t *start = bytes_at(p, 0, sizeof(*h));

	if (!start)
		return refuse(p, "it is too short for an ELF image");
	memcpy(&p->header, start, sizeof(*h));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return refuse(p, "it is neither an ELF image nor a bzImage");
	if (h->e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(p, "it is a 32-bit kernel; only 64-bit ones can be run");
	if (h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64)
		return refuse(p, "it is not built for x86-64");
	if (h->e_type != ET_EXEC)
		return refuse(p, "it is not an executable ELF image");
	return 0;
}

/* Names as features.h spells them, in the order of their bits; ARM's are left empty. */
static const char *const feature_names[] = {
	[XENFEAT_writable_page_tables] = "writable_page_tables",
	[XENFEAT_writable_descriptor_tables] = "writable_descriptor_tables",
	[XENFEAT_auto_translated_physmap] = "auto_translated_physmap",
	[XENFEAT_supervisor_mode_kernel] = "supervisor_mode_kernel",
	[XENFEAT_pae_pgdir_above_4gb] = "pae_pgdir_above_4gb",
	[XENFEAT_mmu_pt_update_preserve_ad] = "mmu_pt_update_preserve_ad",
	[XENFEAT_highmem_assist] = "highmem_assist",
	[XENFEAT_gnttab_map_avail_bits] = "gnttab_map_avail_bits",
	[XENFEAT_hvm_callback_vector] = "hvm_callback_vector",
	[XENFEAT_hvm_safe_pvclock] = "hvm_safe_pvclock",
	[XENFEAT_hvm_pirqs] = "hvm_pirqs",
	[XENFEAT_dom0] = "dom0",
	[XENFEAT_memory_op_vnode_supported] = "memory_op_vnode_supported",
	[XENFEAT_linux_rsdp_unrestricted] = "linux_rsdp_unrestricted",
	[XENFEAT_not_direct_mapped] = "not_direct_mapped",
	[XENFEAT_direct_mapped] = "direct_mapped",
};

/* The feature's bit, or 0 for a name nobody knows. */
static uint32_t feature_bit(const char *name, size_t length)
{
	unsigned int i;

	for (i = 0; i < sizeof(feature_names) / sizeof(feature_names[0]); i++) {
		if (feature_names[i] && strlen(feature_names[i]) == length &&
		    !memcmp(feature_names[i], name, length))
			return 1u << i;
	}
	return 0;
}

/*
 * "name|!name|...", a mark of exclamation meaning required. That a kernel requires a feature
 * does not mean that the hypervisor must report it (Linux requires writable_page_tables, which
 * trapped writes give it); only a name nobody knows is refused.
 */
static int read_features(struct parser *p, const char *list, size_t length)
{
	while (length && *list) {
		size_t required = *list == '!';
		size_t n = 0;
		uint32_t bit;

		while (required + n < length && list[required + n] && list[required + n] != '|')
			n++;
		bit = feature_bit(list + required, n);
		if (required && !bit)
			return refuse(p, "it requires a feature that Xen does not have");
		p->out->features_supported |= bit;
		p->out->features_required |= required ? bit : 0;
		n += required;
		n += n < length; /* the bar, or the NUL */
		list += n;
		length -= n;
	}
	return 0;
}

/* One of Xen's notes: kept as the number it may be and as the text. */
static int read_note(struct parser *p, uint32_t type, const uint8_t *desc, uint32_t size)
{
	struct note *note;
	uint32_t i;

	if (type > XEN_ELFNOTE_MAX)
		return 0;
	p->seen |= 1u << type;
	note = &p->note[type];
	memset(note, 0, sizeof(*note));
	memcpy(note->number, desc, size < 16 ? size : 16);
	if (size < 8)
		note->number[0] &= 0xffffffff;
	for (i = 0; i < size && i < NOTE_TEXT - 1 && desc[i]; i++)
		note->text[i] = desc[i] < ' ' || desc[i] > '~' ? '?' : (char)desc[i];
	if (type == XEN_ELFNOTE_FEATURES)
		return read_features(p, (const char *)desc, size);
	return 0;
}

/* All notes in [offset, offset + size) of the file; others than Xen's are skipped. */
static int read_notes(struct parser *p, uint64_t offset, uint64_t size, uint64_t align)
{
	const uint8_t *at = bytes_at(p, offset, size);
	const uint64_t pad = align == 8 ? 7 : 3;

	if (!at)
		return refuse(p, "its ELF notes lie behind the end of the file");
	while (size >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t desc, next;

		memcpy(&note, at, sizeof(note));
		desc = (sizeof(note) + (uint64_t)note.n_namesz + pad) & ~pad;
		next = (desc + note.n_descsz + pad) & ~pad;
		if (desc + note.n_descsz > size)
			return refuse(p, "its ELF notes are malformed");
		if (note.n_namesz == 4 && !memcmp(at + sizeof(note), "Xen", 4) &&
		    read_note(p, note.n_type, at + desc, note.n_descsz))
			return -1;
		next = next < size ? next : size;
		at += next;
		size -= next;
	}
	return 0;
}

static int find_notes(struct parser *p)
{
	Elf64_Phdr ph;
	Elf64_Shdr sh;
	uint32_t i;

	for (i = 0; i < p->header.e_phnum; i++) {
		if (!table_entry(p, p->header.e_phoff, i, p->header.e_phentsize, &ph, sizeof(ph)))
			return refuse(p, "its ELF program headers lie behind the end of the file");
		if (ph.p_type == PT_NOTE && read_notes(p, ph.p_offset, ph.p_filesz, ph.p_align))
			return -1;
	}
	/* A file without sections (stripped, or cut behind its segments) has no more to say. */
	for (i = 0; i < p->header.e_shnum && !p->seen; i++) {
		if (!table_entry(p, p->header.e_shoff, i, p->header.e_shentsize, &sh, sizeof(sh)))
			break;
		if (sh.sh_type == SHT_NOTE &&
		    read_notes(p, sh.sh_offset, sh.sh_size, sh.sh_addralign))
			return -1;
	}
	return 0;
}

static bool seen(const struct parser *p, uint32_t type)
{
	return p->seen >> type & 1;
}

static uint64_t number(const struct parser *p, uint32_t type)
{
	return p->note[type].number[0];
}

static void take_notes(const struct parser *p, struct dais_elf *out)
{
	out->entry = number(p, XEN_ELFNOTE_ENTRY);
	out->virt_base = number(p, XEN_ELFNOTE_VIRT_BASE);
	out->hypercall_page = number(p, XEN_ELFNOTE_HYPERCALL_PAGE);
	out->has_hypercall_page = seen(p, XEN_ELFNOTE_HYPERCALL_PAGE);
	out->init_p2m = number(p, XEN_ELFNOTE_INIT_P2M);
	out->has_init_p2m = seen(p, XEN_ELFNOTE_INIT_P2M);
	out->mod_start_pfn = number(p, XEN_ELFNOTE_MOD_START_PFN) != 0;
	out->suspend_cancel = number(p, XEN_ELFNOTE_SUSPEND_CANCEL) != 0;
	out->loader_generic = !strcmp(p->note[XEN_ELFNOTE_LOADER].text, "generic");
	out->bsd_symtab = !strcmp(p->note[XEN_ELFNOTE_BSD_SYMTAB].text, "yes");
	out->l1_mfn_mask = p->note[XEN_ELFNOTE_L1_MFN_VALID].number[0];
	out->l1_mfn_value = p->note[XEN_ELFNOTE_L1_MFN_VALID].number[1];
	out->features_supported |= (uint32_t)number(p, XEN_ELFNOTE_SUPPORTED_FEATURES);
	memcpy(out->guest_os, p->note[XEN_ELFNOTE_GUEST_OS].text, NOTE_TEXT);
	memcpy(out->guest_version, p->note[XEN_ELFNOTE_GUEST_VERSION].text, NOTE_TEXT);
	memcpy(out->xen_version, p->note[XEN_ELFNOTE_XEN_VERSION].text, NOTE_TEXT);
}

/* Whether [@va, @va + @size) is an address range that a PV kernel may use. */
static bool va_is_free(uint64_t va, uint64_t size)
{
	if (va + size < va && va + size)
		return false;
	return va + size - 1 < 1ull << 47 || va >= HYPERVISOR_VIRT_END;
}

static int check_notes(struct parser *p)
{
	const struct dais_elf *out = p->out;

	if (!p->seen || !seen(p, XEN_ELFNOTE_ENTRY))
		return refuse(p, "it has no PV entry point; a kernel with CONFIG_XEN_PV is needed");
	if (strcmp(out->xen_version, "xen-3.0") != 0)
		return refuse(p, "it is not made for the Xen 3.0 interface (XEN_VERSION note)");
	if (seen(p, XEN_ELFNOTE_LOADER) && !out->loader_generic)
		return refuse(p, "it wants another loader than the generic one (LOADER note)");
	if (number(p, XEN_ELFNOTE_HV_START_LOW) > HYPERVISOR_VIRT_START)
		return refuse(p, "it leaves the hypervisor too little room (HV_START_LOW note)");
	if (out->features_required & 1u << XENFEAT_auto_translated_physmap)
		return refuse(p, "it requires auto_translated_physmap, which PV guests lack");
	if (out->features_required & 1u << XENFEAT_dom0)
		return refuse(p, "it can only be dom0 (FEATURES note)");
	if (out->virt_base % PAGE || !va_is_free(out->virt_base, SPAN_MAX))
		return refuse(p, "it lies at an impossible address (VIRT_BASE note)");
	if (out->has_init_p2m && (out->init_p2m % PAGE || !va_is_free(out->init_p2m, PAGE)))
		return refuse(p, "it wants its p2m list at an impossible address (INIT_P2M note)");
	return 0;
}

/* Puts @seg to its place by address; false if it overlaps a neighbour. */
static bool insert_segment(struct dais_elf *out, const struct dais_segment *seg)
{
	unsigned int i = out->segments;

	while (i && out->segment[i - 1].paddr > seg->paddr) {
		out->segment[i] = out->segment[i - 1];
		i--;
	}
	out->segment[i] = *seg;
	out->segments++;
	if (i && out->segment[i - 1].paddr + out->segment[i - 1].memsz > seg->paddr)
		return false;
	return i + 1 == out->segments || seg->paddr + seg->memsz <= out->segment[i + 1].paddr;
}

static int load_segments(struct parser *p)
{
	struct dais_elf *out = p->out;
	uint32_t i;

	for (i = 0; i < p->header.e_phnum; i++) {
		struct dais_segment seg;
		Elf64_Phdr ph;

		if (!table_entry(p, p->header.e_phoff, i, p->header.e_phentsize, &ph, sizeof(ph)))
			return refuse(p, "its ELF program headers lie behind the end of the file");
		if (ph.p_type != PT_LOAD || ph.p_memsz == 0)
			continue;
		if (out->segments == DAIS_SEGMENTS_MAX)
			return refuse(p, "it has too many ELF segments");
		seg = (struct dais_segment){
			.data = bytes_at(p, ph.p_offset, ph.p_filesz),
			.filesz = ph.p_filesz,
			.memsz = ph.p_memsz,
			.paddr = ph.p_paddr - number(p, XEN_ELFNOTE_PADDR_OFFSET),
		};
		seg.vaddr = out->virt_base + seg.paddr;
		if (!seg.data)
			return refuse(p, "it is cut short: an ELF segment ends behind the file");
		if (seg.filesz > seg.memsz || seg.paddr > SPAN_MAX ||
		    seg.memsz > SPAN_MAX - seg.paddr)
			return refuse(p, "an ELF segment has an impossible size or address");
		if (!insert_segment(out, &seg))
			return refuse(p, "its ELF segments overlap");
	}
	if (!out->segments)
		return refuse(p, "it has nothing to load");
	return 0;
}

static int check_places(struct parser *p)
{
	struct dais_elf *out = p->out;
	const struct dais_segment *last = &out->segment[out->segments - 1];
	uint64_t span;

	out->virt_start = out->segment[0].vaddr & ~(PAGE - 1);
	out->virt_end = (last->vaddr + last->memsz + PAGE - 1) & ~(PAGE - 1);
	/* As offsets: a kernel may end at the very top, where virt_end is 0. */
	span = out->virt_end - out->virt_start;
	if (out->entry - out->virt_start >= span)
		return refuse(p, "its entry point is outside its segments");
	if (out->has_hypercall_page &&
	    (out->hypercall_page % PAGE || out->hypercall_page - out->virt_start >= span))
		return refuse(p, "its hypercall page is outside its segments");
	return 0;
}

uint64_t image_elf_extent(const void *start, size_t size)
{
	const struct parser p = {.image = start, .size = size};
	bool notes = false;
	uint64_t extent;
	Elf64_Ehdr h;

	if (size < sizeof(h))
		return 0;
	memcpy(&h, start, sizeof(h));
	extent = h.e_phoff + (uint64_t)h.e_phnum * h.e_phentsize;
	for (uint32_t i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr ph;

		if (!table_entry(&p, h.e_phoff, i, h.e_phentsize, &ph, sizeof(ph)) ||
		    ph.p_offset > DAIS_IMAGE_MAX || ph.p_filesz > DAIS_IMAGE_MAX)
			return 0;
		if (ph.p_type != PT_LOAD && ph.p_type != PT_NOTE)
			continue;
		notes = notes || ph.p_type == PT_NOTE;
		if (ph.p_offset + ph.p_filesz > extent)
			extent = ph.p_offset + ph.p_filesz;
	}
	return notes ? extent : 0;
}

EXPORT int dais_elf_parse(const void *image, size_t size, struct dais_elf *elf,
			  struct dais_error *err)
{
	struct parser p = {.image = image, .size = size, .out = elf, .err = err};

	memset(elf, 0, sizeof(*elf));
	if (check_header(&p) || find_notes(&p))
		return -1;
	take_notes(&p, elf);
	if (check_notes(&p) || load_segments(&p))
		return -1;
	return check_places(&p);
}
