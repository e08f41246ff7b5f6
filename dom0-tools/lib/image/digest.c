// SPDX-License-Identifier: MIT
/*
 * What a packed file is known by in the cache.
 */
#include <sha2.h>

#include "export.h"
#include "image/private.h"

EXPORT int image_digest(const struct dais_blob *blob, char hex[65], struct dais_error *err)
{
	SHA2_CTX context;

	(void)err;
	SHA256Init(&context);
	SHA256Update(&context, blob->data, blob->size);
	SHA256End(&context, hex);
	return 0;
}
