/* SPDX-License-Identifier: MIT */
/* packet.h - packet sockets of the loopback device, for the victims with them */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include "victim.h"

/* A protocol that nobody else has on the wire, and no other victim either. */
static inline int own_protocol(int n)
{
	return 0xc000 | ((getpid() * 4 + n) & 0x3fff);
}

static inline int packet_socket(int type)
{
	int fd = socket(AF_PACKET, type, 0);

	if (fd < 0 && errno == EPERM)
		victim_skip("the right to packet sockets");
	return must(fd);
}

static inline struct sockaddr_ll of_device(const char *device, int protocol)
{
	return (struct sockaddr_ll){
		.sll_family = AF_PACKET, .sll_protocol = htons(protocol),
		.sll_ifindex = device ? if_nametoindex(device) : 0,
	};
}

static inline void hear(int fd, const char *device, int protocol)
{
	struct sockaddr_ll a = of_device(device, protocol);

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
}

/* A text goes through the loopback device. */
static inline void tell(int protocol, const char *text)
{
	struct sockaddr_ll a = of_device("lo", protocol);
	int fd = must(socket(AF_PACKET, SOCK_DGRAM, 0));

	a.sll_halen = 6;
	must(sendto(fd, text, strlen(text) + 1, 0, (struct sockaddr *)&a,
		    sizeof(a)));
	close(fd);
}

/* How much a socket gets, within a second. */
static inline int got(int fd, char *to, size_t room)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, 1000) < 1)
		return -1;
	return recv(fd, to, room, MSG_DONTWAIT);
}

static inline void hears(int fd, int head, const char *text)
{
	char packet[256] = { 0 };

	same(got(fd, packet, sizeof(packet)), head + strlen(text) + 1);
	same_text(packet + head, text);
}

static inline int packet_option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	must(getsockopt(fd, SOL_PACKET, name, &value, &len));
	return value;
}

static inline void packet_set(int fd, int name, int value)
{
	must(setsockopt(fd, SOL_PACKET, name, &value, sizeof(value)));
}
