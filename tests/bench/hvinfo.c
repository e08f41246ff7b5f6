// SPDX-License-Identifier: MIT
/*
 * Runs in dom0 and asks the hypervisor, through Linux's privcmd and no library, about itself:
 * version, processors, and where the machine's memory went.  "kept" is what neither dom0 has
 * nor anybody could get: the hypervisor's own.  With the argument "tsc" it only prints the time
 * stamp counter, which counts instructions when QEMU runs with -icount shift=0.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <xen/memory.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include <xen/xen.h>

struct privcmd_hypercall {
	uint64_t op;
	uint64_t arg[5];
};

#define IOCTL_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))
#define E820_MAX 128

struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

/* What hypercalls point to; locked, because the hypervisor does not page in. */
static struct {
	struct xen_sysctl sysctl;
	struct xen_memory_map map;
	struct e820_entry e820[E820_MAX];
	xen_extraversion_t extra;
	xen_compile_info_t compile;
	domid_t domid;
} buf __attribute__((aligned(4096)));

static int privcmd;

static long hypercall(uint64_t op, uint64_t a, const void *b)
{
	struct privcmd_hypercall call = {.op = op, .arg = {a, (uintptr_t)b}};

	return ioctl(privcmd, IOCTL_HYPERCALL, &call);
}

static uint64_t ram_bytes(void)
{
	uint64_t sum = 0;

	buf.map.nr_entries = E820_MAX;
	set_xen_guest_handle(buf.map.buffer, buf.e820);
	if (hypercall(__HYPERVISOR_memory_op, XENMEM_machine_memory_map, &buf.map))
		return 0;
	for (unsigned int i = 0; i < buf.map.nr_entries; i++)
		if (buf.e820[i].type == 1)
			sum += buf.e820[i].size;
	return sum;
}

static int report(void)
{
	const struct xen_sysctl_physinfo *p = &buf.sysctl.u.physinfo;
	long version, dom0;
	uint64_t ram;

	version = hypercall(__HYPERVISOR_xen_version, XENVER_version, NULL);
	hypercall(__HYPERVISOR_xen_version, XENVER_extraversion, &buf.extra);
	hypercall(__HYPERVISOR_xen_version, XENVER_compile_info, &buf.compile);
	printf("version %ld.%ld%.16s\n", version >> 16, version & 0xffff, buf.extra);
	printf("compiler %.64s\n", buf.compile.compiler);
	printf("compiled %.32s\n", buf.compile.compile_date);
	buf.sysctl.cmd = XEN_SYSCTL_physinfo;
	buf.sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (hypercall(__HYPERVISOR_sysctl, (uintptr_t)&buf.sysctl, NULL)) {
		perror("sysctl physinfo");
		return 1;
	}
	buf.domid = DOMID_SELF;
	dom0 = hypercall(__HYPERVISOR_memory_op, XENMEM_current_reservation, &buf.domid);
	ram = ram_bytes();
	printf("processors %u\n", p->nr_cpus);
	printf("ram_kib %llu\n", (unsigned long long)ram >> 10);
	printf("dom0_kib %ld\n", dom0 * 4);
	printf("free_kib %llu\n", (unsigned long long)p->free_pages * 4);
	printf("kept_kib %lld\n", (long long)(ram >> 10) - dom0 * 4 - (long long)p->free_pages * 4);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "tsc")) {
		printf("tsc %llu\n", (unsigned long long)__builtin_ia32_rdtsc());
		return 0;
	}
	privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (privcmd < 0) {
		perror("/dev/xen/privcmd");
		return 1;
	}
	memset(&buf, 0, sizeof(buf));
	if (mlock(&buf, sizeof(buf)))
		perror("mlock");
	return report();
}
