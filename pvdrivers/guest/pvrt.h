/* SPDX-License-Identifier: MIT */
/*
 * pvrt, a small runtime for 64-bit PV guests: its whole interface.
 *
 * A guest is one or more C files with guest_main(), linked with libpvrt.a by pvrt.lds.  It boots
 * as a domU, or with no toolstack as dom0 (the hypervisor's first module).  All of it runs in
 * guest kernel mode, with interrupts in the sense of event upcalls masked until events_enable().
 *
 * Memory: the first PVRT_MAPPED_PAGES pseudo-physical pages are mapped linearly at PVRT_BASE;
 * pages are handed out from there.  Other machine frames are mapped by map_frame().
 */
#ifndef PVRT_H
#define PVRT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/xen.h>

#define PVRT_BASE 0xffffffff80000000UL
#define PVRT_MAPPED_PAGES 24576UL /* 96 MiB */
#define PVRT_CPUS 8
#define PAGE_SIZE 4096UL

#define PTE_PRESENT 0x001UL
#define PTE_RW 0x002UL
#define PTE_USER 0x004UL
#define PTE_PWT 0x008UL
#define PTE_PCD 0x010UL
#define PTE_ACCESSED 0x020UL
#define PTE_DIRTY 0x040UL
#define PTE_PSE 0x080UL
#define PTE_GLOBAL 0x100UL
#define PTE_NX (1UL << 63)
#define PTE_MFN(pte) (((pte) >> 12) & 0xffffffffffUL)
#define PTE_KERNEL (PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY)
#define PTE_KERNEL_RO (PTE_PRESENT | PTE_ACCESSED)
#define PTE_USER_RW (PTE_KERNEL | PTE_USER)

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier() __asm__ volatile("" ::: "memory")
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- head.S, start.c --- */
extern struct start_info *start_info; /* as handed over */
extern const char *cmd_line;
extern struct shared_info *shared_info;

int guest_main(void); /* the guest's; what it returns goes to guest_exit() */

/* Prints "pvrt: end STATUS" and shuts the domain down: as a restart, which ends QEMU -no-reboot. */
_Noreturn void guest_exit(int status);
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Called by panic() when it has said why, if set; need not return. */
extern void (*panic_hook)(void);

/* The text after "NAME=" in the command line, or NULL. */
const char *option(const char *name);
static inline bool is_dom0(void)
{
	return start_info->flags & 2; /* SIF_INITDOMAIN */
}

/* --- hypercalls: the raw door; results as the hypervisor gave them --- */
static inline long hypercall(unsigned long nr, unsigned long a, unsigned long b, unsigned long c,
			     unsigned long d, unsigned long e)
{
	register unsigned long r10 __asm__("r10") = d;
	register unsigned long r8 __asm__("r8") = e;

	__asm__ volatile("syscall"
			 : "+a"(nr), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
			 :
			 : "rcx", "r11", "r9", "memory");
	return (long)nr;
}

#define HC0(nr) hypercall(nr, 0, 0, 0, 0, 0)
#define HC1(nr, a) hypercall(nr, (unsigned long)(a), 0, 0, 0, 0)
#define HC2(nr, a, b) hypercall(nr, (unsigned long)(a), (unsigned long)(b), 0, 0, 0)
#define HC3(nr, a, b, c) \
	hypercall(nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), 0, 0)
#define HC4(nr, a, b, c, d)                                                       \
	hypercall(nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), \
		  (unsigned long)(d), 0)

#define memory_op(op, arg) HC2(__HYPERVISOR_memory_op, op, arg)
#define evtchn_op(op, arg) HC2(__HYPERVISOR_event_channel_op, op, arg)
#define gnttab_op(op, arg, n) HC3(__HYPERVISOR_grant_table_op, op, arg, n)
#define sched_op(op, arg) HC2(__HYPERVISOR_sched_op, op, arg)
#define vcpu_op(op, cpu, arg) HC3(__HYPERVISOR_vcpu_op, op, cpu, arg)
#define version_op(op, arg) HC2(__HYPERVISOR_xen_version, op, arg)
#define mmu_update(list, n) HC4(__HYPERVISOR_mmu_update, list, n, NULL, DOMID_SELF)
#define mmuext_op(list, n) HC4(__HYPERVISOR_mmuext_op, list, n, NULL, DOMID_SELF)
#define update_va_mapping(va, pte, flags) HC3(__HYPERVISOR_update_va_mapping, va, pte, flags)

