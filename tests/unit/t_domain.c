// SPDX-License-Identifier: MIT
/*
 * Domains: ids and references, creation that fails at each point, pausing, shutdown, the
 * stages of a destroy, who may do what, vm_assist, and vCPU state in and out.
 */
#include "domainmock.h"

#include "check.h"

static struct domain *create(domid_t id, int *err)
{
	struct domain_config config = {.max_vcpus = 3, .max_evtchn_port = 1023};

	return domain_create(id, &config, err);
}

static void reap(void)
{
	if (reaper_due)
		reaper_fn(NULL);
	reaper_due = false;
}

static void end(struct domain *d)
{
	while (domain_kill(d) == -ERESTART)
		;
	reap();
}

static void test_ids(void)
{
	struct domain *a, *b;
	int err = 1;

	rooms_allowed = ~0u;
	a = create(5, &err);
	CHECK(a && !err);
	CHECK(!create(5, &err));
	CHECK_EQ(err, -EEXIST);
	CHECK(!create(0x7ff0, &err));
	CHECK_EQ(err, -EINVAL);
	b = create(domain_free_id(), &err);
	CHECK(b && b->id == 6);
	CHECK(domain_get(5) == a && a->refs == 3);
	domain_put(a);
	CHECK(!domain_get(7) && !domain_get(DOMID_XEN) && !domain_get(DOMID_IO));
	CHECK(domain_get_from(1) == a);
	domain_put(a);
	CHECK(domain_get_from(6) == b);
	domain_put(b);
	CHECK(!domain_get_from(7));
	CHECK(domain_get(DOMID_SELF) == &control);
	domain_put(&control);
	CHECK(domain_of_owner(5) == a && !domain_of_owner(DOMID_XEN));
	CHECK(!domain_vcpu(a, 0) && !domain_vcpu(a, 3) && !domain_vcpu(a, ~0u));

	/* A reference keeps it, as a zombie: its id stays taken, nothing is found dead. */
	CHECK(domain_get(5) == a);
	virqs = 0;
	end(a);
	CHECK_EQ(a->dying, DOMAIN_DEAD);
	CHECK(domain_of_owner(5) == a);
	CHECK(!create(5, &err));
	domain_put(a);
	CHECK(!domain_get(5));
	reap();
	CHECK_EQ(virqs, 2);
	a = create(5, &err);
	CHECK(a);
	CHECK_EQ(domain_free_id(), 7); /* rises: 6 was the last one given */
	end(a);
	end(b);
	CHECK_EQ(rooms_up, 0);
}

/* On both sides of where a leaf of the table ends, and in its last place. */
static void test_gaps(void)
{
	static const domid_t ids[] = {3, 511, 512, 2047, 0x7fef};
	const unsigned int count = sizeof(ids) / sizeof(*ids);
	struct domain *d[sizeof(ids) / sizeof(*ids)];
	domid_t from = 1;
	int err;

	for (unsigned int i = 0; i < count; i++)
		d[i] = create(ids[i], &err);
	for (unsigned int i = 0; i < count; i++) {
		CHECK(d[i] && domain_get_from(from) == d[i]);
		domain_put(d[i]);
		CHECK(domain_get_from(ids[i]) == d[i]);
		domain_put(d[i]);
		from = ids[i] + 1;
	}
	CHECK(!domain_get_from(from) && !domain_get_from(0xffff));
	/* The place of one whose last reference has gone is passed over like an empty one. */
	while (domain_kill(d[2]) == -ERESTART)
		;
	CHECK(domain_get_from(512) == d[3]);
	domain_put(d[3]);
	reap();
	for (unsigned int i = 0; i < count; i++) {
		if (i != 2)
			end(d[i]);
	}
	CHECK(!domain_get_from(1));
}

static struct domain *in_domctl;
static bool saw_dying;

static void domctl_ends(void)
{
	if (!in_domctl)
		return;
	saw_dying = domain_is_dying(in_domctl);
	in_domctl->ctl_lock.head++;
	in_domctl = NULL;
}

/* A destroy waits for who is setting the domain up: later ones see that it is dying. */
static void test_destroy_beside_domctl(void)
{
	int err;
	struct domain *d = create(8, &err);

	CHECK(d);
	d->ctl_lock.tail++;
	in_domctl = d;
	host_others = domctl_ends;
	end(d);
	CHECK(!in_domctl && saw_dying);
	host_others = NULL;
	in_domctl = NULL;
}

