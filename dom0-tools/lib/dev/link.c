// SPDX-License-Identifier: MIT
/*
 * Through libnl-route, one socket per piece of work.
 */
#include "dev/link.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <netlink/netlink.h>
#include <netlink/route/link.h>

#include "cleanup.h"
#include "export.h"

static struct nl_sock *open_socket(struct dais_error *err)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (sock && !nl_connect(sock, NETLINK_ROUTE))
		return sock;
	nl_socket_free(sock);
	dais_fail_errno(err, DAIS_DEVICE, errno, "reach the kernel's network", "netlink");
	return NULL;
}

static struct rtnl_link *find_bridge(struct nl_sock *sock, const char *name, struct dais_error *err)
{
	struct rtnl_link *link = NULL;
	const char *type;

	if (rtnl_link_get_kernel(sock, 0, name, &link)) {
		dais_fail(err, DAIS_DEVICE, "use the bridge", name,
			  "there is no such network interface");
		dais_hint(err, "make it: ip link add %s type bridge; ip link set %s up", name,
			  name);
		return NULL;
	}
	type = rtnl_link_get_type(link);
	if (type && (!strcmp(type, "bridge") || !strcmp(type, "openvswitch")))
		return link;
	rtnl_link_put(link);
	dais_fail(err, DAIS_DEVICE, "use the bridge", name, "that network interface is no bridge");
	dais_hint(err, "say bridge=NAME in vif; `ip link show type bridge` lists them");
	return NULL;
}

EXPORT int link_check_bridge(const char *name, struct dais_error *err)
{
	struct nl_sock *sock = open_socket(err);
	struct rtnl_link *bridge = sock ? find_bridge(sock, name, err) : NULL;

	rtnl_link_put(bridge);
	nl_socket_free(sock);
	return bridge ? 0 : -1;
}

static struct rtnl_link *wait_link(struct nl_sock *sock, const char *name, unsigned int timeout_ms,
				   struct dais_error *err)
{
	struct timespec nap = {.tv_nsec = 500000};

	for (unsigned int waited = 0; waited < 2 * timeout_ms; waited++) {
		struct rtnl_link *link = NULL;

		if (!rtnl_link_get_kernel(sock, 0, name, &link))
			return link;
		nanosleep(&nap, NULL);
	}
	dais_fail(err, DAIS_TIMEOUT, "plug in the network interface", name,
		  "the back-end did not make it within %u ms", timeout_ms);
	dais_hint(err, "load the driver: modprobe xen-netback; see `dmesg`");
	return NULL;
}

static int change(struct nl_sock *sock, struct rtnl_link *link, struct rtnl_link *to,
		  const char *what, const char *name, struct dais_error *err)
{
	int ret = rtnl_link_change(sock, link, to, 0);

	if (!ret)
		return 0;
	return dais_fail(err, DAIS_DEVICE, what, name, "%s", nl_geterror(ret));
}

EXPORT int link_plug(const char *name, const char *rename, const char *bridge, uint32_t mtu,
		     unsigned int timeout_ms, struct dais_error *err)
{
	struct nl_sock *sock = open_socket(err);
	struct rtnl_link *link = NULL, *master = NULL, *to = rtnl_link_alloc();
	int ret = -1;

	if (!sock || !to)
		goto out;
	link = wait_link(sock, name, timeout_ms, err);
	if (!link)
		goto out;
	if (bridge) {
		master = find_bridge(sock, bridge, err);
		if (!master)
			goto out;
		if (!mtu)
			mtu = rtnl_link_get_mtu(master);
		rtnl_link_set_master(to, rtnl_link_get_ifindex(master));
	}
	/* A name can be changed only while the interface is down: before the rest. */
	if (rename && strcmp(rename, name)) {
		struct rtnl_link *named = rtnl_link_alloc();

		rtnl_link_set_name(named, rename);
		ret = change(sock, link, named, "rename the network interface", name, err);
		rtnl_link_put(named);
		if (ret)
			goto out;
	}
	if (mtu && mtu != rtnl_link_get_mtu(link))
		rtnl_link_set_mtu(to, mtu);
	rtnl_link_set_flags(to, IFF_UP);
	ret = change(sock, link, to, "plug in the network interface", name, err);
out:
	rtnl_link_put(master);
	rtnl_link_put(link);
	rtnl_link_put(to);
	nl_socket_free(sock);
	return ret;
}