/* --- print.c: %s %c %d %u %x %p %%, with l, width, '-' and '0' --- */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
int print_to(char *buf, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vprint_to(char *buf, size_t size, const char *format, va_list args);
void console_write(const char *text, size_t length); /* dom0: console_io; domU: its ring */

/* --- string.c --- */
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
unsigned long parse_number(const char *s); /* decimal, or hexadecimal after 0x */

/* --- trap.c, entry.S --- */
struct regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r9, r8, r10, rdx, rsi, rdi;
	uint64_t rax, rcx, r11;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss; /* cs carries the upcall mask in bits 32-39 */
};

#define VECTOR_SYSCALL 0x100
#define VECTOR_SYSCALL32 0x101
#define VECTOR_SYSENTER 0x102
#define VECTOR_EVENT 0x103
#define VECTOR_FAILSAFE 0x104
#define VECTOR_NONE 0xffff

/* Called for every trap, first; true = dealt with.  May change the registers. */
extern bool (*trap_hook)(struct regs *r);

/* The last trap that PROBE() or an exception table entry caught. */
struct caught {
	uint64_t vector, error, rip, cr2;
};
extern struct caught caught;

void traps_init(void);
void trap_table_fill(struct trap_info *table); /* 257 entries; for set_trap_table and new vCPUs */
extern char entry_event[], entry_failsafe[], entry_syscall[], entry_syscall32[], entry_sysenter[];

/* Executes one instruction; the vector it trapped with, or VECTOR_NONE.  Details in `caught`. */
#define PROBE(insn, ...)                                                                             \
	({                                                                                           \
		caught.vector = VECTOR_NONE;                                                         \
		__asm__ volatile(                                                                    \
			"1: " insn "\n2:\n\t"                                                        \
			".pushsection .ex_table, \"a\"\n\t.quad 1b, 2b\n\t.popsection" __VA_ARGS__); \
		READ_ONCE(caught.vector);                                                            \
	})

/*
 * User mode.  user_init() makes the user root; user code is copied to USER_CODE (one page), its
 * stack ends at USER_STACK.  user_call() runs it until it makes system call 0, whose RDI is the
 * result, or until trap_hook calls user_exit().
 */
#define USER_CODE 0x400000UL
#define USER_DATA 0x401000UL
#define USER_STACK 0x404000UL
void user_init(void);
void user_load(const void *code, size_t size);
extern uint64_t user_root; /* MFN, 0 before user_init() */
uint64_t user_call(uint64_t rip, uint64_t rdi, uint64_t rsi);
_Noreturn void user_exit(uint64_t result);
extern char user_stack_top[]; /* what stack_switch names */
_Noreturn void user_enter_regs(const struct regs *r); /* leaves by the iret hypercall */

/* --- p2m.c --- */
extern uint64_t *p2m; /* of start_info->nr_pages */
uint64_t virt_to_mfn(const void *va); /* for addresses in the linear mapping */
void *mfn_to_virt(uint64_t mfn); /* NULL when it is not in the linear mapping */
uint64_t m2p(uint64_t mfn);
static inline uint64_t virt_to_pfn(const void *va)
{
	return ((uintptr_t)va - PVRT_BASE) / PAGE_SIZE;
}
static inline uint64_t virt_to_maddr(const void *va)
{
	return virt_to_mfn(va) * PAGE_SIZE + ((uintptr_t)va & (PAGE_SIZE - 1));
}

/* --- pages.c --- */
void pages_init(void);
void *page_alloc(void); /* zeroed, linear, writable; panics when there is none */
void *pages_alloc(size_t n); /* n adjoining; never given back */
void page_free(void *page);
/* The PTE for va in the tables rooted at `root` (a linear address), or NULL. Readable, not writable. */
uint64_t *pte_in(void *root, uintptr_t va);
uint64_t *table_at(void *root, uintptr_t va, int level); /* the entry of level 1..4 for va */
uint64_t *pte_of(uintptr_t va); /* in the running kernel's tables */
void *kernel_root(void); /* linear address of the L4 that start_info names */
/* Writes an entry through mmu_update; its result. */
long set_entry(const uint64_t *entry, uint64_t value);
/* Maps va (tables are made as needed) under `root`. Panics on failure. */
void map_at(void *root, uintptr_t va, uint64_t pte);
/* Maps a machine frame at a fresh kernel address. */
void *map_frame(uint64_t mfn, uint64_t flags);
uintptr_t map_reserve(size_t pages); /* fresh kernel addresses with their tables in place */
/* Changes the linear mapping of a page. 0 or the hypervisor's error. */
long page_protect(void *page, bool writable);
long pin(unsigned int cmd, const void *table); /* MMUEXT_PIN_L1_TABLE ... MMUEXT_UNPIN_TABLE */

