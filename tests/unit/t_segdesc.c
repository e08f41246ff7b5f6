// SPDX-License-Identifier: MIT
/*
 * Guest descriptors: what is made of each kind (row h10 of docs/abi-coverage.md), which
 * frames may be a GDT (h2), and the lazy LDT (B34).
 */
#include "segdescmock.h"

#include "check.h"

static struct domain d;
static struct vcpu v;

static u64 fixed(u64 desc)
{
	CHECK(segdesc_fix(&desc));
	return desc;
}

static bool refused(u64 desc)
{
	u64 was = desc;

	return !segdesc_fix(&desc) && desc == was;
}

static void test_fix(void)
{
	CHECK_EQ(fixed(0), 0);
	CHECK_EQ(fixed(0x00af9b000000ffff), 0x00affb000000ffff); /* kernel code */
	CHECK_EQ(fixed(0x00af9a000000ffff), 0x00affa000000ffff); /* not accessed: stays so */
	CHECK_EQ(fixed(0x00cff3000000ffff), 0x00cff3000000ffff); /* user data */
	CHECK_EQ(fixed(0x00cf93000000ffff), 0x00cff3000000ffff);
	CHECK_EQ(fixed(0x0000890000000000 & ~BIT(47)), 0x0000890000000000 & ~BIT(47));
	CHECK(refused(0x0000890000000067)); /* TSS */
	CHECK(refused(0x0000820000000067)); /* LDT */
	CHECK(refused(0x0000ee0000000000)); /* interrupt gate, level 3 */
	/* A call gate stays one, and nobody can go through it. */
	CHECK_EQ(fixed(0x0000ec0000100000), 0x00008c0000130000);
	CHECK_EQ(fixed(fixed(0x0000ec0000100000)), 0x00008c0000130000);
}

static void world_start(void)
{
	world_memory(FRAMES);
	memset(frame_of(MFN(0)), 0, FRAMES * sizeof(struct frame));
	memset(refs, 0, sizeof(refs));
	memset(type_counts, 0, sizeof(type_counts));
	memset(&v, 0, sizeof(v));
	v.domain = &d;
	v.arch.kernel_root = INVALID_MFN;
	cpu_info()->running = &v;
	for (unsigned int i = 0; i < 16; i++)
		window[i] = INVALID_MFN;
}

static void test_gdt(void)
{
	unsigned long list[14] = {3, 4};
	u64 *page = mfn_to_virt(MFN(3));

	world_start();
	page[2] = 0x00af9b000000ffff;
	CHECK_EQ(hc_set_gdt((unsigned long)list, 513), 0);
	CHECK_EQ(v.arch.gdt_entries, 513);
	CHECK_EQ(page[2], 0x00affb000000ffff);
	CHECK_EQ(type_counts[3], 1);
	/* Set again: the references move, none is lost. */
	list[0] = 4;
	CHECK_EQ(hc_set_gdt((unsigned long)list, 512), 0);
	CHECK_EQ(type_counts[3] + refs[3], 0);
	CHECK_EQ(type_counts[4], 1);
	/* A frame that is mapped writable, one that is not ours, one with a TSS in it. */
	CHECK(!frame_get_and_type(MFN(5), &d, FRAME_TYPE_WRITABLE));
	list[0] = 4;
	list[1] = 5;
	CHECK_EQ(hc_set_gdt((unsigned long)list, 1024), -EINVAL);
	list[1] = 31;
	CHECK_EQ(hc_set_gdt((unsigned long)list, 1024), -EINVAL);
	list[1] = 6;
	((u64 *)mfn_to_virt(MFN(6)))[511] = 0x0000890000000067;
	CHECK_EQ(hc_set_gdt((unsigned long)list, 1024), -EINVAL);
	CHECK_EQ(type_counts[4], 1);
	CHECK_EQ(v.arch.gdt_entries, 512);
	CHECK_EQ(hc_set_gdt((unsigned long)list, 7169), -EINVAL);
	CHECK_EQ(hc_set_gdt(0, 5), -EFAULT);
	CHECK_EQ(hc_set_gdt(0, 0), 0);
	CHECK_EQ(refs[4], 0);
	CHECK_EQ(v.arch.gdt_entries, 0);
}

