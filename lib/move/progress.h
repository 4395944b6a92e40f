/* SPDX-License-Identifier: MIT */
/*
 * progress.h - how far a move has come, for the one who waits for it
 *
 * On a terminal one line that is written anew, a few times a second; as JSON a
 * line for each event, for programs; or nothing.  All functions take NULL.
 *
 *	{"event":"phase","phase":"round","round":2,"pages":810,"ms":512,"bytes":..}
 *	{"event":"progress","bytes":..,"total":..,"rate":..,"write_rate":..}
 *	{"event":"done","bytes":..,"ms":..,"frozen_ms":..}
 */
#ifndef MOVE_PROGRESS_H
#define MOVE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum progress_form { PROGRESS_NONE, PROGRESS_LINE, PROGRESS_JSON };

struct progress {
	enum progress_form form;
	FILE *to;
	uint64_t total;		/* bytes, about; 0 not known */

	/* Its own. */
	int64_t start_ns, said_ns, frozen_ns;
	uint64_t bytes;
	double rate, write_rate;
	const char *phase;
	unsigned round;
	bool open_line;		/* one is on the screen, to be written over */
};

void progress_phase(struct progress *, unsigned live_phase, unsigned round,
		    uint64_t pages);
void progress_bytes(struct progress *, uint64_t bytes);
void progress_rates(struct progress *, double rate, double write_rate);
/* From here on the screen is the moved program's: nothing more is written to it. */
void progress_clear(struct progress *);
/* The last word. */
void progress_done(struct progress *, bool well);

#endif