/* --- heap.c --- */
void *heap_alloc(size_t size); /* zeroed, 16-aligned; panics when there is none */
void heap_free(void *p);

/* --- events.c --- */
typedef void event_handler(evtchn_port_t port, void *data);
void events_init(void);
void events_enable(void); /* opens this vCPU's upcall */
void events_disable(void);
void event_bind(evtchn_port_t port, event_handler *handler, void *data); /* and unmasks the port */
void event_unbind(evtchn_port_t port); /* masks and closes */
evtchn_port_t event_bind_virq(unsigned int virq, event_handler *handler, void *data);
evtchn_port_t event_bind_ipi(unsigned int cpu, event_handler *handler, void *data);
evtchn_port_t event_alloc_unbound(domid_t remote);
evtchn_port_t event_bind_interdomain(domid_t remote, evtchn_port_t port, event_handler *handler,
				     void *data);
long event_send(evtchn_port_t port);
void event_mask(evtchn_port_t port);
void event_unmask(evtchn_port_t port);
bool event_pending(evtchn_port_t port);
void event_clear(evtchn_port_t port);
void events_dispatch(void); /* serves what is pending; the upcall's body */
static inline struct vcpu_info *vcpu_info(unsigned int cpu)
{
	return &shared_info->vcpu_info[cpu];
}

/* --- grants.c: version 1 --- */
void grants_init(void);
extern struct grant_entry_v1 *grant_table;
grant_ref_t grant_access(domid_t who, uint64_t mfn, bool readonly);
bool grant_end(grant_ref_t ref); /* false while it is in use */
long grant_map(domid_t granter, grant_ref_t ref, uintptr_t va, uint32_t flags,
	       struct gnttab_map_grant_ref *op);
long grant_unmap(grant_handle_t handle, uintptr_t va);

/* --- clock.c --- */
uint64_t clock_ns(void); /* system time: since the hypervisor's boot */
uint64_t clock_wall_ns(void); /* since 1970 */
void clock_delay(uint64_t ns);
static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

/*
 * --- xenbus.c: the store, by its ring.  Results are 0, a length, or the error as -ERRNO; tx is 0
 * or a transaction.  Requests wait for their answers, with events masked or open. ---
 */
void store_init(void *page, evtchn_port_t to); /* a domU: of start_info->store_mfn, store_evtchn */
extern void (*store_idle)(void); /* instead of waiting for the port, where set */
long store_request(uint32_t type, uint32_t tx, const void *data, size_t length, char *answer,
		   size_t size); /* the answer's length; the answer cut to size, NUL behind it */
long store_read(uint32_t tx, const char *path, char *value, size_t size);
long store_write(uint32_t tx, const char *path, const char *value);
long store_directory(uint32_t tx, const char *path, char *names, size_t size); /* NUL between */
long store_mkdir(uint32_t tx, const char *path);
long store_remove(uint32_t tx, const char *path);
long store_transaction(uint32_t *tx);
long store_transaction_end(uint32_t tx, bool commit); /* -11: somebody else was quicker */
long store_watch(const char *path, const char *token);
long store_unwatch(const char *path, const char *token);
/* The oldest report of a watch that was not fetched yet; false when there is none. */
bool store_event(char *path, size_t path_size, char *token, size_t token_size);

/* --- smp.c --- */
struct cpu {
	struct cpu *self;
	unsigned int id;
};
unsigned int this_cpu(void);
void smp_init_first(void);
unsigned int smp_count(void); /* vCPUs that exist */
/* Starts a vCPU in fn(arg) with events masked; the result of VCPUOP_initialise or up. */
long smp_start(unsigned int cpu, void (*fn)(void *), void *arg);
_Noreturn void smp_stop(void); /* this vCPU down for good */

#endif
