/* SPDX-License-Identifier: MIT */
/* threads-2 - 2 threads on a mutex and condition variables */
#define THREADS	2
#include "threads.h"
