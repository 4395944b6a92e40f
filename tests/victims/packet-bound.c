/* SPDX-License-Identifier: MIT */
/* packet-bound - sockets of packets, raw and cooked, of one device and of all, with
 * their options; and one that hears nothing yet */
#include "packet.h"

#define AUXDATA	8
#define HEAD	14	/* of the ethernet */

static struct sockaddr_ll own(int fd)
{
	struct sockaddr_ll a = { 0 };
	socklen_t len = sizeof(a);

	must(getsockname(fd, (struct sockaddr *)&a, &len));
	return a;
}

void victim(void)
{
	int raw = packet_socket(SOCK_RAW), cooked = packet_socket(SOCK_DGRAM);
	int idle = packet_socket(SOCK_RAW), device = packet_socket(SOCK_RAW);
	int one = own_protocol(0), two = own_protocol(1);

	hear(raw, "lo", one);
	hear(cooked, NULL, one);
	hear(device, "lo", 0);
	packet_set(raw, PACKET_AUXDATA, 1);
	packet_set(raw, PACKET_RESERVE, 24);
	packet_set(idle, PACKET_VERSION, TPACKET_V2);
	packet_set(cooked, PACKET_ORIGDEV, 1);
	packet_set(cooked, 23 /* PACKET_IGNORE_OUTGOING */, 1);
	fcntl(raw, F_SETFL, O_NONBLOCK);
	victim_move();
	same(own(raw).sll_protocol, htons(one));
	same(own(raw).sll_ifindex, if_nametoindex("lo"));
	same(own(cooked).sll_protocol, htons(one));
	same(own(cooked).sll_ifindex, 0);
	same(own(device).sll_protocol, 0);
	same(own(device).sll_ifindex, if_nametoindex("lo"));
	same(own(idle).sll_protocol, 0);
	same(packet_option(raw, PACKET_AUXDATA), 1);
	same(packet_option(raw, PACKET_RESERVE), 24);
	same(packet_option(idle, PACKET_VERSION), TPACKET_V2);
	same(packet_option(cooked, PACKET_ORIGDEV), 1);
	same(packet_option(cooked, 23), 1);
	same(packet_option(raw, 23), 0);
	check(file_flags(raw) & O_NONBLOCK);
	tell(two, "for nobody");
	tell(one, "for both");
	hears(raw, HEAD, "for both");
	hears(cooked, 0, "for both");
	same(recv(idle, &one, 1, MSG_DONTWAIT), -1);
	hear(idle, "lo", two);
	tell(two, "at last");
	hears(idle, HEAD, "at last");
}
