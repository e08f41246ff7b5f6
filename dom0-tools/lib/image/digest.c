// SPDX-License-Identifier: MIT
/*
 * What a packed file is known by in the cache: SHA-512/256, which takes two thirds of the
 * instructions of SHA-256 on a processor that has none for either.
 */
#include <nettle/sha2.h>

#include "export.h"
#include "image/private.h"

EXPORT int image_digest(const struct dais_blob *blob, char hex[65], struct dais_error *err)
{
	static const char digits[] = "0123456789abcdef";
	struct sha512_256_ctx context;
	uint8_t digest[SHA512_256_DIGEST_SIZE];
	size_t i;

	(void)err;
	sha512_256_init(&context);
	sha512_256_update(&context, blob->size, blob->data);
	sha512_256_digest(&context, sizeof(digest), digest);
	for (i = 0; i < sizeof(digest); i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * i] = '\0';
	return 0;
}
