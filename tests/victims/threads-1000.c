/* SPDX-License-Identifier: MIT */
/* threads-1000 - 1000 threads on a mutex and condition variables */
#define THREADS	1000
#include "threads.h"
