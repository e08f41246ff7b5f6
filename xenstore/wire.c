// SPDX-License-Identifier: MIT
/* wire.h. */
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	int err;
	const char *name;
} errors[] = {
	{EINVAL, "EINVAL"},       {EACCES, "EACCES"},   {EEXIST, "EEXIST"}, {EISDIR, "EISDIR"},
	{ENOENT, "ENOENT"},       {ENOMEM, "ENOMEM"},   {ENOSPC, "ENOSPC"}, {EIO, "EIO"},
	{ENOTEMPTY, "ENOTEMPTY"}, {ENOSYS, "ENOSYS"},   {EROFS, "EROFS"},   {EBUSY, "EBUSY"},
	{EAGAIN, "EAGAIN"},       {EISCONN, "EISCONN"}, {E2BIG, "E2BIG"},   {EPERM, "EPERM"},
};

static const char *const types[] = {
	[XS_CONTROL] = "control",
	[XS_DIRECTORY] = "directory",
	[XS_READ] = "read",
	[XS_GET_PERMS] = "get_perms",
	[XS_WATCH] = "watch",
	[XS_UNWATCH] = "unwatch",
	[XS_TRANSACTION_START] = "transaction_start",
	[XS_TRANSACTION_END] = "transaction_end",
	[XS_INTRODUCE] = "introduce",
	[XS_RELEASE] = "release",
	[XS_GET_DOMAIN_PATH] = "get_domain_path",
	[XS_WRITE] = "write",
	[XS_MKDIR] = "mkdir",
	[XS_RM] = "rm",
	[XS_SET_PERMS] = "set_perms",
	[XS_WATCH_EVENT] = "watch_event",
	[XS_ERROR] = "error",
	[XS_IS_DOMAIN_INTRODUCED] = "is_domain_introduced",
	[XS_RESUME] = "resume",
	[XS_SET_TARGET] = "set_target",
	[XS_RESET_WATCHES] = "reset_watches",
	[XS_DIRECTORY_PART] = "directory_part",
};

const char *wire_error(int err)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].err == err)
			return errors[i].name;
	return "EINVAL";
}

const char *wire_type(uint32_t type)
{
	const char *name = type < sizeof(types) / sizeof(types[0]) ? types[type] : NULL;

	return name ? name : "unknown";
}

enum wire_result wire_next(const char *data, size_t size, struct xsd_sockmsg *head)
{
	if (size < sizeof(*head))
		return WIRE_PARTIAL;
	memcpy(head, data, sizeof(*head));
	if (head->len > XENSTORE_PAYLOAD_MAX)
		return WIRE_BAD;
	return size - sizeof(*head) < head->len ? WIRE_PARTIAL : WIRE_MESSAGE;
}

/* What a path may have: letters, digits, - _ @ and, between names, / */
static const unsigned char path_char[256] = {
	['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['-'] = 1,
	['_'] = 1,         ['@'] = 1,         ['/'] = 2,
};

static bool names_ok(const char *text, size_t len)
{
	unsigned char was = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = path_char[(unsigned char)text[i]];

		if (!c || (c == 2 && was == 2))
			return false;
		was = c;
	}
	return was != 2;
}

/* Length of "/local/domain/N/" at the start of a path, or 0. */
static size_t home_part(const char *text, size_t len)
{
	static const char homes[] = "/local/domain/";
	size_t i = sizeof(homes) - 1;

	if (len <= i || memcmp(text, homes, i) != 0)
		return 0;
	while (i < len && text[i] >= '0' && text[i] <= '9')
		i++;
	return i > sizeof(homes) - 1 && i < len && text[i] == '/' ? i + 1 : 0;
}

int wire_path(struct wire_path *p, const char *text, size_t len, const char *home, size_t limit)
{
	size_t home_len;

	if (!len || len > XENSTORE_ABS_PATH_MAX)
		return EINVAL;
	p->home_len = 0;
	if (text[0] == '/') {
		if (len - home_part(text, len) > limit || (len > 1 && !names_ok(text, len)))
			return EINVAL;
		p->text = text;
		p->len = len;
		return 0;
	}
	home_len = strlen(home);
	if (len > limit || len > XENSTORE_REL_PATH_MAX || !names_ok(text, len) || text[0] == '@')
		return EINVAL;
	memcpy(p->room, home, home_len);
	memcpy(p->room + home_len, text, len);
	p->text = p->room;
	p->len = home_len + len;
	p->home_len = home_len;
	return 0;
}

unsigned int wire_fields(const char *data, size_t len, struct wire_field *field, unsigned int room)
{
	unsigned int count = 0;

	if (!len || data[len - 1])
		return 0;
	while (len && count < room) {
		size_t n = strlen(data);

		field[count++] = (struct wire_field){data, n};
		data += n + 1;
		len -= n + 1;
	}
	return len ? room + 1 : count;
}

int wire_number(const char *text, uint32_t max, uint32_t *value)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return EINVAL;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (*end || errno || n > max)
		return EINVAL;
	*value = (uint32_t)n;
	return 0;
}
