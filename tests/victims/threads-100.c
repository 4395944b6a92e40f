/* SPDX-License-Identifier: MIT */
/* threads-100 - 100 threads on a mutex and condition variables */
#define THREADS	100
#include "threads.h"
