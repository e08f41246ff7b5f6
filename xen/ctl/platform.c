// SPDX-License-Identifier: MIT
/*
 * Calls of dom0's kernel about the machine itself: platform_op (clock, power, processors,
 * firmware data), mca, and the refusal of xenpmu_op.
 *
 * What we do not do is answered as an unknown command, so that callers go on without it.
 */
#define LOG_ROOM "platform"
#include "console/log.h"
#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/cpu.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "machine/smp.h"
#include "sched/vcpu.h"
#include "time/clock.h"
#include <xen/arch-x86/xen-mca.h>
#include <xen/platform.h>

#define OP_HEADER offsetof(struct xen_platform_op, u)

static long set_time(u64 secs, u32 nsecs, u64 system_time)
{
	if (nsecs >= 1000000000)
		return -EINVAL;
	clock_set_wallclock(secs, nsecs, (stime_t)system_time);
	return 0;
}

static long firmware_info(const struct xenpf_firmware_info *info, unsigned long arg)
{
	u8 none = 0;

	switch (info->type) {
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE:
	case XEN_FW_VBEDDC_INFO:
		/* We never ask the BIOS: the list ends before its first entry. */
		return -ESRCH;
	case XEN_FW_KBD_SHIFT_FLAGS:
		return guest_write(arg + OP_HEADER +
					   offsetof(struct xenpf_firmware_info, u.kbd_shift_flags),
				   &none, 1)
			       ? -EFAULT
			       : 0;
	default:
		/* EFI's too: a kernel that got that would call EFI services through us. */
		return -ENOSYS;
	}
}

static long enter_sleep(const struct xenpf_enter_acpi_sleep *sleep)
{
	/* The registers of machines without the PM1 pair are not ours to write yet. */
	if (sleep->flags)
		return -EINVAL;
	if (sleep->sleep_state != 5)
		return -EOPNOTSUPP;
	log_info("dom0 switches the machine off\n");
	machine_power_off(sleep->val_a, sleep->val_b);
}

static long cpu_info_get(struct xenpf_pcpuinfo *info)
{
	unsigned int cpu = info->xen_cpuid;

	info->max_present = smp_cpu_count() - 1;
	if (cpu >= smp_cpu_count()) {
		info->flags = XEN_PCPU_FLAGS_INVALID;
		info->apic_id = info->acpi_id = 0;
		return 0;
	}
	cpu = (unsigned int)index_nospec(cpu, smp_cpu_count());
	info->flags = cpumask_test(&cpu_online_map, cpu) ? XEN_PCPU_FLAGS_ONLINE : 0;
	info->apic_id = cpu_apic_id(cpu);
	info->acpi_id = cpu_acpi_id(cpu);
	return 0;
}

static long cpu_version_get(struct xenpf_pcpu_version *v)
{
	v->max_present = smp_cpu_count() - 1;
	if (v->xen_cpuid > v->max_present)
		return -EINVAL;
	/* All processors are of one kind: others are refused at bring-up. */
	memcpy(v->vendor_id, cpu_features.vendor, sizeof(v->vendor_id));
	v->family = cpu_features.family;
	v->model = cpu_features.model;
	v->stepping = cpu_features.stepping;
	return 0;
}

/* Idle time of the processors asked for, as their idle vCPUs' run state has it. */
static long idle_time(struct xenpf_getidletime *t)
{
	u32 bits = min(t->cpumap_nr_cpus, NR_CPUS);
	unsigned long map = guest_handle_addr(t->cpumap_bitmap, 0);
	u8 bytes[NR_CPUS / 8] = {0};
	u64 asked[BITMAP_WORDS(NR_CPUS)] = {0};
	unsigned int cpu;

	if (guest_read(bytes, map, (bits + 7) / 8))
		return -EFAULT;
	bitmap_from_bytes(asked, NR_CPUS, bytes, bits);
	t->now = (u64)now();
	bitmap_for_each_set(cpu, asked, NR_CPUS)
	{
		struct vcpu_runstate_info state;
		struct vcpu *idle = domain_vcpu(idle_domain, cpu);
		u64 ns;

		if (!idle || !cpumask_test(&cpu_online_map, cpu)) {
			bit_clear(asked, cpu);
			continue;
		}
		vcpu_runstate_get(idle, &state);
		ns = state.time[RUNSTATE_running];
		if (guest_write(guest_handle_addr(t->idletime, cpu), &ns, sizeof(ns)))
			return -EFAULT;
	}
	bitmap_to_bytes(bytes, bits, asked, NR_CPUS);
	return guest_write(map, bytes, (bits + 7) / 8) ? -EFAULT : 0;
}

