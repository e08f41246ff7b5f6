// SPDX-License-Identifier: MIT
/* request.h: what is asked of domains, and not of nodes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "request.h"

/* A domain's number, read as the peer does: what is no number is 0, and what is too large nobody's. */
static int one_domid(const struct request *r, uint32_t *domid)
{
	long n;

	if (!r->head.len || memchr(r->data, 0, r->head.len) != r->data + r->head.len - 1)
		return EINVAL;
	n = strtol(r->data, NULL, 10);
	*domid = n < INT32_MIN || n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return 0;
}

int request_domain_path(const struct request *r)
{
	char text[40];
	uint32_t domid;
	int err = one_domid(r, &domid);

	if (err)
		return err;
	request_reply(r, text, (size_t)snprintf(text, sizeof(text), "/local/domain/%u", domid) + 1);
	return 0;
}

int request_is_introduced(const struct request *r)
{
	uint32_t domid;
	int err = one_domid(r, &domid);

	if (err)
		return err;
	request_reply(r, domain_is_introduced(domid) ? "T" : "F", 2);
	return 0;
}

int request_introduce(const struct request *r)
{
	struct wire_field field[3];
	uint32_t domid, port;
	char *end;
	long gfn;
	int err;

	if (wire_fields(r->data, r->head.len, field, 3) != 3)
		return EINVAL;
	gfn = strtol(field[1].text, &end, 10);
	if (*end || wire_number(field[0].text, DOMID_LIMIT - 1, &domid) ||
	    wire_number(field[2].text, UINT32_MAX, &port))
		return EINVAL;
	err = domain_introduce(domid, (uint64_t)gfn, port);
	return err ? err : request_ok(r);
}

int request_release(const struct request *r)
{
	uint32_t domid;
	int err = one_domid(r, &domid);

	if (!err)
		err = r->head.type == XS_RELEASE ? domain_release(domid) : domain_resume(domid);
	return err ? err : request_ok(r);
}

int request_set_target(const struct request *r)
{
	struct wire_field field[2];
	uint32_t domid, target;
	int err;

	if (wire_fields(r->data, r->head.len, field, 2) != 2)
		return EINVAL;
	if (wire_number(field[0].text, DOMID_LIMIT - 1, &domid) || !domid ||
	    wire_number(field[1].text, DOMID_LIMIT - 1, &target))
		return ENOENT;
	err = domain_set_target(domid, target);
	return err ? err : request_ok(r);
}