static void test_creation_fails(void)
{
	int err;
	struct domain *d;

	for (rooms_allowed = 0; rooms_allowed < 8; rooms_allowed++) {
		CHECK(!create(9, &err));
		CHECK_EQ(err, -ENOMEM);
		CHECK_EQ(rooms_up, 0);
		CHECK(!domain_of_owner(9));
	}
	rooms_allowed = ~0u;
	d = create(9, &err);
	CHECK(d);
	end(d);
	CHECK_EQ(rooms_up, 0);
}

/* What one vCPU finds in its vcpu_info no other has written, of whatever domain. */
static void test_many_vcpus(void)
{
	struct domain_config config = {.max_vcpus = 34, .max_evtchn_port = 1023};
	struct vcpu *v, *w;
	struct domain *d;
	int err;

	d = domain_create(3, &config, &err);
	v = vcpu_create(d, 32);
	w = vcpu_create(d, 33);
	CHECK(v->info != w->info);
	CHECK(v->info->evtchn_upcall_mask == 1 && w->info->evtchn_upcall_mask == 1);
	CHECK(vcpu_create(d, 31)->info == &d->shared_info->vcpu_info[31]);
	end(d);
}

static void test_life(void)
{
	int err;
	struct domain *d = create(3, &err);
	struct vcpu *v = vcpu_create(d, 1);

	CHECK(v && domain_vcpu(d, 1) == v);
	CHECK(!vcpu_create(d, 1) && !vcpu_create(d, 3));
	CHECK(v->info == &d->shared_info->vcpu_info[1]);
	CHECK_EQ(d->shared_info->vcpu_info[31].evtchn_upcall_mask, 1);
	CHECK_EQ(v->arch.debugreg[6], 0xffff0ff0);
	CHECK_EQ(d->pause_count, 1);
	rechecks = waits = 0;
	domain_unpause(d);
	CHECK_EQ(rechecks, 1);
	domain_pause(d);
	CHECK_EQ(waits, 1);
	domain_unpause(d);

	CHECK_EQ(domain_resume(d), -EINVAL);
	virqs = 0;
	domain_shutdown(d, SHUTDOWN_suspend);
	domain_crash(d, "second reason %d", 1);
	CHECK_EQ(d->shutdown_code, SHUTDOWN_suspend);
	CHECK_EQ(virqs, 1);
	CHECK_EQ(d->pause_count, 1);
	CHECK_EQ(domain_resume(d), 0);
	CHECK_EQ(d->shutdown_code, ~0u);
	CHECK_EQ(d->pause_count, 0);
	/* A code that it latched counts, whatever ends it; no second one; the next life has none. */
	CHECK(domain_latch_shutdown_code(d, SHUTDOWN_reboot));
	CHECK(!domain_latch_shutdown_code(d, SHUTDOWN_poweroff));
	CHECK(!d->is_shut_down);
	domain_crash(d, "third");
	CHECK(d->is_shut_down && d->shutdown_code == SHUTDOWN_reboot);
	CHECK_EQ(domain_resume(d), 0);
	CHECK(domain_latch_shutdown_code(d, 77));
	domain_shutdown(d, SHUTDOWN_poweroff);
	CHECK_EQ(d->shutdown_code, SHUTDOWN_crash);
	CHECK_EQ(domain_resume(d), 0);
	domain_crash(d, "fourth");
	CHECK(d->is_shut_down && d->shutdown_code == SHUTDOWN_crash);

	/* Frames: one pinned, one that somebody else has mapped. */
	chunk_bits = 1;
	for (unsigned int m = 20; m < 24; m++) {
		frame_of(MFN(m))->ref = FRAME_IN_USE | FRAME_ALLOCATED | 3ULL << FRAME_OWNER_SHIFT |
					1;
		d->mem.tot_pages++;
		if (!d->mem.owned_pages++)
			domain_ref(d);
	}
	frame_of(MFN(21))->type = FRAME_TYPE_L4 | FRAME_PINNED | 1;
	v->arch.kernel_root = MFN(10);
	unpinned = 0;
	cpu_info()->deferred = 1;
	end(d);
	cpu_info()->deferred = 0;
	CHECK_EQ(unpinned, 1);
	CHECK_EQ(rooms_up, 0);
	for (unsigned int m = 20; m < 24; m++)
		CHECK_EQ(frame_of(MFN(m))->ref & FRAME_REFS_MASK, 0);
	memset(frame_of(MFN(0)), 0, max_mfn * sizeof(struct frame));
}

