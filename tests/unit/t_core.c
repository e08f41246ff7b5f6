// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/dom/core.c and corefile.c over a host of a few frames: a core has the sections of
 * Xen's dump-core format, in it the domain's own frames, all of them and no others; one that
 * cannot be written whole leaves nothing behind; and of two who write at once the second waits.
 */
#include "check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xen/domctl.h>
#include <xen/elfnote.h>

#include "dom/corefile.h"
#include "dom/coreplace.h"
#include "dom/host.h"
#include "hv/inspect.h"
#include "hv/memory.h"
#include "hv/sysctl.h"

#define DOMID 5u
#define HOST_FRAMES 3000u /* more than are asked about in one call */
#define OWN(mfn) ((mfn) % 3 == 1)
#define BROKEN 1000u /* own, by its number, but no good */
#define NAMELESS 1003u /* own, but not to the machine-to-physical table */
#define GONE 1006u /* own, but not to be mapped any more */
#define EMPTY 1009u
#define SHARED_INFO 2999u
#define PFN(mfn) (10000u - (mfn))

static struct dais host;
static struct dais_error err;
static int fail_types, maps;
static char page[CORE_PAGE];

static void fill(uint64_t *to, uint64_t mfn)
{
	for (size_t i = 0; i < CORE_PAGE / sizeof(*to); i++)
		to[i] = mfn == EMPTY ? 0 : mfn << 32 | i;
}

int hv_domain_info(struct hv *hv, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
	CHECK(hv == &host.hv);
	if (domid != DOMID) {
		errno = ESRCH;
		return -1;
	}
	*info = (struct xen_domctl_getdomaininfo){.max_vcpu_id = 3,
						  .shared_info_frame = SHARED_INFO};
	return 0;
}

int domain_failed(struct dais_error *e, const char *what, uint32_t domid)
{
	CHECK_EQ(domid, DOMID + 1);
	return dais_fail(e, DAIS_NO_DOMAIN, what, NULL, "no");
}

/* Two of four were started. */
int hv_get_context(struct hv *hv, uint32_t domid, uint32_t vcpu, struct vcpu_guest_context *context)
{
	CHECK(hv == &host.hv && domid == DOMID);
	if (vcpu == 1 || vcpu == 2) {
		errno = ENODATA;
		return -1;
	}
	memset(context, 0, sizeof(*context));
	context->user_regs.rip = 0xffff0000u + vcpu;
	return 0;
}