static void test_update(void)
{
	u64 *page = mfn_to_virt(MFN(7));

	world_start();
	CHECK_EQ(hc_update_descriptor(7 << PAGE_SHIFT | 16, 0x00cf93000000ffff), 0);
	CHECK_EQ(page[2], 0x00cff3000000ffff);
	CHECK_EQ(hc_update_descriptor(7 << PAGE_SHIFT | 17, 0), -EINVAL);
	CHECK_EQ(hc_update_descriptor(31 << PAGE_SHIFT, 0), -EINVAL);
	CHECK_EQ(hc_update_descriptor(~7UL, 0), -EINVAL);
	CHECK_EQ(hc_update_descriptor(7 << PAGE_SHIFT, 0x0000890000000067), -EINVAL);
	/* A page table is no place for it. */
	CHECK(!frame_get_and_type(MFN(8), &d, FRAME_TYPE_L1));
	CHECK_EQ(hc_update_descriptor(8 << PAGE_SHIFT, 0), -EINVAL);
	CHECK_EQ(refs[8], 1);
	CHECK_EQ(refs[7] + type_counts[7], 0);
	CHECK(!frame_get_and_type(MFN(9), &d, FRAME_TYPE_SEGDESC));
	CHECK_EQ(hc_update_descriptor(9 << PAGE_SHIFT, 0x00affb000000ffff), 0);
	CHECK_EQ(type_counts[9], 1);
}

/* Tables 10 (L4) to 13 (L1) map LDT pages at 0x40000000: frame 14, then nothing. */
static void test_ldt(void)
{
	unsigned long base = 0x40000000;

	world_start();
	for (unsigned long i = 0; i < 4; i++) {
		((u64 *)mfn_to_virt(
			MFN(10 + i)))[(base >> (39 - 9 * i)) & 511] = (11 + i) << PAGE_SHIFT | 1;
		frame_of(MFN(10 + i))->type = FRAME_TYPE_L4 - ((u32)i << FRAME_TYPE_SHIFT);
	}
	v.arch.kernel_root = MFN(10);
	CHECK_EQ(segdesc_set_ldt(&v, base + 8, 10), -EINVAL);
	CHECK_EQ(segdesc_set_ldt(&v, base, 8193), -EINVAL);
	CHECK_EQ(segdesc_set_ldt(&v, HYPERVISOR_START, 10), -EINVAL);
	CHECK_EQ(segdesc_set_ldt(&v, base, 1000), 0);
	CHECK_EQ(segdesc_ldt_fault(&v, 2 * PAGE_SIZE), -EFAULT); /* beyond its end */
	CHECK_EQ(segdesc_ldt_fault(&v, 100 * PAGE_SIZE), -EFAULT);
	CHECK_EQ(segdesc_ldt_fault(&v, PAGE_SIZE), -EFAULT); /* not mapped by the guest */
	/* What is no table any more does not lead on. */
	frame_of(MFN(12))->type = FRAME_TYPE_WRITABLE;
	CHECK_EQ(segdesc_ldt_fault(&v, 0x123), -EFAULT);
	frame_of(MFN(12))->type = FRAME_TYPE_L2;
	CHECK_EQ(segdesc_ldt_fault(&v, 0x123), 0);
	CHECK_EQ(window[0].m, 14);
	CHECK_EQ(type_counts[14], 1);
	CHECK_EQ(segdesc_ldt_fault(&v, 0x123), -EFAULT); /* that was not the reason */
	CHECK_EQ(segdesc_set_ldt(&v, 0, 0), 0);
	CHECK(mfn_eq(window[0], INVALID_MFN));
	CHECK_EQ(refs[14] + type_counts[14], 0);
	CHECK_EQ(segdesc_ldt_fault(&v, 0), -EFAULT);
	/* Mapped writable by the guest: no LDT. */
	CHECK(!frame_get_and_type(MFN(14), &d, FRAME_TYPE_WRITABLE));
	CHECK_EQ(segdesc_set_ldt(&v, base, 1000), 0);
	CHECK_EQ(segdesc_ldt_fault(&v, 0), -EFAULT);
}

int main(void)
{
	test_fix();
	test_gdt();
	test_update();
	test_ldt();
	return check_done("t_segdesc");
}
