// SPDX-License-Identifier: MIT
/*
 * Parts of the library that few calls need, with the system libraries that only they need:
 * unpacking kernels (libdais-image), plugging in network interfaces (libdais-net). They are
 * loaded at their first use, which spares every other command the time to load a dozen
 * libraries. Each function here stands for the one of that name in its part.
 *
 * A part is looked for beside whoever has this file linked in, or in ../lib from there. With a
 * search path in the program (-rpath) the C library, too, would be looked for in these places and
 * a dozen folders below them, at every start.
 */
#include <dlfcn.h>
#include <stdio.h>

#include "dev/link.h"
#include "error.h"
#include "image/private.h"

#define IMAGE_PART "libdais-image.so.0"
#define NET_PART "libdais-net.so.0"

static void *load(const char *part)
{
	static const char *const places[] = {"$ORIGIN/", "$ORIGIN/../lib/", ""};
	void *handle = NULL;

	for (size_t i = 0; !handle && i < sizeof(places) / sizeof(*places); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s%s", places[i], part);
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	}
	return handle;
}

/* NULL with @err. A part that was loaded stays. */
static void *find(const char *part, const char *name, struct dais_error *err)
{
	void *handle = load(part);
	void *symbol = handle ? dlsym(handle, name) : NULL;
	const char *why;

	if (symbol)
		return symbol;
	why = dlerror();
	dais_fail(err, DAIS_FAILED, "load the library", part, "%s", why ? why : "no reason given");
	dais_hint(err, "install dais anew: it comes with this file");
	return NULL;
}

/* Calls @name of @part with the arguments; -1 if it cannot be loaded. */
#define FORWARD(part, name, err, ...)                           \
	do {                                                    \
		__typeof__(&(name)) function_;                  \
		*(void **)&function_ = find(part, #name, err);  \
		return function_ ? function_(__VA_ARGS__) : -1; \
	} while (0)

int image_unpack_confined(const struct dais_payload *payload, unsigned int seconds,
			  struct dais_error *err)
{
	FORWARD(IMAGE_PART, image_unpack_confined, err, payload, seconds, err);
}

int image_digest(const struct dais_blob *blob, char hex[65], struct dais_error *err)
{
	FORWARD(IMAGE_PART, image_digest, err, blob, hex, err);
}

int link_check_bridge(const char *name, struct dais_error *err)
{
	FORWARD(NET_PART, link_check_bridge, err, name, err);
}

int link_plug(const char *name, const char *rename, const char *bridge, uint32_t mtu,
	      unsigned int timeout_ms, struct dais_error *err)
{
	FORWARD(NET_PART, link_plug, err, name, rename, bridge, mtu, timeout_ms, err);
}
