/* SPDX-License-Identifier: MIT */
/* static-musl - a static program of the musl C library */
/* build: musl-gcc -static */
#include "static.h"
