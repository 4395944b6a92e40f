/* SPDX-License-Identifier: MIT */
/* header.c - the two records that every stream has: its first and its last */
#include "stream/stream.h"

const char *const stream_codings[CODINGS] = {
	"raw", "zero", "lz4", "zstd", "repeat",
};

static const struct field cpu_feature_fields[] = {
	FIELD(struct cpu_feature, name, FIELD_TEXT, .max = 64),
};

static const struct schema cpu_feature_schema =
	SCHEMA("CPU feature", struct cpu_feature, cpu_feature_fields);

static const struct field header_fields[] = {
	FIELD(struct stream_header, id, FIELD_FIXED),
	FIELD(struct stream_header, cpu, FIELD_STRUCTS, .max = 1024,
	      .sub = &cpu_feature_schema),
	FIELD(struct stream_header, tty, FIELD_BOOL),
	FIELD(struct stream_header, arch, FIELD_TEXT, .max = 64),
	FIELD(struct stream_header, boot, FIELD_TEXT, .max = 64),
	FIELD(struct stream_header, ends, FIELD_UINT),
	FIELD(struct stream_header, host, FIELD_TEXT, .max = 256),
	FIELD(struct stream_header, kind, FIELD_TEXT, .max = 64),
	FIELD(struct stream_header, live, FIELD_UINT),
	FIELD(struct stream_header, page, FIELD_UINT),
	FIELD(struct stream_header, root, FIELD_UINT),
	FIELD(struct stream_header, xcr0, FIELD_UINT, .hex = true),
	FIELD(struct stream_header, format, FIELD_TEXT, .max = 64),
	FIELD(struct stream_header, kernel, FIELD_TEXT, .max = 256),
	FIELD(struct stream_header, time_ns, FIELD_UINT),
	FIELD(struct stream_header, version, FIELD_UINT),
	FIELD(struct stream_header, resident, FIELD_UINT),
	FIELD(struct stream_header, boottime_ns, FIELD_UINT),
	FIELD(struct stream_header, monotonic_ns, FIELD_UINT),
	FIELD(struct stream_header, boottime_shift_ns, FIELD_INT),
	FIELD(struct stream_header, monotonic_shift_ns, FIELD_INT),
};

const struct schema stream_header_schema =
	SCHEMA("header", struct stream_header, header_fields);

static const struct field end_fields[] = {
	FIELD(struct stream_end, runs, FIELD_UINT),
	FIELD(struct stream_end, xxh3, FIELD_FIXED),
	FIELD(struct stream_end, bytes, FIELD_UINT),
	FIELD(struct stream_end, pages, FIELD_UINT),
	FIELD(struct stream_end, records, FIELD_UINT),
};

const struct schema stream_end_schema =
	SCHEMA("end", struct stream_end, end_fields);
