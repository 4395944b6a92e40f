/* SPDX-License-Identifier: MIT */
/* float-compute - a chaotic computation in floating point, moved in its
 * middle, has the result of one that was not moved */
#include "victim.h"

#include <math.h>

#define STEPS	2000000

static volatile int go, halfway;

/* The last bit of any step decides about the result. */
static double chaos(double x, bool meet)
{
	long double y = 0.4L;

	for (int i = 0; i < STEPS || (meet && !go); i++) {
		if (meet && i == STEPS / 2) {
			halfway = 1;
			while (!go)
				x = x * 1.0;
		}
		if (i == STEPS)
			break;
		x = 3.99 * x * (1 - x);
		y = 3.97L * y * (1 - y);
		x = fma(x, 0.999, 0.001 * sin((double)y));
		x = fabs(x);
	}
	return x + (double)y;
}

static void *run(void *arg)
{
	*(double *)arg = chaos(0.3, true);
	return NULL;
}

void victim(void)
{
	double moved = 0;
	pthread_t thread = victim_thread(run, &moved);

	while (!halfway)
		victim_sleep(0.001);
	victim_move();
	go = 1;
	zero(pthread_join(thread, NULL));
	check(moved == chaos(0.3, false));
}