int hv_frame_types(struct hv *hv, uint32_t domid, xen_pfn_t *frames, size_t count)
{
	CHECK(hv == &host.hv && domid == DOMID && count && count <= HV_TYPES_MAX);
	if (fail_types) {
		errno = EFAULT;
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		frames[i] = !OWN(frames[i])       ? XEN_DOMCTL_PFINFO_XTAB
			    : frames[i] == BROKEN ? XEN_DOMCTL_PFINFO_BROKEN
			    : frames[i] % 2 ? XEN_DOMCTL_PFINFO_L1TAB | XEN_DOMCTL_PFINFO_LPINTAB
					    : XEN_DOMCTL_PFINFO_NOTAB;
	return 0;
}

int hv_m2p_pieces(struct hv *hv, xen_pfn_t *first, size_t max)
{
	CHECK(hv == &host.hv && max > 1);
	first[0] = 77;
	return 1;
}

/* Nothing is said of frames beyond the host's: reading there would end the test. */
const xen_pfn_t *hv_m2p_map(struct hv *hv, xen_pfn_t first, int errors[HV_M2P_FRAMES])
{
	size_t pages = (HOST_FRAMES * sizeof(xen_pfn_t) + CORE_PAGE - 1) / CORE_PAGE;
	xen_pfn_t *m2p = malloc(pages * CORE_PAGE);

	CHECK(hv == &host.hv && first == 77);
	for (size_t i = 0; i < HV_M2P_FRAMES; i++)
		errors[i] = i < pages ? 0 : -ENOENT;
	for (size_t i = 0; i < pages * CORE_PAGE / sizeof(*m2p); i++)
		m2p[i] = i < HOST_FRAMES && i != NAMELESS ? PFN(i) : ~0ul;
	maps++;
	return m2p;
}

const void *hv_map_some(struct hv *hv, uint32_t domid, const xen_pfn_t *mfn, int *errors,
			size_t count)
{
	char *pages = malloc(count * CORE_PAGE);

	CHECK(hv == &host.hv && domid == DOMID);
	for (size_t i = 0; i < count; i++) {
		CHECK(OWN(mfn[i]));
		errors[i] = mfn[i] == GONE ? -EINVAL : 0;
		fill((void *)(pages + i * CORE_PAGE), mfn[i]);
	}
	maps++;
	return pages;
}

void *hv_map(struct hv *hv, uint32_t domid, int prot __attribute__((unused)), const xen_pfn_t *mfn,
	     size_t count)
{
	CHECK(hv == &host.hv && domid == DOMID && *mfn == SHARED_INFO && count == 1);
	memset(page, 0x5a, sizeof(page));
	maps++;
	return page;
}

void hv_unmap(struct hv *hv __attribute__((unused)), void *at, size_t count __attribute__((unused)))
{
	maps -= at != NULL;
	if (at != page)
		free(at);
}

int hv_version(struct hv *hv __attribute__((unused)), unsigned int *major, unsigned int *minor)
{
	*major = 4;
	*minor = 17;
	return 0;
}

int hv_version_answer(struct hv *hv __attribute__((unused)), unsigned int cmd, void *answer,
		      size_t size)
{
	memset(answer, (int)cmd, size);
	return 0;
}

static struct statvfs disk = {.f_frsize = 1024, .f_blocks = 1 << 20, .f_bavail = 1 << 19};

int fstatvfs(int fd, struct statvfs *fs)
{
	CHECK(fd >= 0);
	*fs = disk;
	return 0;
}

/* What others do in the moment before a lock is asked for, once. */
static void (*before_lock)(void);

int flock(int fd, int how)
{
	void (*others)(void) = before_lock;

	before_lock = NULL;
	if (others)
		others();
	return (int)syscall(SYS_flock, fd, how);
}

static char file[64], fresh[80];
static const struct dais_domain domain = {.domid = DOMID, .name = "d"};

static char *read_core(size_t *size)
{
	struct stat st;
	int fd = open(file, O_RDONLY);
	char *core;

	CHECK(fd >= 0 && !fstat(fd, &st));
	*size = (size_t)st.st_size;
	/* Only for its owner, and what is empty takes no room. */
	CHECK_EQ(st.st_mode & 07777, 0600);
	core = malloc(*size);
	CHECK_EQ(read(fd, core, *size), st.st_size);
	close(fd);
	return core;
}

static const Elf64_Shdr *section(const char *core, size_t size, const char *name)
{
	const Elf64_Ehdr *elf = (const void *)core;
	const Elf64_Shdr *s = (const void *)(core + elf->e_shoff);

	for (unsigned int i = 1; i < elf->e_shnum; i++) {
		CHECK(s[i].sh_offset + s[i].sh_size <= size);
		if (!strcmp(core + s[elf->e_shstrndx].sh_offset + s[i].sh_name, name))
			return &s[i];
	}
	CHECK(!name);
	exit(check_done("core"));
}

static void check_notes(const char *core, size_t size, size_t frames)
{
	const Elf64_Shdr *s = section(core, size, ".note.Xen");
	static const uint32_t sizes[] = {0, 32, 1280, 8};
	const char *at = core + s->sh_offset;
	const uint64_t *is;

	CHECK_EQ(s->sh_type, SHT_NOTE);
	for (uint32_t i = 0; i < 4; i++) {
		Elf64_Nhdr head;

		memcpy(&head, at, sizeof(head));
		CHECK(head.n_type == XEN_ELFNOTE_DUMPCORE_NONE + i && head.n_namesz == 4 &&
		      head.n_descsz == sizes[i] && !memcmp(at + sizeof(head), "Xen", 4));
		at += sizeof(head) + 4;
		is = (const void *)at;
		if (i == 1)
			CHECK(is[0] == 0xf00febed && is[1] == 2 && is[2] == frames &&
			      is[3] == 4096);
		else if (i == 2)
			CHECK(is[0] == 4 && is[1] == 17 && is[159] == 4096 &&
			      at[16] == XENVER_extraversion && at[32] == XENVER_compile_info &&
			      at[176] == XENVER_capabilities && at[1200] == XENVER_changeset &&
			      at[1264] == XENVER_platform_parameters);
		else if (i == 3)
			CHECK_EQ(is[0], 1);
		at += head.n_descsz;
	}
	CHECK_EQ(at - core, (long)(s->sh_offset + s->sh_size));
}

static void test_whole(void)
{
	const struct vcpu_guest_context *vcpus;
	const struct core_frame *frames;
	const Elf64_Shdr *s, *pages;
	size_t size, count, own = 0;
	const Elf64_Ehdr *elf;
	uint64_t expected[CORE_PAGE / 8];
	char *core;

	CHECK_EQ(dais_dump_core(&host, &domain, file, &err), 0);
	core = read_core(&size);
	elf = (const void *)core;
	CHECK(!memcmp(elf->e_ident, ELFMAG "\2\1\1", 7));
	CHECK(elf->e_type == ET_CORE && elf->e_machine == EM_X86_64 && !elf->e_phnum);
	s = section(core, size, ".xen_prstatus");
	vcpus = (const void *)(core + s->sh_offset);
	CHECK(s->sh_size == 2 * sizeof(*vcpus) && s->sh_entsize == sizeof(*vcpus));
	CHECK(vcpus[0].user_regs.rip == 0xffff0000 && vcpus[1].user_regs.rip == 0xffff0003);
	s = section(core, size, ".xen_shared_info");
	CHECK(s->sh_size == 4096 && !memcmp(core + s->sh_offset, page, sizeof(page)));
	s = section(core, size, ".xen_p2m");
	frames = (const void *)(core + s->sh_offset);
	count = s->sh_size / sizeof(*frames);
	pages = section(core, size, ".xen_pages");
	CHECK(pages->sh_size == count * CORE_PAGE && pages->sh_offset % CORE_PAGE == 0 &&
	      pages->sh_addralign == CORE_PAGE && size == pages->sh_offset + pages->sh_size);
	for (uint64_t mfn = 0; mfn < HOST_FRAMES; mfn++)
		own += OWN(mfn) && mfn != NAMELESS && mfn != BROKEN;
	CHECK_EQ(count, own);
	for (size_t i = 0; i < count; i++) {
		fill(expected, frames[i].mfn);
		if (frames[i].mfn == GONE)
			memset(expected, 0, sizeof(expected));
		CHECK(OWN(frames[i].mfn) && frames[i].pfn == PFN(frames[i].mfn));
		CHECK(!i || frames[i - 1].pfn < frames[i].pfn);
		CHECK(!memcmp(core + pages->sh_offset + i * CORE_PAGE, expected, CORE_PAGE));
	}
	check_notes(core, size, count);
	free(core);
	CHECK_EQ(maps, 0);
}

static void nothing_left(void)
{
	CHECK(access(file, F_OK) && access(fresh, F_OK));
	CHECK_EQ(maps, 0);
}

static void test_failing(void)
{
	static const struct dais_domain none = {.domid = DOMID + 1, .name = "n"},
					dom0 = {.domid = 0};
	const struct rlimit little = {64 << 10, RLIM_INFINITY},
			    much = {RLIM_INFINITY, RLIM_INFINITY};

	unlink(file);
	CHECK(dais_dump_core(&host, &none, file, &err) && err.code == DAIS_NO_DOMAIN);
	CHECK(dais_dump_core(&host, &dom0, file, &err) && err.code == DAIS_STATE);
	fail_types = 1;
	CHECK(dais_dump_core(&host, &domain, file, &err) && err.errnum == EFAULT);
	fail_types = 0;
	nothing_left();
	/* A file system of 1 GiB keeps 51 MiB, one of 1 TiB a GiB; the core takes some 4. */
	disk.f_bavail = 54 << 10;
	CHECK(dais_dump_core(&host, &domain, file, &err) && err.code == DAIS_FAILED &&
	      strstr(err.why, "51 MiB are kept"));
	nothing_left();
	disk.f_bavail = 56 << 10;
	CHECK(!dais_dump_core(&host, &domain, file, &err) && !unlink(file));
	disk.f_blocks = 1 << 30;
	disk.f_bavail = (1 << 20) + (3 << 10);
	CHECK(dais_dump_core(&host, &domain, file, &err));
	disk.f_bavail = (1 << 20) + (5 << 10);
	CHECK(!dais_dump_core(&host, &domain, file, &err) && !unlink(file));
	/* A file system that is full, at each part of the file. */
	signal(SIGXFSZ, SIG_IGN);
	for (struct rlimit limit = little; limit.rlim_cur < 4 << 20; limit.rlim_cur *= 2) {
		setrlimit(RLIMIT_FSIZE, &limit);
		CHECK(dais_dump_core(&host, &domain, file, &err) && err.errnum == EFBIG);
		nothing_left();
	}
	for (rlim_t most = 0; most < 2048; most += 100) {
		const struct rlimit limit = {most, RLIM_INFINITY};

		setrlimit(RLIMIT_FSIZE, &limit);
		CHECK(dais_dump_core(&host, &domain, file, &err) && err.errnum == EFBIG);
		nothing_left();
	}
	setrlimit(RLIMIT_FSIZE, &much);
	CHECK(dais_dump_core(&host, &domain, "/nonexistent/core", &err) && err.errnum == ENOENT);
}

static int other = -1; /* another's descriptor of the fresh file */

static void other_begins(void)
{
	other = open(fresh, O_WRONLY | O_CREAT | O_EXCL, 0600);
	CHECK(other >= 0 && !syscall(SYS_flock, other, LOCK_EX | LOCK_NB));
	CHECK_EQ(write(other, "theirs", 6), 6);
}

static void other_finishes(void)
{
	CHECK(!rename(fresh, file) && !close(other));
}

static void other_dies(void)
{
	CHECK(!close(other));
}

static void other_fails(void)
{
	CHECK(!unlink(fresh) && !close(other));
}

/* Finds a file that is made but not locked yet. */
static void other_takes_it_for_a_rest(void)
{
	CHECK(!unlink(fresh));
}

static bool is_theirs(void)
{
	char text[8] = "";
	int fd = open(file, O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && !close(fd));
	return !strcmp(text, "theirs");
}

static void test_two(void)
{
	static void (*const ends[])(void) = {other_dies, other_fails};

	/* The second of two has what the first wrote, whatever became of the domain since. */
	unlink(file);
	other_begins();
	before_lock = other_finishes;
	fail_types = 1;
	CHECK_EQ(dais_dump_core(&host, &domain, file, &err), 0);
	fail_types = 0;
	CHECK(!before_lock && is_theirs() && access(fresh, F_OK));
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		other_begins();
		before_lock = ends[i];
		CHECK(!dais_dump_core(&host, &domain, file, &err) && !before_lock);
		CHECK(!is_theirs() && access(fresh, F_OK) && !unlink(file));
	}
	before_lock = other_takes_it_for_a_rest;
	test_whole();
	CHECK(!before_lock);
}

