// SPDX-License-Identifier: MIT
/*
 * Two passes over the image: the notes first (PT_NOTE segments and, if those have none
 * of Xen's, SHT_NOTE sections), because they say how addresses are to be read; then the
 * loadable segments.  All reads go through elf_bytes(), which knows the file's end.
 */
#include "builder/elf.h"

#include "lib/abi.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "lib/string.h"

#include <xen/elfnote.h>
#include <xen/features.h>

/* The few parts of the ELF specification that matter here. */
struct elf_header {
	u8 ident[16]; /* magic, class, byte order, version */
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_shdr {
	u32 name, type;
	u64 flags, addr, offset, size;
	u32 link, info;
	u64 addralign, entsize;
};

struct elf_note {
	u32 namesz, descsz, type;
};

#define ET_EXEC 2
#define EM_X86_64 62
#define PT_LOAD 1
#define PT_NOTE 4
#define SHT_NOTE 7

/* A parse in progress. */
struct elf_parser {
	const u8 *image;
	size_t size;
	struct elf_header hdr;
	struct elf_image *out;
	u32 seen; /* bit per type of note that the image has */
	struct {
		u64 number;
		char text[16];
	} note[XEN_ELFNOTE_MAX + 1];
};

static int __init refuse(struct elf_parser *p, const char *why)
{
	p->out->why = why;
	return -EINVAL;
}

/* @size bytes of the file at @offset, or NULL. */
static const void *__init elf_bytes(const struct elf_parser *p, u64 offset, u64 size)
{
	if (offset > p->size || size > p->size - offset)
		return NULL;
	return p->image + offset;
}

/* Copies entry @i of a table to @to; false if it is not all there. */
static bool __init elf_entry(const struct elf_parser *p, u64 table, u32 i, u32 stride, void *to,
			     size_t size)
{
	const void *from = table < p->size ? elf_bytes(p, table + (u64)i * stride, size) : NULL;

	if (!from || stride < size)
		return false;
	memcpy(to, from, size);
	return true;
}

static int __init elf_check_header(struct elf_parser *p)
{
	const struct elf_header *h = &p->hdr;
	const void *start = elf_bytes(p, 0, sizeof(*h));

	if (!start)
		return refuse(p, "too short for an ELF image");
	memcpy(&p->hdr, start, sizeof(*h));
	if (memcmp(h->ident,
		   "\x7f"
		   "ELF",
		   4))
		return refuse(p, "not an ELF image");
	if (h->ident[4] != 2)
		return refuse(p, "a 32-bit kernel; only 64-bit ones can be run");
	if (h->ident[5] != 1 || h->machine != EM_X86_64)
		return refuse(p, "not built for x86-64");
	if (h->type != ET_EXEC)
		return refuse(p, "not an executable ELF image");
	return 0;
}

/* Names as features.h spells them, in the order of their bits; ARM's are left empty. */
static const char feature_names[] __initconst =
	"writable_page_tables|writable_descriptor_tables|auto_translated_physmap|"
	"supervisor_mode_kernel|pae_pgdir_above_4gb|mmu_pt_update_preserve_ad|highmem_assist|"
	"gnttab_map_avail_bits|hvm_callback_vector|hvm_safe_pvclock|hvm_pirqs|dom0||"
	"memory_op_vnode_supported||linux_rsdp_unrestricted|not_direct_mapped|direct_mapped";

/* Length of the name at @s, which ends with a bar, a NUL or after @max characters. */
static size_t __init name_length(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] && s[n] != '|')
		n++;
	return n;
}

/* The feature's bit, or 0 for a name nobody knows. */
static u32 __init feature_bit(const char *name, size_t n)
{
	const char *known = feature_names;

	for (u32 bit = 1;; bit <<= 1) {
		size_t len = name_length(known, sizeof(feature_names));

		if (n && len == n && !memcmp(known, name, n))
			return bit;
		if (!known[len])
			return 0;
		known += len + 1;
	}
}

/*
 * "name|!name|...", a mark of exclamation meaning required.  That a kernel requires a
 * feature does not mean that we must report it (Linux requires writable_page_tables,
 * which trapped writes give it); only a name nobody knows is refused.
 */
static int __init elf_features(struct elf_parser *p, const char *list, size_t len)
{
	while (len && *list) {
		u32 required = *list == '!';
		size_t n = name_length(list + required, len - required);
		u32 bit = feature_bit(list + required, n);

		if (required && !bit)
			return refuse(p, "requires a feature that Xen does not have");
		p->out->features_supported |= bit;
		p->out->features_required |= required ? bit : 0;
		n = min(n + required + 1, len);
		list += n;
		len -= n;
	}
	return 0;
}