/* Copies back one member of the union after the call filled it. */
static long answer(unsigned long arg, long rc, const void *member, size_t size)
{
	if (rc)
		return rc;
	return guest_write(arg + OP_HEADER, member, size) ? -EFAULT : 0;
}

static long dispatch(struct xen_platform_op *op, unsigned long arg)
{
	switch (op->cmd) {
	case XENPF_settime32:
		return set_time(op->u.settime32.secs, op->u.settime32.nsecs,
				op->u.settime32.system_time);
	case XENPF_settime64:
		if (op->u.settime64.mbz)
			return -EINVAL;
		return set_time(op->u.settime64.secs, op->u.settime64.nsecs,
				op->u.settime64.system_time);
	case XENPF_firmware_info:
		return firmware_info(&op->u.firmware_info, arg);
	case XENPF_enter_acpi_sleep:
		return enter_sleep(&op->u.enter_acpi_sleep);
	case XENPF_get_cpuinfo:
		return answer(arg, cpu_info_get(&op->u.pcpu_info), &op->u.pcpu_info,
			      sizeof(op->u.pcpu_info));
	case XENPF_get_cpu_version:
		return answer(arg, cpu_version_get(&op->u.pcpu_version), &op->u.pcpu_version,
			      sizeof(op->u.pcpu_version));
	case XENPF_getidletime:
		return answer(arg, idle_time(&op->u.getidletime), &op->u.getidletime,
			      sizeof(op->u.getidletime));
	case XENPF_get_symbol:
		/* None to show: the next is the one asked for, which ends the walk. */
		op->u.symdata.namelen = 0;
		op->u.symdata.address = 0;
		op->u.symdata.type = 0;
		return answer(arg, 0, &op->u.symdata, sizeof(op->u.symdata));
	default:
		/*
		 * Frequency and idle states (set_processor_pminfo among them), MTRRs,
		 * microcode, hot-plug of processors and memory are not offered.
		 */
		return -ENOSYS;
	}
}

long hc_platform_op(unsigned long arg)
{
	struct xen_platform_op op;

	if (guest_read(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	if (!current->domain->is_privileged)
		return -EPERM;
	return dispatch(&op, arg);
}

long hc_xenpmu_op(unsigned long cmd __unused, unsigned long arg __unused)
{
	return -EOPNOTSUPP;
}

/* --- machine checks --- */

static long mc_cpu_info(struct xen_mc_physcpuinfo *p, unsigned long arg)
{
	u32 room = p->ncpus, count = smp_cpu_count();

	p->ncpus = count;
	/* Without an array it is only the number that is asked for. */
	for (u32 cpu = 0; !guest_handle_null(p->info) && cpu < min(room, count); cpu++) {
		xen_mc_logical_cpu_t info = {0};

		info.mc_cpunr = info.mc_chipid = cpu;
		info.mc_ncores = info.mc_ncores_active = info.mc_nthreads = 1;
		info.mc_apicid = cpu_apic_id(cpu);
		info.mc_family = cpu_features.family;
		info.mc_vendor = cpu_features.amd ? 2 : 0; /* as Linux numbers them */
		info.mc_model = cpu_features.model;
		info.mc_step = cpu_features.stepping;
		memcpy(info.mc_vendorid, cpu_features.vendor, 12);
		if (guest_write(guest_handle_addr(p->info, cpu), &info, sizeof(info)))
			return -EFAULT;
	}
	return guest_write(arg + offsetof(struct xen_mc, u), p, sizeof(*p)) ? -EFAULT : 0;
}

/* A machine check is fatal to us (entry/trap.c), so there is never one to be fetched. */
static long mc_fetch(struct xen_mc_fetch *f, unsigned long arg)
{
	f->flags = XEN_MC_NODATA;
	f->fetch_id = 0;
	return guest_write(arg + offsetof(struct xen_mc, u), f, sizeof(*f)) ? -EFAULT : 0;
}

long hc_mca(unsigned long arg)
{
	struct xen_mc mc;

	if (!current->domain->is_privileged)
		return -EPERM;
	if (guest_read(&mc, arg, sizeof(mc)))
		return -EFAULT;
	if (mc.interface_version != XEN_MCA_INTERFACE_VERSION)
		return -EACCES;
	switch (mc.cmd) {
	case XEN_MC_physcpuinfo:
		return mc_cpu_info(&mc.u.mc_physcpuinfo, arg);
	case XEN_MC_fetch:
		return mc_fetch(&mc.u.mc_fetch, arg);
	default:
		return -ENOSYS;
	}
}
