// SPDX-License-Identifier: MIT
/* Stubs round the SYSCALL instruction, which destroys RCX and R11. */
#include "entry/hypercallpage.h"

#include "lib/abi.h"
#include "lib/string.h"

#define STUB_SIZE 32
#define STUBS 128

void hypercall_page_fill(void *page)
{
	/* push rcx; push r11; mov $nr,eax; syscall; pop r11; pop rcx; ret */
	static const u8 call[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
				  0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
	/* iret: push rcx; push r11; push rax; mov $23,eax; syscall: does not come back */
	static const u8 iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 0, 0, 0, 0, 0x0f, 0x05};
	u8 *p = page;

	memset(p, 0xcc, STUB_SIZE * STUBS);
	for (u32 nr = 0; nr < STUBS; nr++, p += STUB_SIZE) {
		if (nr == __HYPERVISOR_iret) {
			memcpy(p, iret, sizeof(iret));
			memcpy(p + 5, &nr, sizeof(nr));
		} else {
			memcpy(p, call, sizeof(call));
			memcpy(p + 4, &nr, sizeof(nr));
		}
	}
}