/* One of Xen's notes: kept as the number it may be and as the text. */
static int __init elf_note(struct elf_parser *p, u32 type, const u8 *desc, u32 size)
{
	if (type > XEN_ELFNOTE_MAX)
		return 0;
	p->seen |= 1u << type;
	memset(&p->note[type], 0, sizeof(p->note[type]));
	memcpy(&p->note[type].number, desc, size < 8 ? min(size, 4u) : 8);
	memcpy(p->note[type].text, desc, min(size, 15u));
	if (type == XEN_ELFNOTE_FEATURES)
		return elf_features(p, (const char *)desc, size);
	return 0;
}

/* All notes in [offset, offset + size) of the file; others than Xen's are skipped. */
static int __init elf_notes(struct elf_parser *p, u64 offset, u64 size, u64 align)
{
	const u8 *at = elf_bytes(p, offset, size);
	const u64 pad = align == 8 ? 7 : 3;

	if (!at)
		return refuse(p, "ELF notes lie behind the end of the file");
	while (size >= sizeof(struct elf_note)) {
		struct elf_note note;
		u64 desc, next;
		int rc;

		memcpy(&note, at, sizeof(note));
		desc = (sizeof(note) + (u64)note.namesz + pad) & ~pad;
		next = (desc + note.descsz + pad) & ~pad;
		if (desc + note.descsz > size)
			return refuse(p, "ELF notes are malformed");
		if (note.namesz == 4 && !memcmp(at + sizeof(note), "Xen", 4)) {
			rc = elf_note(p, note.type, at + desc, note.descsz);
			if (rc)
				return rc;
		}
		next = min(next, size);
		at += next;
		size -= next;
	}
	return 0;
}

static int __init elf_find_notes(struct elf_parser *p)
{
	struct elf_phdr ph;
	struct elf_shdr sh;
	int rc = 0;

	for (u32 i = 0; i < p->hdr.phnum && !rc; i++) {
		if (!elf_entry(p, p->hdr.phoff, i, p->hdr.phentsize, &ph, sizeof(ph)))
			return refuse(p, "ELF program headers lie behind the end of the file");
		if (ph.type == PT_NOTE)
			rc = elf_notes(p, ph.offset, ph.filesz, ph.align);
	}
	/* A file without sections (stripped, or cut behind its segments) has no more to say. */
	for (u32 i = 0; i < p->hdr.shnum && !rc && !p->seen; i++) {
		if (!elf_entry(p, p->hdr.shoff, i, p->hdr.shentsize, &sh, sizeof(sh)))
			break;
		if (sh.type == SHT_NOTE)
			rc = elf_notes(p, sh.offset, sh.size, sh.addralign);
	}
	return rc;
}

/* Whether [@va, @va + @size) is an address range that a PV kernel may use. */
static bool __init elf_va_is_free(u64 va, u64 size)
{
	if (va + size < va && va + size)
		return false;
	return va + size - 1 < 1ul << 47 || va >= HYPERVISOR_VIRT_END;
}

static u64 __init note_number(const struct elf_parser *p, u32 type)
{
	return p->note[type].number;
}

static bool __init note_seen(const struct elf_parser *p, u32 type)
{
	return p->seen >> type & 1;
}

static void __init elf_take_notes(const struct elf_parser *p, struct elf_image *out)
{
	out->entry = note_number(p, XEN_ELFNOTE_ENTRY);
	out->virt_base = note_number(p, XEN_ELFNOTE_VIRT_BASE);
	out->paddr_offset = note_number(p, XEN_ELFNOTE_PADDR_OFFSET);
	out->hypercall_page = note_number(p, XEN_ELFNOTE_HYPERCALL_PAGE);
	out->has_hypercall_page = note_seen(p, XEN_ELFNOTE_HYPERCALL_PAGE);
	out->init_p2m = note_number(p, XEN_ELFNOTE_INIT_P2M);
	out->has_init_p2m = note_seen(p, XEN_ELFNOTE_INIT_P2M);
	out->mod_start_pfn = note_number(p, XEN_ELFNOTE_MOD_START_PFN) != 0;
	out->features_supported |= (u32)note_number(p, XEN_ELFNOTE_SUPPORTED_FEATURES);
	memcpy(out->guest_os, p->note[XEN_ELFNOTE_GUEST_OS].text, 16);
}

