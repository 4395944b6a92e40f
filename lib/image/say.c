/* SPDX-License-Identifier: MIT */
/* say.c - words and figures for people */
#include "image/say.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "stream/stream.h"

/* @instead is said where there is no text. */
void put_text_or(FILE *to, const char *text, const char *instead)
{
	if (text && *text)
		text_print(to, text);
	else
		fputs(instead, to);
}

void put_text(FILE *to, const char *text)
{
	put_text_or(to, text, "(none)");
}

void put_size(FILE *to, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB",
					     "EiB" };
	double n = bytes / 1024.0;
	size_t i = 0;

	if (bytes < 1024) {
		fprintf(to, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
		return;
	}
	while (n >= 1024 && i < 5) {
		n /= 1024;
		i++;
	}
	fprintf(to, "%.*f %s", n < 100, n, units[i]);
}

void put_count(FILE *to, uint64_t n, const char *what)
{
	size_t len = strlen(what);
	bool es = n != 1 && len > 1 && !strcmp(what + len - 2, "ss");

	fprintf(to, "%" PRIu64 " %s%s", n, what, es ? "es" : n != 1 ? "s" : "");
}

void put_seconds(FILE *to, uint64_t ns)
{
	fprintf(to, "%" PRIu64 ".%03u s", ns / 1000000000,
		(unsigned int)(ns / 1000000 % 1000));
}

void put_signal(FILE *to, uint32_t sig)
{
	const char *name = sig < 65 ? sigabbrev_np(sig) : NULL;

	if (name)
		fprintf(to, "%s", name);
	else if (sig >= 34 && sig <= 64)
		fprintf(to, "RTMIN+%u", sig - 34);
	else
		fprintf(to, "%u", sig);
}
