/* SPDX-License-Identifier: MIT */
/*
 * THE table of hypercalls: number, name, number of arguments, the file that
 * handles it.  Gives the dispatch array, argument counts, names in traces,
 * counters and docs/abi-coverage.md.  Numbers not listed return -ENOSYS.
 * No include guard: it is included once per use, with HYPERCALL defined.
 */
HYPERCALL(0, set_trap_table, 1, "entry/callback.c")
HYPERCALL(1, mmu_update, 4, "mm/update.c")
HYPERCALL(2, set_gdt, 2, "mm/segdesc.c")
HYPERCALL(3, stack_switch, 2, "entry/callback.c")
HYPERCALL(4, set_callbacks, 3, "entry/callback.c")
HYPERCALL(5, fpu_taskswitch, 1, "entry/cpustate.c")
HYPERCALL(7, platform_op, 1, "ctl/platform.c")
HYPERCALL(8, set_debugreg, 2, "entry/cpustate.c")
HYPERCALL(9, get_debugreg, 1, "entry/cpustate.c")
HYPERCALL(10, update_descriptor, 2, "mm/segdesc.c")
HYPERCALL(12, memory_op, 2, "mm/memoryop.c")
HYPERCALL(13, multicall, 2, "entry/dispatch.c")
HYPERCALL(14, update_va_mapping, 3, "mm/update.c")
HYPERCALL(15, set_timer_op, 1, "time/vtimer.c")
HYPERCALL(17, xen_version, 2, "ctl/version.c")
HYPERCALL(18, console_io, 3, "console/consoleio.c")
HYPERCALL(20, grant_table_op, 3, "gnttab/gnttabop.c")
HYPERCALL(21, vm_assist, 2, "domain/assist.c")
HYPERCALL(22, update_va_mapping_otherdomain, 4, "mm/update.c")
HYPERCALL(23, iret, 0, "entry/bounce.c")
HYPERCALL(24, vcpu_op, 3, "sched/vcpuop.c")
HYPERCALL(25, set_segment_base, 2, "entry/cpustate.c")
HYPERCALL(26, mmuext_op, 4, "mm/mmuext.c")
HYPERCALL(28, nmi_op, 2, "entry/callback.c")
HYPERCALL(29, sched_op, 2, "sched/schedop.c")
HYPERCALL(30, callback_op, 2, "entry/callback.c")
HYPERCALL(32, event_channel_op, 2, "evtchn/evtchnop.c")
HYPERCALL(33, physdev_op, 2, "irq/physdev.c")
HYPERCALL(35, sysctl, 1, "ctl/sysctl.c")
HYPERCALL(36, domctl, 1, "ctl/domctl.c")
HYPERCALL(40, xenpmu_op, 2, "ctl/platform.c")
HYPERCALL(48, mca, 1, "ctl/platform.c")
