// SPDX-License-Identifier: MIT
/* domain.h without a hypervisor: dom0 alone. */
#include "domain.h"

#include <errno.h>

#include "perm.h"

int domain_init(bool with)
{
	return with ? ENOSYS : 0;
}

int domain_fd(void)
{
	return -1;
}

void domain_ready(void)
{
}

int domain_introduce(uint32_t domid, uint64_t gfn, uint32_t port)
{
	(void)domid;
	(void)gfn;
	(void)port;
	return EINVAL;
}

int domain_release(uint32_t domid)
{
	return domid ? ENOENT : EINVAL;
}

int domain_resume(uint32_t domid)
{
	return domid ? ENOENT : EINVAL;
}

int domain_set_target(uint32_t domid, uint32_t target)
{
	(void)target;
	return domid ? ENOENT : EINVAL;
}

bool domain_is_introduced(uint32_t domid)
{
	return domid == 0 || domid == DOMID_LIMIT;
}

int domain_name_in_rights(uint32_t domid)
{
	(void)domid;
	return 0;
}

bool domain_restore(const struct persist_domain *p)
{
	(void)p;
	return true;
}

bool domain_restore_out(uint32_t domid, const char *data, size_t len)
{
	(void)domid;
	(void)data;
	(void)len;
	return true;
}

bool domain_restore_in(uint32_t domid, uint32_t in_pos, const char *stash, size_t len)
{
	(void)domid;
	(void)in_pos;
	(void)stash;
	(void)len;
	return true;
}

void domain_persist_all(void)
{
}
