/* SPDX-License-Identifier: MIT */
/*
 * live.c - the records that only the stream of a running program has
 *
 * Nothing is captured into them with the others, and nothing is rebuilt from
 * them: they say what comes before the freeze, and when it is.  See
 * migrate-stream(5), LIVE STREAMS.
 */
#include "image/image.h"

static const struct field area_fields[] = {
	FIELD(struct rec_area, end, FIELD_UINT, .hex = true),
	FIELD(struct rec_area, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_area, start, FIELD_UINT, .hex = true),
};

static const struct schema area_schema =
	SCHEMA("area", struct rec_area, area_fields);

static const struct field live_fields[] = {
	FIELD(struct rec_live, at_ns, FIELD_UINT),
	FIELD(struct rec_live, phase, FIELD_UINT),
	FIELD(struct rec_live, time_ns, FIELD_UINT),
	FIELD(struct rec_live, written, FIELD_UINT),
	FIELD(struct rec_live, throttle, FIELD_UINT),
	FIELD(struct rec_live, boottime_ns, FIELD_UINT),
	FIELD(struct rec_live, monotonic_ns, FIELD_UINT),
};

static const struct schema live_schema =
	SCHEMA("phase", struct rec_live, live_fields);

const struct kind kind_area = {
	.type = RECORD_AREA, .schema = &area_schema,
};

const struct kind kind_live = {
	.type = RECORD_LIVE, .schema = &live_schema, .unique = true,
};
