/* SPDX-License-Identifier: MIT */
/*
 * processor.c - is this processor as good as the one that the program knows?
 *
 * A program may have looked at any time what the processor can do, and keep it
 * in mind, so that all counts, used or not.
 */
#include "image/processor.h"

#include <stdio.h>
#include <string.h>
#include <stdlib.h>

#include "image/restore.h"
#include "proc/proc.h"

bool processor_instruction(const char *name)
{
	static const char *const names[] = {
		"adx", "aes", "avx", "avx2", "avx_vnni", "bmi1", "bmi2",
		"cldemote", "clflushopt", "clwb", "clzero", "cx16", "erms",
		"f16c", "fma", "fma4", "fsgsbase", "fsrm", "gfni", "invpcid",
		"lahf_lm", "abm", "movbe", "movdir64b", "movdiri", "pclmulqdq",
		"pku", "pni", "popcnt", "rdpid", "rdrand", "rdseed", "rdtscp",
		"rtm", "sha_ni", "sse4_1", "sse4_2", "sse4a", "ssse3", "tbm",
		"vaes", "vpclmulqdq", "waitpkg", "wbnoinvd", "xop", "xsave",
		"xsavec", "xsaveopt", "3dnowprefetch", "serialize",
	};

	if (!strncmp(name, "avx512", 6) || !strncmp(name, "amx_", 4) ||
	    !strncmp(name, "avx10", 5))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool in_list(const struct list *names, const char *name)
{
	list_each(names, char *, n)
		if (!strcmp(*n, name))
			return true;
	return false;
}

void processor_check(struct restore *r)
{
	struct list here = { 0 };
	char text[512] = "";
	size_t n = 0;

	proc_cpu_flags(&here);
	list_each(&r->image.header.cpu, struct cpu_feature, c)
		if (c->name && processor_instruction(c->name) &&
		    !in_list(&here, c->name) && n < sizeof(text))
			n += snprintf(text + n, sizeof(text) - n, "%s%s",
				      n ? ", " : "", c->name);
	if (n && r->policy.any_cpu)
		warning_add(r, "this processor lacks %s, which the program may "
			    "have found where it comes from", text);
	else if (n)
		differs_add(r, "this processor lacks %s, which the program may "
			    "have found where it comes from: --cpu=ignore lets "
			    "it try", text);
	if (r->image.header.xcr0 & ~proc_xcr0())
		differs_add(r, "this processor keeps fewer registers (XCR0 "
			    "0x%llx, there 0x%llx)",
			    (unsigned long long)proc_xcr0(),
			    (unsigned long long)r->image.header.xcr0);
	list_each(&here, char *, name)
		free(*name);
	list_free(&here);
}