/* What stands in the place, and is no rest of ours, is not waited for, and not written to. */
static void test_rests(void)
{
	char none[80];
	int fd;

	other_begins();
	close(other);
	test_whole();
	CHECK(access(fresh, F_OK));
	snprintf(none, sizeof(none), "%s.none", file);
	CHECK(!symlink(none, fresh));
	test_whole();
	CHECK(access(none, F_OK) && access(fresh, F_OK));
	CHECK(!mkfifo(fresh, 0600));
	test_whole();
	fd = open(fresh, O_RDWR | O_CREAT | O_EXCL, 0644);
	CHECK(fd >= 0 && !fchmod(fd, 0644) && !syscall(SYS_flock, fd, LOCK_EX));
	test_whole();
	CHECK(access(fresh, F_OK) && !close(fd));
	CHECK(!mkdir(fresh, 0700));
	CHECK(dais_dump_core(&host, &domain, file, &err) && err.code == DAIS_FAILED);
	CHECK(!rmdir(fresh) && !unlink(file));
}

static void test_tidy(void)
{
	static const char *const names[] = {"dead.core.new", "alive.core.new", "whole.core",
					    "x.new", ".core.new"};
	char dir[] = "/tmp/t_core.XXXXXX", path[80];
	int fd[5];

	CHECK(mkdtemp(dir) != NULL);
	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		fd[i] = open(path, O_CREAT | O_WRONLY, 0600);
		CHECK(fd[i] >= 0 && !syscall(SYS_flock, fd[i], LOCK_EX | LOCK_NB));
		if (i != 1)
			close(fd[i]);
	}
	coreplace_tidy(dir);
	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		CHECK_EQ(unlink(path) == 0, i != 0);
	}
	close(fd[1]);
	CHECK(!rmdir(dir));
	coreplace_tidy(dir);
}