static int __init elf_check_notes(struct elf_parser *p)
{
	const struct elf_image *out = p->out;

	if (!p->seen)
		return refuse(p, "has no Xen notes; a kernel with CONFIG_XEN_PV is needed");
	if (!note_seen(p, XEN_ELFNOTE_ENTRY))
		return refuse(p, "has no PV entry point; a kernel with CONFIG_XEN_PV is needed");
	if (strcmp(p->note[XEN_ELFNOTE_XEN_VERSION].text, "xen-3.0"))
		return refuse(p, "is not made for the Xen 3.0 interface (XEN_VERSION note)");
	if (note_seen(p, XEN_ELFNOTE_LOADER) && strcmp(p->note[XEN_ELFNOTE_LOADER].text, "generic"))
		return refuse(p, "wants another loader than the generic one (LOADER note)");
	if (note_number(p, XEN_ELFNOTE_HV_START_LOW) > HYPERVISOR_VIRT_START)
		return refuse(p, "leaves the hypervisor too little room (HV_START_LOW note)");
	if (note_seen(p, XEN_ELFNOTE_SUPPORTED_FEATURES) &&
	    !(out->features_supported & 1u << XENFEAT_dom0))
		return refuse(p, "cannot be dom0 (SUPPORTED_FEATURES note)");
	if (out->features_required & 1u << XENFEAT_auto_translated_physmap)
		return refuse(p, "requires auto_translated_physmap, which PV guests do not have");
	if ((out->virt_base & ~PAGE_MASK) || !elf_va_is_free(out->virt_base, ELF_SPAN_MAX))
		return refuse(p, "lies at an impossible address (VIRT_BASE note)");
	if (out->has_init_p2m &&
	    ((out->init_p2m & ~PAGE_MASK) || !elf_va_is_free(out->init_p2m, PAGE_SIZE)))
		return refuse(p, "wants its p2m list at an impossible address (INIT_P2M note)");
	return 0;
}

static int __init elf_load_segments(struct elf_parser *p)
{
	struct elf_image *out = p->out;
	u64 first = ~0ull, last = 0;

	for (u32 i = 0; i < p->hdr.phnum; i++) {
		struct elf_segment *seg = &out->segment[out->segments];
		struct elf_phdr ph;

		if (!elf_entry(p, p->hdr.phoff, i, p->hdr.phentsize, &ph, sizeof(ph)))
			return refuse(p, "ELF program headers lie behind the end of the file");
		if (ph.type != PT_LOAD || ph.memsz == 0)
			continue;
		if (out->segments == ELF_SEGMENTS_MAX)
			return refuse(p, "has too many ELF segments");
		seg->data = elf_bytes(p, ph.offset, ph.filesz);
		if (!seg->data)
			return refuse(p, "is truncated: an ELF segment ends behind the file");
		seg->filesz = ph.filesz;
		seg->memsz = ph.memsz;
		seg->paddr = ph.paddr - out->paddr_offset;
		seg->vaddr = out->virt_base + seg->paddr;
		if (seg->filesz > seg->memsz || seg->paddr > ELF_SPAN_MAX ||
		    seg->memsz > ELF_SPAN_MAX - seg->paddr)
			return refuse(p, "has an ELF segment of impossible size or address");
		first = min(first, seg->paddr);
		last = max(last, seg->paddr + seg->memsz);
		out->segments++;
	}
	if (!out->segments)
		return refuse(p, "has nothing to load");
	out->virt_start = out->virt_base + ALIGN_DOWN(first, PAGE_SIZE);
	out->virt_end = out->virt_base + ALIGN_UP(last, PAGE_SIZE);
	/* As offsets: a kernel may end at the very top, where virt_end is 0. */
	if (out->entry - out->virt_start >= out->virt_end - out->virt_start)
		return refuse(p, "has its entry point outside its segments");
	if (out->has_hypercall_page &&
	    ((out->hypercall_page & ~PAGE_MASK) ||
	     out->hypercall_page - out->virt_start >= out->virt_end - out->virt_start))
		return refuse(p, "has its hypercall page outside its segments");
	return 0;
}

int __init elf_parse(const void *image, size_t size, struct elf_image *out)
{
	struct elf_parser p = {.image = image, .size = size, .out = out};
	int rc;

	memset(out, 0, sizeof(*out));
	out->why = "";
	rc = elf_check_header(&p);
	if (!rc)
		rc = elf_find_notes(&p);
	if (!rc) {
		elf_take_notes(&p, out);
		rc = elf_check_notes(&p);
	}
	if (!rc)
		rc = elf_load_segments(&p);
	return rc;
}

bool __init elf_segment(const struct elf_image *img, unsigned int i, struct elf_segment *seg)
{
	if (i >= img->segments)
		return false;
	*seg = img->segment[i];
	return true;
}