static void test_machine_follows(void)
{
	static const struct {
		u32 reason;
		bool noreboot;
		int then;
	} rows[] = {
		{SHUTDOWN_poweroff, false, HALTED},
		{SHUTDOWN_reboot, false, REBOOTED},
		{SHUTDOWN_reboot, true, REBOOTED},
		{SHUTDOWN_crash, false, REBOOTED},
		{SHUTDOWN_crash, true, HALTED},
		{SHUTDOWN_watchdog, true, HALTED},
		{77, false, REBOOTED},
	};

	for (volatile unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		options.noreboot = rows[i].noreboot;
		machine = RUNS;
		if (!setjmp(machine_end))
			domain_shutdown(&control, rows[i].reason);
		CHECK_EQ(machine, rows[i].then);
	}
}

static void test_privilege(void)
{
	struct domain a = {.id = 1}, b = {.id = 2}, idle = {.id = DOMID_IDLE, .is_idle = true};

	CHECK(privileged(&control, PRIV_SYSTEM, NULL) && !privileged(&a, PRIV_SYSTEM, NULL));
	CHECK(privileged(&control, PRIV_CONTROL, &a) && !privileged(&a, PRIV_CONTROL, &b));
	CHECK(!privileged(&a, PRIV_CONTROL, &a) && !privileged(&a, PRIV_CONTROL, &control));
	for (unsigned int p = 0; p < PRIV_COUNT; p++) {
		CHECK(!privileged(&a, p, &b));
		CHECK(!privileged(&a, p, &control));
		CHECK(!privileged(&a, p, NULL));
		CHECK(!privileged(&control, p, &idle));
	}
	CHECK(privileged(&a, PRIV_GRANT_TABLE, &a) && privileged(&control, PRIV_GRANT_TABLE, &a));
}

static void test_assist(void)
{
	control.vm_assist = 0;
	CHECK_EQ(hc_vm_assist(0, VMASST_TYPE_writable_pagetables), 0);
	CHECK_EQ(hc_vm_assist(0, 32), 0);
	CHECK_EQ(control.vm_assist, BIT(2) | BIT(32));
	CHECK_EQ(hc_vm_assist(1, 32), 0);
	CHECK_EQ(control.vm_assist, BIT(2));
	CHECK_EQ(hc_vm_assist(2, 2), -ENOSYS);
	CHECK_EQ(hc_vm_assist(0, 6), -EINVAL);
	CHECK_EQ(hc_vm_assist(0, 99), -EINVAL);
	CHECK_EQ(hc_vm_assist(2, 99), -EINVAL);
}

static struct vcpu_guest_context *context(void)
{
	static struct vcpu_guest_context c;

	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel | VGCF_syscall_disables_events;
	c.user_regs.rip = 0xffffffff81000000;
	c.user_regs.rflags = 0x1000 | EFLAGS_VM | EFLAGS_TF;
	c.user_regs.cs = 0x10;
	c.user_regs.ss = 0x18;
	c.user_regs.ds = SEL_HYP_SS;
	c.user_regs.rbx = 0xb;
	c.ctrlreg[3] = 10 << PAGE_SHIFT;
	c.ctrlreg[4] = ~0UL;
	c.kernel_sp = 0xffff888000001000;
	c.gdt_frames[0] = 12;
	c.gdt_ents = 16;
	c.event_callback_eip = 0xffffffff81001000;
	c.debugreg[0] = HYPERVISOR_START + 8;
	c.debugreg[1] = 0x1234;
	c.debugreg[7] = ~(1UL << 20);
	c.trap_ctxt[14].address = 0xffffffff81002000;
	c.trap_ctxt[14].cs = 0x10;
	return &c;
}

static int set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	int ret;

	while ((ret = vcpu_set_context(v, c)) == -ERESTART)
		;
	return ret;
}

