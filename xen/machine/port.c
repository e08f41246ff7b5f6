// SPDX-License-Identifier: MIT
/* I/O ports for rooms that may not hold assembly; widths are 1, 2 or 4 bytes. */
#include "machine/machine.h"

u32 port_in(u16 port, unsigned int bytes)
{
	u32 value = 0;

	switch (bytes) {
	case 1:
		asm volatile("inb %1, %b0" : "+a"(value) : "Nd"(port));
		break;
	case 2:
		asm volatile("inw %1, %w0" : "+a"(value) : "Nd"(port));
		break;
	default:
		asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	}
	return value;
}

void port_out(u16 port, unsigned int bytes, u32 value)
{
	switch (bytes) {
	case 1:
		asm volatile("outb %b0, %1" ::"a"(value), "Nd"(port));
		break;
	case 2:
		asm volatile("outw %w0, %1" ::"a"(value), "Nd"(port));
		break;
	default:
		asm volatile("outl %0, %1" ::"a"(value), "Nd"(port));
	}
}
