// SPDX-License-Identifier: MIT
/*
 * unpack() on any bytes, of which the first two say how large the output is: stays inside
 * input, output and workspace, whatever the format.  The checksums of xz headers, which
 * chance never meets, are made right first, so that what lies behind them is reached.
 */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "builder/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fix_checksums(u8 *in, size_t size)
{
	size_t header = size > 12 ? 4 * (in[12] + 1u) : 0;
	u32 crc;

	if (header == 0 || size < 12 + header ||
	    memcmp(in,
		   "\xfd"
		   "7zXZ",
		   6))
		return;
	crc = libdeflate_crc32(0, in + 6, 2);
	memcpy(in + 8, &crc, 4);
	crc = libdeflate_crc32(0, in + 12, header - 4);
	memcpy(in + 12 + header - 4, &crc, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t produced, out_len = size < 2 ? 0 : data[0] | data[1] << 8;
	const char *why;
	u8 *in, *out, *workspace;

	if (size < 2)
		return 0;
	data += 2;
	size -= 2;
	in = malloc(size + !size);
	out = malloc(out_len + !out_len);
	workspace = malloc(UNPACK_WORKSPACE);
	memcpy(in, data, size);
	fix_checksums(in, size);
	if (unpack(unpack_identify(in, size, &why), in, size, out, out_len, workspace,
		   UNPACK_WORKSPACE, &produced, &why)
		    ? !*why
		    : produced != out_len)
		abort();
	free(workspace);
	free(out);
	free(in);
	return 0;
}