static void test_context(void)
{
	static struct vcpu_guest_context out;
	struct vcpu_guest_context *c = context();
	int err;
	struct domain *d = create(4, &err);
	struct vcpu *v = vcpu_create(d, 0);

	/* Everything that has to be refused, and nothing is taken. */
	static const struct {
		size_t where;
		unsigned long value;
	} bad[] = {
		{offsetof(struct vcpu_guest_context, user_regs.rip), 0x0001000000000000},
		{offsetof(struct vcpu_guest_context, user_regs.rip), HYPERVISOR_START},
		{offsetof(struct vcpu_guest_context, user_regs.rsp), 0x8000000000000000},
		{offsetof(struct vcpu_guest_context, fs_base), 0x0000800000000000},
		{offsetof(struct vcpu_guest_context, gs_base_user), 0xffff7fffffffffff},
		{offsetof(struct vcpu_guest_context, kernel_sp), 1UL << 62},
		{offsetof(struct vcpu_guest_context, trap_ctxt[3].address), HYPERVISOR_END - 1},
		{offsetof(struct vcpu_guest_context, gdt_ents), 7169},
		{offsetof(struct vcpu_guest_context, gdt_ents), 1UL << 32},
		{offsetof(struct vcpu_guest_context, ldt_ents), 8193},
		{offsetof(struct vcpu_guest_context, ctrlreg[3]), 11 << PAGE_SHIFT},
		/* User mode without a user root: there would be nothing to load. */
		{offsetof(struct vcpu_guest_context, flags), 0},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		c = context();
		memcpy((u8 *)c + bad[i].where, &bad[i].value, sizeof(bad[i].value));
		CHECK_EQ(set(v, c), -EINVAL);
		CHECK(!v->initialised && mfn_eq(v->arch.kernel_root, INVALID_MFN));
	}

	/* A root that an attempt left behind does not stand in the way of another. */
	c = context();
	c->ctrlreg[1] = 11 << PAGE_SHIFT;
	CHECK_EQ(set(v, c), -EINVAL);
	CHECK(!v->initialised && v->arch.kernel_root.m == 10);
	c = context();
	c->ctrlreg[3] = 14 << PAGE_SHIFT;
	CHECK_EQ(set(v, c), 0);
	CHECK_EQ(v->arch.kernel_root.m, 14);
	while (vcpu_reset(v) == -ERESTART)
		;
	m2p_shown = 0;
	CHECK_EQ(set(v, context()), 0);
	CHECK_EQ(m2p_shown, 1); /* A65: not to user mode */
	CHECK(v->initialised && v->arch.kernel_mode);
	CHECK_EQ(v->regs.rflags, EFLAGS_IF | EFLAGS_TF | 2);
	CHECK_EQ(v->arch.iopl, 1);
	CHECK_EQ(v->regs.cs, 0x13);
	CHECK_EQ(v->arch.ds, 0);
	CHECK_EQ(v->arch.debugreg[0], 0);
	CHECK_EQ(v->arch.debugreg[1], 0x1234);
	CHECK_EQ(v->arch.debugreg[7] & 0x2000, 0);
	CHECK_EQ(v->arch.debugreg[7] & 0xff, 0xf3); /* the second would watch a port */
	CHECK_EQ(v->arch.cr4, 0x660 | 4 | 8);
	CHECK_EQ(v->arch.traps[14].cs, 0x13);
	CHECK(v->arch.syscall_callback.mask_events && !v->arch.failsafe_callback.mask_events);
	c = context();
	c->ctrlreg[3] = 13 << PAGE_SHIFT;
	CHECK_EQ(set(v, c), -EBUSY);

	vcpu_get_context(v, &out);
	CHECK_EQ(out.ctrlreg[3], 10 << PAGE_SHIFT);
	CHECK_EQ(out.ctrlreg[1], 0);
	CHECK_EQ(out.user_regs.rbx, 0xb);
	CHECK_EQ(out.user_regs.rflags & 0x3000, 0x1000);
	CHECK_EQ(out.gdt_ents, 16);
	CHECK_EQ(out.flags, VGCF_in_kernel | VGCF_syscall_disables_events | VGCF_I387_VALID);
	CHECK_EQ(set(v, &out), 0); /* what we give we take */

	while ((err = vcpu_reset(v)) == -ERESTART)
		;
	CHECK_EQ(err, 0);
	CHECK(!v->initialised && mfn_eq(v->arch.kernel_root, INVALID_MFN));
	CHECK_EQ(v->arch.gdt_entries, 0);
	end(d);
}

static void test_selectors(void)
{
	CHECK_EQ(guest_selector(0), 0);
	CHECK_EQ(guest_selector(3), 3);
	CHECK_EQ(guest_selector(0x10), 0x13);
	CHECK_EQ(guest_selector(0xe008), 0);
	CHECK_EQ(guest_selector(0xe040), 0);
	CHECK_EQ(guest_selector(0xe033), 0xe033);
	CHECK_EQ(guest_selector(0xe030), 0xe033);
	CHECK_EQ(guest_selector(0xe00c), 0xe00f); /* in the LDT */
	CHECK(guest_address_ok(0x00007fffffffffff) && !guest_address_ok(0x0000800000000000));
	CHECK(guest_address_ok(HYPERVISOR_END) && !guest_address_ok(HYPERVISOR_END - 1));
}

int main(void)
{
	control_vcpu.domain = &control;
	cpu_info()->running = &control_vcpu;
	world_memory(64);
	memset(frame_of(MFN(0)), 0, 64 * sizeof(struct frame));
	domain_table_init();
	test_ids();
	test_gaps();
	test_destroy_beside_domctl();
	test_creation_fails();
	test_many_vcpus();
	test_life();
	test_machine_follows();
	test_privilege();
	test_assist();
	test_context();
	test_selectors();
	return check_done("t_domain");
}