/* Wherever a name points to, its core is in the one directory, and not hidden. */
static void test_path(void)
{
	static const struct {
		const char *name, *path;
	} rows[] = {
		{"d", "/var/lib/dais/dump/d.core"},
		{"web.1", "/var/lib/dais/dump/web.1.core"},
		{"../../../etc/x", "/var/lib/dais/dump/_._.._.._etc_x.core"},
		{"/etc/x", "/var/lib/dais/dump/_etc_x.core"},
		{"..", "/var/lib/dais/dump/_..core"},
		{"a\nb", "/var/lib/dais/dump/a_b.core"},
		{"", "/var/lib/dais/dump/_core"},
	};
	struct dais_domain d = {.domid = DOMID};
	char path[320];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(d.name, sizeof(d.name), "%s", rows[i].name);
		CHECK(!strcmp(dais_dump_path(&d, path, sizeof(path)), rows[i].path));
	}
	memset(d.name, '/', sizeof(d.name) - 1);
	CHECK(!strchr(dais_dump_path(&d, path, sizeof(path)) + strlen("/var/lib/dais/dump/"), '/'));
	CHECK_EQ(strlen(path), strlen("/var/lib/dais/dump/.core") + 240);
	dais_dump_path(&d, path, 30);
	CHECK_EQ(strlen(path), 29);
}

int main(void)
{
	snprintf(file, sizeof(file), "/tmp/t_core.%ld", (long)getpid());
	snprintf(fresh, sizeof(fresh), "%s.new", file);
	test_path();
	test_whole();
	/* What was there is replaced. */
	test_whole();
	test_failing();
	test_two();
	test_rests();
	test_tidy();
	return check_done("core");
}
