/* SPDX-License-Identifier: MIT */
/*
 * The door to the hypervisor's decoder; the only file that knows both sides.
 */
#include <stdlib.h>
#include <string.h>

#include "builder/codec.h"
#include "builder/unpack.h"
#include "image/xz.h"

bool image_unpack_xz(const void *in, size_t size, void *out, size_t room, size_t *read,
		     size_t *written)
{
	static const u8 magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0};
	struct unpack_job job = {
		.in = in,
		.in_end = (const u8 *)in + size,
		.out = out,
		.out_end = (u8 *)out + room,
		.start = out,
	};
	bool done = false;

	if (size < sizeof(magic) || memcmp(in, magic, sizeof(magic)) != 0)
		return false;
	job.workspace = malloc(UNPACK_WORKSPACE);
	if (job.workspace)
		done = unpack_xz(&job) == 0;
	free(job.workspace);
	*read = (size_t)(job.in - (const u8 *)in);
	*written = (size_t)(job.out - (u8 *)out);
	return done;
}
