/* SPDX-License-Identifier: MIT */
/*
 * What is done against speculative execution, decided once on the boot CPU from CPUID,
 * ARCH_CAPABILITIES and the options.  The first ten, MIT_DIV, MIT_CLEAR and MIT_ENTRY_REGS have places in assembly that are
 * patched in at boot; they cost a jump where they are off.
 */
#ifndef DAIS_MACHINE_MITIGATE_H
#define DAIS_MACHINE_MITIGATE_H

#define MIT_SMAP 0 /* not speculation: CLAC on entry, by the same patching */
#define MIT_ISOLATE 1 /* the guest's tables hide the hypervisor (Meltdown) */
#define MIT_IBRS 2 /* SPEC_CTRL.IBRS written on each entry and exit */
#define MIT_RSB 3 /* return stack filled on entry */
#define MIT_IBPB_ENTRY 4 /* branch prediction dropped on entry (Retbleed, SRSO) */
#define MIT_BHB 5 /* branch history overwritten on entry */
#define MIT_VERW 6 /* buffers cleared on exit (MDS and its kin) */
#define MIT_RETPOLINE 7
#define MIT_ENTRY 8 /* any of those on entry, but MIT_ISOLATE */
#define MIT_EXIT 9 /* any of those on exit, but MIT_ISOLATE */
#define MIT_EIBRS 10 /* IBRS stays set, or AMD's automatic IBRS */
#define MIT_IBPB 11 /* branch prediction dropped when another vCPU comes */
#define MIT_STIBP 12
#define MIT_SSBD 13
#define MIT_BHI_DIS 14
#define MIT_TSX_OFF 15
#define MIT_LFENCE 16 /* AMD: LFENCE made serialising, and other bits against errata */
#define MIT_L1TF 17 /* not-present entries that name memory are refused to domUs */
#define MIT_L1TF_DOM0 18
#define MIT_DIV 19 /* AMD's first Zen: the divider forgets what it had, on exit */
#define MIT_COUNT 20
#define MIT_ALL ((1u << MIT_COUNT) - 2) /* without SMAP */
#define MIT_AS_REAL 20 /* only an option: QEMU's emulation is taken for the real processor */
#define MIT_CLEAR 21 /* guests' values cleared from registers on entry: mitigate_clears() */
#define MIT_ENTRY_REGS 22 /* any on entry that takes RAX and RDX */

#ifndef __ASSEMBLER__

#include "lib/types.h"

struct vcpu;

/* What the decision rests on; gathered by mitigate_init(). */
struct mitigate_facts {
	bool intel, amd, smep;
	bool emulated; /* by QEMU's TCG, which does nothing ahead of time */
	u32 family, model;
	u32 leaf7_edx, leaf7_2_edx; /* CPUID 7.0 and 7.2 */
	u32 ext8_ebx, ext21_eax, ext21_ecx; /* CPUID 80000008 and 80000021 */
	u64 caps; /* MSR ARCH_CAPABILITIES, 0 where there is none */
};

/* Bits of MIT_*: what is in use.  Constant after mitigate_init(). */
extern u32 mitigations;

static inline bool mitigated(unsigned int what)
{
	return mitigations >> what & 1;
}

/* Pure: the set for a processor, with what the options force on and off. */
u32 mitigate_decide(const struct mitigate_facts *f, u32 force_on, u32 force_off);
/*
 * Pure: are guests' values cleared from the registers on entry?  On every processor, as each
 * looks ahead, but where nothing at all is to be done.
 */
bool mitigate_clears(const struct mitigate_facts *f, u32 set, u32 force_off);
/* The bit that an option's word names ("ibpb", "xpti"), -1: none. */
int mitigate_name(const char *word, unsigned int len);

/* The other way round; NULL for a bit without a word of its own. */
const char *mitigate_word(unsigned int bit);

/* BSP, before the image is read-only: decides, patches, says what is on. */
void mitigate_init(void);
/* Each CPU, when its exception handlers are in place. */
void mitigate_init_cpu(void);
/*
 * Bits of a not-present entry's frame number that this domain may not let name memory (the
 * processor reads what they name from its cache: L1TF); 0: any.
 */
u64 mitigate_l1tf_mask(bool privileged);
/* Just before this CPU loads next's state. */
void mitigate_switch(const struct vcpu *next);
/* Forgets a vCPU that is freed. */
void mitigate_forget(const struct vcpu *v);

#endif
#endif
