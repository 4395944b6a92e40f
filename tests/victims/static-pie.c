/* SPDX-License-Identifier: MIT */
/* static-pie - static, and loaded anywhere */
/* build: -static-pie -fPIE */
#include "static.h"
