/* SPDX-License-Identifier: MIT */
/* ns-net - a server and its client in a network namespace of their own, at a
 * port that others have, too, and an address that nobody else has */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "ns.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PORT	80		/* of every such victim that runs */

static void set_up(const char *name, const char *address)
{
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	struct ifreq req = { 0 };
	struct sockaddr_in *in = (void *)&req.ifr_addr;

	strcpy(req.ifr_name, name);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = inet_addr(address);
	must(ioctl(fd, SIOCSIFADDR, &req));
	must(ioctl(fd, SIOCGIFFLAGS, &req));
	req.ifr_flags |= IFF_UP;
	must(ioctl(fd, SIOCSIFFLAGS, &req));
	must(close(fd));
}

static struct sockaddr_in at(const char *address)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = inet_addr(address) };
}

static int server_at(const char *address)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in a = at(address);

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	must(listen(fd, 5));
	return fd;
}

static int client_of(const char *address)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in a = at(address);

	must(connect(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

static void says(int from, int to, const char *text)
{
	char got[64] = { 0 };

	must(write(from, text, strlen(text)));
	must(read(to, got, sizeof(got) - 1));
	same_text(got, text);
}

void victim(void)
{
	struct sockaddr_un name = { AF_UNIX, "\0a name of many" };
	int server, client, session, other, local;
	struct if_nameindex *all;
	char got[8] = { 0 };

	own_namespaces(CLONE_NEWNET);
	set_up("lo", "127.0.0.1");
	set_up("lo:1", "10.11.12.13");
	write_line("/proc/sys/net/ipv4/ip_unprivileged_port_start", "70");
	local = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(local, (struct sockaddr *)&name, sizeof(name)));
	server = server_at("10.11.12.13");
	client = client_of("10.11.12.13");
	session = must(accept(server, NULL, NULL));
	says(client, session, "before");
	must(write(client, "between", 7));
	victim_move();
	all = if_nameindex();
	check(all && all[0].if_index);
	same_text(all[0].if_name, "lo");
	same_text(line_of("/proc/sys/net/ipv4/ip_unprivileged_port_start"),
		  "70");
	says(session, client, "after");
	must(recv(session, got, 7, MSG_WAITALL));
	same_text(got, "between");
	says(client, session, "still");
	other = client_of("10.11.12.13");
	must(close(session));
	session = must(accept(server, NULL, NULL));
	says(other, session, "a new one");
	same(bind(must(socket(AF_UNIX, SOCK_STREAM, 0)),
		  (struct sockaddr *)&name, sizeof(name)), -1);
	same(errno, EADDRINUSE);
}
