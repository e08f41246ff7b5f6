// SPDX-License-Identifier: MIT
/*
 * Proves entry/offsets.h right at compile time; no code comes of it.
 */
#include "entry/offsets.h"

#include "machine/percpu.h"
#include "machine/regs.h"
#include "sched/vcpu.h"

#define CHECK(type, field, constant) \
	static_assert(offsetof(struct type, field) == (constant), #constant)

CHECK(cpu_regs, r15, REGS_R15);
CHECK(cpu_regs, r14, REGS_R14);
CHECK(cpu_regs, r13, REGS_R13);
CHECK(cpu_regs, r12, REGS_R12);
CHECK(cpu_regs, rbp, REGS_RBP);
CHECK(cpu_regs, rbx, REGS_RBX);
CHECK(cpu_regs, r11, REGS_R11);
CHECK(cpu_regs, r10, REGS_R10);
CHECK(cpu_regs, r9, REGS_R9);
CHECK(cpu_regs, r8, REGS_R8);
CHECK(cpu_regs, rax, REGS_RAX);
CHECK(cpu_regs, rcx, REGS_RCX);
CHECK(cpu_regs, rdx, REGS_RDX);
CHECK(cpu_regs, rsi, REGS_RSI);
CHECK(cpu_regs, rdi, REGS_RDI);
CHECK(cpu_regs, error_code, REGS_ERROR);
CHECK(cpu_regs, entry_vector, REGS_VECTOR);
CHECK(cpu_regs, rip, REGS_RIP);
CHECK(cpu_regs, cs, REGS_CS);
CHECK(cpu_regs, rflags, REGS_RFLAGS);
CHECK(cpu_regs, rsp, REGS_RSP);
CHECK(cpu_regs, ss, REGS_SS);
static_assert(sizeof(struct cpu_regs) == REGS_SIZE, "REGS_SIZE");

CHECK(cpu_info, guest_regs, 0);
CHECK(cpu_info, running, CPU_INFO_CURRENT);
CHECK(cpu_info, deferred, CPU_INFO_DEFERRED);
CHECK(cpu_info, root, CPU_INFO_ROOT);
CHECK(cpu_info, shadow, CPU_INFO_SHADOW);
CHECK(cpu_info, shadow_stale, CPU_INFO_STALE);
CHECK(cpu_info, spec_hyp, CPU_INFO_SPEC_HYP);
CHECK(cpu_info, spec_guest, CPU_INFO_SPEC_GUEST);
CHECK(cpu_info, verw_selector, CPU_INFO_VERW);
static_assert(sizeof(struct cpu_info) == CPU_INFO_SIZE, "CPU_INFO_SIZE");
/* The processor aligns the stack to 16 before it pushes: TSS.rsp0 must be so already. */
static_assert((sizeof(struct cpu_info) - REGS_SIZE) % 16 == 0, "rsp0 alignment");

CHECK(vcpu, info, VCPU_INFO);
CHECK(vcpu, arch.kernel_mode, VCPU_KERNEL_MODE);
CHECK(vcpu, arch.nmi_pending, VCPU_NMI_PENDING);
