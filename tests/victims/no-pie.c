/* SPDX-License-Identifier: MIT */
/* no-pie - linked for one address, near the bottom of the address space */
/* build: -no-pie -fno-pie */
#include "static.h"
