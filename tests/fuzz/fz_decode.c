// SPDX-License-Identifier: MIT
/*
 * decode() on any bytes: stays inside them, says a length that is there, and the answer
 * does not change when more bytes follow.  What decodes is then carried out.
 */
#include <stdlib.h>
#include <string.h>

#include "entry/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct segment_bases bases = {0x1000, 0x2000};
	struct cpu_regs regs;
	struct insn in, again;
	u8 *exact;
	u64 out;

	if (size < sizeof(regs))
		return 0;
	memcpy(&regs, data, sizeof(regs));
	data += sizeof(regs);
	size = min(size - sizeof(regs), (size_t)32);
	if (decode(data, (unsigned int)size, &in) != DECODE_OK)
		return 0;
	if (in.length == 0 || in.length > INSN_MAX_BYTES || in.length > size || in.size > 16)
		abort();
	exact = malloc(in.length); /* the address sanitiser sees one byte too far */
	memcpy(exact, data, in.length);
	if (decode(exact, in.length, &again) != DECODE_OK || memcmp(&in, &again, sizeof(in)))
		abort();
	free(exact);
	insn_address(&in, &regs, &bases);
	insn_string_source(&in, &regs, &bases);
	if (in.op <= OP_MOVS && in.size <= 8) {
		insn_store(&in, &regs, regs.r8, regs.r9, &out);
		insn_string_step(&in, &regs);
	}
	return 0;
}
