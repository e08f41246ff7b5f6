/* SPDX-License-Identifier: MIT */
/*
 * Errors as plain data of fixed size: making one cannot fail, which matters most when memory
 * has run out.
 */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "export.h"

static void set(char *to, size_t size, const char *from)
{
	size_t length = from ? strnlen(from, size - 1) : 0;

	memcpy(to, from ? from : "", length);
	to[length] = '\0';
}

EXPORT int dais_fail(struct dais_error *err, enum dais_code code, const char *what,
		     const char *object, const char *why, ...)
{
	int saved = errno;
	va_list args;

	if (err) {
		err->code = code;
		err->errnum = 0;
		err->hint[0] = '\0';
		set(err->what, sizeof(err->what), what);
		set(err->object, sizeof(err->object), object);
		va_start(args, why);
		vsnprintf(err->why, sizeof(err->why), why, args);
		va_end(args);
	}
	errno = saved;
	return -1;
}

static enum dais_code code_of_errno(int errnum)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
		return DAIS_PERMISSION;
	case ENOMEM:
		return DAIS_NO_MEMORY;
	case EEXIST:
		return DAIS_EXISTS;
	case ETIMEDOUT:
		return DAIS_TIMEOUT;
	case EINTR:
		return DAIS_INTERRUPTED;
	default:
		return DAIS_FAILED;
	}
}

EXPORT int dais_fail_errno(struct dais_error *err, enum dais_code code, int errnum,
			   const char *what, const char *object)
{
	int saved = errno;

	if (err) {
		dais_fail(err, code == DAIS_FAILED ? code_of_errno(errnum) : code, what, object,
			  "%s", strerror(errnum));
		err->errnum = errnum;
	}
	errno = saved;
	return -1;
}

EXPORT int dais_hint(struct dais_error *err, const char *fmt, ...)
{
	va_list args;

	if (err) {
		va_start(args, fmt);
		vsnprintf(err->hint, sizeof(err->hint), fmt, args);
		va_end(args);
	}
	return -1;
}

EXPORT int dais_while(struct dais_error *err, const char *what, const char *object)
{
	char why[DAIS_WHAT_MAX + DAIS_OBJECT_MAX + DAIS_WHY_MAX + 8];

	if (!err)
		return -1;
	snprintf(why, sizeof(why), "%s%s%s: %s", err->what, err->object[0] ? " " : "", err->object,
		 err->why);
	set(err->why, sizeof(err->why), why);
	set(err->what, sizeof(err->what), what);
	set(err->object, sizeof(err->object), object);
	return -1;
}

EXPORT char *dais_error_text(const struct dais_error *err, char *buf, unsigned long size)
{
	snprintf(buf, size, "cannot %s%s%s: %s", err->what, err->object[0] ? " " : "", err->object,
		 err->why);
	return buf;
}

EXPORT const char *dais_advice(const struct dais_error *err)
{
	static const char failed[] =
		"`dais dmesg` or dom0's own `dmesg` may tell more; so may -v before the command.";
	static const char *const advice[] = {
		[DAIS_OK] = failed,
		[DAIS_FAILED] = failed,
		[DAIS_USAGE] = "`dais help` and dais(1) tell what can be said.",
		[DAIS_CONFIG] = "`dais check FILE` shows all faults of a configuration.",
		[DAIS_NO_DOMAIN] = "`dais list` shows which there are.",
		[DAIS_NO_HOST] = "Run it in dom0, above Dais or Xen, with xenstored running.",
		[DAIS_NO_MEMORY] =
			"`dais info` shows what is free; `dais mem-set` has a domain give some back.",
		[DAIS_EXISTS] = "`dais list` shows what there is; choose another name.",
		[DAIS_DEVICE] = "dom0's own `dmesg` and /var/log/dais may tell more.",
		[DAIS_TIMEOUT] = "`dais list` and the domain's console show what it is doing.",
		[DAIS_STATE] = "`dais list` shows the domain's state.",
		[DAIS_IMAGE] = "Name another kernel or ramdisk.",
		[DAIS_PERMISSION] = "Run it as root.",
		[DAIS_INTERRUPTED] = "Run it again.",
	};

	if (err->hint[0])
		return err->hint;
	return (unsigned int)err->code < sizeof(advice) / sizeof(*advice) ? advice[err->code]
									  : failed;
}

EXPORT const char *dais_code_name(enum dais_code code)
{
	static const char *const names[] = {
		[DAIS_OK] = "ok",
		[DAIS_FAILED] = "failed",
		[DAIS_USAGE] = "usage",
		[DAIS_CONFIG] = "config",
		[DAIS_NO_DOMAIN] = "no-domain",
		[DAIS_NO_HOST] = "no-host",
		[DAIS_NO_MEMORY] = "no-memory",
		[DAIS_EXISTS] = "exists",
		[DAIS_DEVICE] = "device",
		[DAIS_TIMEOUT] = "timeout",
		[DAIS_STATE] = "state",
		[DAIS_IMAGE] = "image",
		[DAIS_PERMISSION] = "permission",
		[DAIS_INTERRUPTED] = "interrupted",
	};

	if ((unsigned int)code >= sizeof(names) / sizeof(names[0]))
		return "failed";
	return names[code];
}
