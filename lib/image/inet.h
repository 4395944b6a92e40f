/* SPDX-License-Identifier: MIT */
/* inet.h - what the files of internet sockets share */
#ifndef IMAGE_INET_H
#define IMAGE_INET_H

#include <netinet/in.h>

#include "image/socket.h"

#define ADDRESS_TEXT 64		/* "[fe80::1%3]:65535" */

/* "127.0.0.1:80", "[::1]:80"; @to is ADDRESS_TEXT bytes, and returned. */
char *address_text(const struct blob *address, char *to);
/* As a struct sockaddr_in or _in6 of the right length, within bounds? */
bool address_sound(const struct blob *address, uint32_t family);
bool address_any(const struct blob *address);	/* 0.0.0.0, :: */
bool address_multicast(const struct blob *address);
uint16_t address_port(const struct blob *address);
/* An IPv4 address in IPv6 clothes becomes plain; others are copied. */
void address_plain(const struct blob *address, struct sockaddr_storage *to);

/* udp.c: what waits to be read, as records of the socket @id. */
int datagrams_capture(struct capture *c, int fd, uint64_t id,
		      const struct rec_inet *rec, struct failure *f);
/* Puts it there again; what cannot be is told as a warning. */
void datagrams_restore(struct restore *r, int fd, uint64_t id,
		       const struct rec_inet *rec);

#endif
