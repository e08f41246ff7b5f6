// SPDX-License-Identifier: MIT
/*
 * unpack_lzma2() on any bytes, without the container around them: the range decoder reads
 * ahead of its checks by design (LZMA_TAIL), which must never leave the input.
 */
#include <stdlib.h>
#include <string.h>

#include "builder/codec.h"
#include "builder/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack_job job = {.why = ""};
	size_t out_len = size < 2 ? 0 : data[0] | data[1] << 8;
	u8 *in, *out;

	if (size < 2)
		return 0;
	in = malloc(size - 1);
	out = malloc(out_len + !out_len);
	memcpy(in, data + 2, size - 2);
	job.in = in;
	job.in_end = in + size - 2;
	job.out = job.start = out;
	job.out_end = out + out_len;
	job.workspace = malloc(UNPACK_WORKSPACE);
	if (unpack_lzma2(&job) ? !*job.why : job.in > job.in_end)
		abort();
	if (job.out > job.out_end)
		abort();
	free(job.workspace);
	free(out);
	free(in);
	return 0;
}
