/* SPDX-License-Identifier: MIT */
/* loopback.c - netdevice(7), rtnetlink(7) */
#include "proc/loopback.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"

/* ---- flags ---- */

static short device_flags(const char *name, short set)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;
	struct ifreq req = { 0 };

	strncpy(req.ifr_name, name, IFNAMSIZ - 1);
	rc = fd < 0 ? -1 : ioctl(fd, SIOCGIFFLAGS, &req);
	if (rc == 0 && set) {
		req.ifr_flags |= set;
		rc = ioctl(fd, SIOCSIFFLAGS, &req);
	}
	if (fd >= 0)
		close(fd);
	return rc < 0 ? -1 : req.ifr_flags;
}

bool loopback_is_up(void)
{
	short flags = device_flags("lo", 0);

	return flags >= 0 && flags & IFF_UP;
}

int loopback_set_up(void)
{
	return device_flags("lo", IFF_UP) < 0 ? -1 : 0;
}

/* ---- addresses ---- */

static unsigned bits(const uint8_t *mask, size_t n)
{
	unsigned set = 0;

	for (size_t i = 0; i < n; i++)
		set += __builtin_popcount(mask[i]);
	return set;
}

/* IPv4 addresses have labels: lo:1. */
static bool is_loopback(const struct ifaddrs *a)
{
	return a->ifa_addr && a->ifa_netmask &&
	       (!strcmp(a->ifa_name, "lo") || !strncmp(a->ifa_name, "lo:", 3));
}

void loopback_addresses(struct list *to)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		struct loopback_address *l;

		if (!is_loopback(a) || (a->ifa_addr->sa_family != AF_INET &&
					a->ifa_addr->sa_family != AF_INET6))
			continue;
		l = list_add(to, sizeof(*l));
		l->family = a->ifa_addr->sa_family;
		if (l->family == AF_INET) {
			const struct sockaddr_in *in = (void *)a->ifa_addr;
			const struct sockaddr_in *m = (void *)a->ifa_netmask;

			memcpy(&l->address, &in->sin_addr, 4);
			l->prefix = bits((const void *)&m->sin_addr, 4);
		} else {
			const struct sockaddr_in6 *in = (void *)a->ifa_addr;
			const struct sockaddr_in6 *m = (void *)a->ifa_netmask;

			l->address = in->sin6_addr;
			l->prefix = bits((const void *)&m->sin6_addr, 16);
		}
	}
	freeifaddrs(all);
}

static int acknowledged(int fd)
{
	union {
		struct nlmsghdr head;
		char room[4096];
	} answer;
	ssize_t n = recv(fd, &answer, sizeof(answer), 0);
	const struct nlmsgerr *e = NLMSG_DATA(&answer.head);

	if (n < (ssize_t)NLMSG_LENGTH(sizeof(*e)) ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return -1;
	errno = -e->error;
	return e->error ? -1 : 0;
}

int loopback_change(const struct loopback_address *a, bool add)
{
	size_t len = a->family == AF_INET ? 4 : 16;
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg msg;
		struct rtattr attr;
		uint8_t address[16];
	} req = {
		.head = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(req.msg)) +
				RTA_LENGTH(len),
			.nlmsg_type = add ? RTM_NEWADDR : RTM_DELADDR,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK |
				(add ? NLM_F_CREATE | NLM_F_EXCL : 0),
		},
		.msg = { .ifa_family = a->family, .ifa_prefixlen = a->prefix,
			 .ifa_scope = RT_SCOPE_HOST,
			 .ifa_index = if_nametoindex("lo") },
		.attr = { .rta_len = RTA_LENGTH(len), .rta_type = IFA_LOCAL },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int rc = -1;

	memcpy(req.address, &a->address, len);
	if (fd >= 0 && send(fd, &req, req.head.nlmsg_len, 0) >= 0)
		rc = acknowledged(fd);
	if (fd >= 0)
		close(fd);
	return rc < 0 && errno != (add ? EEXIST : EADDRNOTAVAIL) ? -1 : 0;
}

/* ---- anything else ---- */

void network_devices(struct list *names)
{
	struct if_nameindex *all = if_nameindex();

	for (const struct if_nameindex *i = all; i && i->if_index; i++)
		*(char **)list_add(names, sizeof(char *)) = xstrdup(i->if_name);
	if (all)
		if_freenameindex(all);
}

static bool has_name(const struct list *names, const char *name)
{
	list_each(names, char *, n)
		if (!strcmp(*n, name))
			return true;
	return false;
}

typedef bool (*judge)(const struct nlmsghdr *h);

static bool is_ours(const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);

	return m->rtm_protocol != RTPROT_KERNEL &&
	       m->rtm_protocol != RTPROT_UNSPEC;
}

static bool is_table(const struct nlmsghdr *h)
{
	return h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE);
}

/* Is there one in the answer?  1 at its end. */
static int look_in(const char *answer, ssize_t n, judge fits, bool *found)
{
	for (const struct nlmsghdr *h = (const void *)answer;
	     NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_type == NLMSG_DONE ||
		    h->nlmsg_type == NLMSG_ERROR)
			return 1;
		*found |= fits(h);
	}
	return 0;
}

/* Of what a dump of @type tells, does one fit? */
static bool any(int protocol, int type, judge fits)
{
	struct {
		struct nlmsghdr head;
		struct rtmsg msg;	/* a struct nfgenmsg is shorter */
	} req = { .head = { .nlmsg_len = sizeof(req), .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	bool found = false;
	char *answer;

	if (fd < 0)
		return false;	/* a kernel without it */
	if (protocol == NETLINK_NETFILTER)
		req.head.nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg));
	answer = xmalloc(65536);
	if (send(fd, &req, req.head.nlmsg_len, 0) >= 0) {
		ssize_t n;

		do
			n = recv(fd, answer, 65536, 0);
		while (n > 0 && !look_in(answer, n, fits, &found));
	}
	free(answer);
	close(fd);
	return found;
}

static bool has_text(const char *path)
{
	char *text = read_file(path, NULL);
	bool has = text && *text;

	free(text);
	return has;
}

char *network_needs(const struct list *devices)
{
	struct if_nameindex *all = if_nameindex();
	char *needs = NULL;

	for (const struct if_nameindex *i = all; i && i->if_index && !needs; i++)
		if (strcmp(i->if_name, "lo") &&
		    (!has_name(devices, i->if_name) ||
		     device_flags(i->if_name, 0) & IFF_UP))
			needs = xasprintf("the network device %s", i->if_name);
	if (all)
		if_freenameindex(all);
	if (!needs && any(NETLINK_ROUTE, RTM_GETROUTE, is_ours))
		needs = xstrdup("routes");
	if (!needs && (has_text("/proc/net/ip_tables_names") ||
		       has_text("/proc/net/ip6_tables_names") ||
		       any(NETLINK_NETFILTER,
			   NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
			   is_table)))
		needs = xstrdup("packet filter rules");
	return needs;
}
