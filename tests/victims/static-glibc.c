/* SPDX-License-Identifier: MIT */
/* static-glibc - a static program of the GNU C library */
/* build: -static */
#include "static.h"
