/* SPDX-License-Identifier: MIT */
/*
 * migrate-inspect - says what is in a stream
 *
 * From a pipe or a file, to its end, every checksum compared: as text, as JSON,
 * as a map of memory, or as one line that says whether it is whole.  Of a stream
 * that is not, what came before the fault is said all the same, then the fault.
 *
 * With --tee it stands in the middle of a pipe: the stream and what follows it
 * pass to standard output, what is said goes to standard error.  Nothing is
 * passed on after a fault; the end record is passed on only when all before it
 * was right, so that whoever reads there never takes a faulty stream for whole.
 *
 * Records are kept for text and map, since they name each other; JSON is
 * written as they come and keeps mappings alone.  Pages are never kept.
 */

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/io.h"
#include "image/describe.h"
#include "job/pass.h"

enum form { FORM_TEXT, FORM_JSON, FORM_MAP, FORM_VERIFY };

struct options {
	const char *file;	/* stream comes from here, not from stdin */
	enum form form;
	bool tee;
};

const char *argp_program_version = "migrate-inspect " VERSION;

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Print all records as one JSON object", 0 },
	{ "map", 'm', NULL, 0,
	  "Print the mappings, and how many pages of each are in the stream", 0 },
	{ "tee", 't', NULL, 0,
	  "Pass the stream and what follows it on to standard output, and print "
	  "on standard error", 0 },
	{ "verify", 'v', NULL, 0, "Only say whether the stream is whole", 0 },
	{ 0 }
};

static void set_form(struct options *o, enum form form,
		     struct argp_state *state)
{
	if (o->form != FORM_TEXT && o->form != form)
		argp_error(state, "--json, --map and --verify exclude each other");
	o->form = form;
}

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'j':
		set_form(o, FORM_JSON, state);
		return 0;
	case 'm':
		set_form(o, FORM_MAP, state);
		return 0;
	case 't':
		o->tee = true;
		return 0;
	case 'v':
		set_form(o, FORM_VERIFY, state);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_usage(state);
		o->file = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_arg, .args_doc = "[FILE]",
	.doc = "Say what is in a stream on standard input, or in FILE."
	       "\vThe exit status is 0 if the stream is whole, and 65 if not.",
};

/* ---- the stream ---- */

static int check_output(const struct options *o, struct failure *f)
{
	if (o->tee && isatty(STDOUT_FILENO))
		return fail(f, STATUS_USAGE, "a stream is not for terminals: "
			    "--tee wants a pipe or a file for standard output");
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0)
		return fail_errno(f, STATUS_IO, "standard output");
	return 0;
}

static int open_stream(const struct options *o, struct failure *f)
{
	int fd = STDIN_FILENO;

	if (o->file)
		fd = open(o->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_errno(f, STATUS_IO, "%s", o->file);
	if (isatty(fd))
		return fail(f, STATUS_USAGE, "a stream does not come from a "
			    "terminal: use a pipe or a file (migrate-capture "
			    "PID | migrate-inspect)");
	return fd;
}

static const char *type_name(uint32_t type)
{
	return record_name(type);
}

static struct stream_in *start(int fd, const struct options *o)
{
	struct stream_in *in = stream_in_new(fd);

	stream_in_names(in, type_name);
	stream_in_known(in, record_known);
	if (o->tee)
		stream_in_tee(in, STDOUT_FILENO);
	return in;
}

/* Before the freeze of a live stream. */
struct rounds {
	uint64_t n, pages, areas;
};

static void say_phase(FILE *to, const struct rounds *r)
{
	fprintf(to, "live stream: %" PRIu64 " pages of %" PRIu64 " areas in %"
		PRIu64 " rounds, before the program was frozen\n", r->pages,
		r->areas, r->n);
}

/* From a phase (*item) to the freeze.  @each is given every record, and takes it;
 * NULL.  1, or as stream_next(). */
static int count_rounds(struct rounds *r, struct stream_in *in,
			struct stream_item *item,
			int (*each)(void *, const struct stream_item *,
				    const void *, struct failure *),
			void *arg, struct failure *f)
{
	int more = 1;

	do {
		struct rec_live phase = { 0 };
		struct rec_area area = { 0 };
		const void *rec = item->type == RECORD_AREA ?
			(const void *)&area : &phase;

		if (item->type == STREAM_PAGES) {
			r->pages += item->count;
			continue;
		}
		if (item->type != RECORD_AREA && item->type != RECORD_LIVE)
			return fail(f, STATUS_STREAM, "a record of type %u comes "
				    "between rounds (record %" PRIu64 ", byte %"
				    PRIu64 ")", item->type, item->record,
				    item->offset);
		if (stream_get(in, record_schema(item->type), (void *)rec, f) < 0 ||
		    (each && each(arg, item, rec, f) < 0))
			return -1;
		r->areas += item->type == RECORD_AREA;
		if (item->type == RECORD_LIVE && phase.phase == LIVE_FROZEN)
			return 1;
		r->n += item->type == RECORD_LIVE;
	} while ((more = stream_next(in, item, f)) > 0);
	return more < 0 ? -1 : fail(f, STATUS_STREAM, "stream ends before its "
				    "program was frozen");
}

/* The records as they are for good, in place of the draft. */
static int read_live(struct image *img, struct rounds *r, struct stream_in *in,
		     struct stream_item *item, struct failure *f)
{
	if (count_rounds(r, in, item, NULL, NULL, f) < 0)
		return -1;
	image_forget(img);
	return image_read_records(img, in, item, f);
}

/* From the first run of pages to the end; there is nothing else here, but for
 * phases. */
static int count_pages(struct survey *s, struct stream_in *in,
		       struct stream_item *item, struct failure *f)
{
	int more = 1;

	do {
		if (s->live && item->type == RECORD_LIVE)
			continue;
		if (item->type != STREAM_PAGES)
			return fail(f, STATUS_STREAM, "a record of type %u comes "
				    "after pages (record %" PRIu64 ", byte %"
				    PRIu64 ")", item->type, item->record,
				    item->offset);
		survey_count(s, item);
	} while ((more = stream_next(in, item, f)) > 0);
	return more;
}

/* ---- text, map, or nothing but the checks ---- */

/* @why it is not whole stays with what was said, wherever that is kept. */
static void say(FILE *to, const struct options *o, const struct survey *s,
		const struct stream_end *t, const struct failure *why)
{
	if (o->form == FORM_TEXT)
		describe_text(to, s, t);
	else if (o->form == FORM_MAP)
		describe_map(to, s);
	if (why->status && o->form != FORM_VERIFY && !o->tee)
		fprintf(to, "\nTHIS IS NOT ALL: %s\n", why->text);
	else if (!why->status && o->form == FORM_VERIFY)
		fprintf(to, "stream is whole: %" PRIu64 " records, %" PRIu64
			" pages, %" PRIu64 " bytes\n", t->records, t->pages,
			t->bytes);
}

static int inspect(FILE *to, const struct options *o, struct stream_in *in,
		   struct failure *f)
{
	struct image img = { 0 };
	struct stream_item item = { 0 };
	struct stream_end totals;
	struct survey s;
	struct rounds rounds = { 0 };
	int rc = image_read(&img, in, &item, f);

	if (rc > 0 && img.header.live == LIVE_PRECOPY &&
	    item.type == RECORD_LIVE)
		rc = read_live(&img, &rounds, in, &item, f);
	survey_init(&s, &img);
	s.live = img.header.live;
	if (rc > 0)
		rc = count_pages(&s, in, &item, f);
	stream_in_totals(in, &totals);
	/* Without a header there is nothing to say of it. */
	if (rounds.n && o->form == FORM_TEXT)
		say_phase(to, &rounds);
	if (rc == 0 || img.header.format)
		say(to, o, &s, &totals, f);
	survey_free(&s);
	image_free(&img);
	return rc;
}

/* ---- JSON ---- */

struct json {
	FILE *to;
	struct stream_in *in;
	struct image places;	/* what pages may be of: spaces, mappings,
				   objects */
	bool some;		/* records before this one */
	uint32_t live;		/* as the header says */
	struct rounds rounds;
};

static bool has_pages(uint32_t type)
{
	return type == RECORD_SPACE || type == RECORD_MAPPING ||
	       type == RECORD_OBJECT || type == RECORD_CARRIED;
}

static void json_record(struct json *j, const struct stream_item *item,
			const struct schema *schema, const void *rec)
{
	fprintf(j->to, "%s\n{\"type\":%u,\"name\":", j->some ? "," : "",
		item->type);
	if (schema)
		text_print_json(j->to, schema->name);
	else
		fputs("null", j->to);
	fprintf(j->to, ",\"id\":%" PRIu64 ",\"offset\":%" PRIu64 ",\"fields\":",
		item->id, item->offset);
	if (schema)
		schema_print_json(j->to, schema, rec);
	else
		fputs("null", j->to);
	fputc('}', j->to);
	j->some = true;
}

static int take_record(struct json *j, const struct stream_item *item,
		       struct failure *f)
{
	const struct schema *schema = record_schema(item->type);
	void *rec;
	int rc;

	if (!schema) {
		json_record(j, item, NULL, NULL);
		return 0;
	}
	if (has_pages(item->type))
		rec = image_add(&j->places, item->type, item->id);
	else
		rec = xcalloc(1, schema->size);
	rc = stream_get(j->in, schema, rec, f);
	if (rc == 0)
		json_record(j, item, schema, rec);
	if (has_pages(item->type))
		return rc;
	schema_free(schema, rec);
	free(rec);
	return rc;
}

static int json_phase(void *arg, const struct stream_item *item, const void *rec,
		      struct failure *f)
{
	(void)f;
	json_record(arg, item, record_schema(item->type), rec);
	return 0;
}

static int json_header(struct json *j, struct failure *f)
{
	struct stream_header h = { 0 };
	int rc = stream_get_header(j->in, &h, f);

	j->live = h.live;
	fputs("{\"header\":", j->to);
	if (rc == 0)
		schema_print_json(j->to, &stream_header_schema, &h);
	else
		fputs("null", j->to);
	schema_free(&stream_header_schema, &h);
	return rc;
}

static int json_records(struct json *j, struct stream_item *item,
			struct failure *f)
{
	int more;

	while ((more = stream_next(j->in, item, f)) > 0 &&
	       item->type != STREAM_PAGES) {
		if (j->live == LIVE_PRECOPY && item->type == RECORD_LIVE &&
		    !j->rounds.n) {
			if (count_rounds(&j->rounds, j->in, item, json_phase, j,
					 f) < 0)
				return -1;
		} else if (take_record(j, item, f) < 0) {
			return -1;
		}
	}
	return more;
}

static void json_memory(FILE *to, const struct survey *s)
{
	static const enum record_type types[] = {
		RECORD_SPACE, RECORD_OBJECT, RECORD_CARRIED,
	};
	bool some = false;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		const struct survey_kind *k = survey_kind(s, types[i]);

		for (size_t at = 0; at < k->n; at++) {
			fprintf(to, "%s{\"id\":%" PRIu64 ",\"pages\":%" PRIu64
				",\"zeros\":%" PRIu64 "}", some ? "," : "",
				k->records[at]->id, k->pages[at].pages,
				k->pages[at].zeros);
			some = true;
		}
	}
}

/* All codings there are, whether or not some run is in it. */
static void json_codings(FILE *to, const struct survey *s)
{
	for (size_t i = 0; i < CODINGS; i++)
		fprintf(to, "%s{\"coding\":\"%s\",\"runs\":%" PRIu64
			",\"pages\":%" PRIu64 ",\"bytes\":%" PRIu64
			",\"stream_bytes\":%" PRIu64 "}", i ? "," : "",
			stream_codings[i], s->codings[i].runs,
			s->codings[i].pages, s->codings[i].pages * STREAM_PAGE,
			s->codings[i].bytes);
}

/* One document, and a valid one whatever becomes of the stream. */
static int inspect_json(FILE *to, struct stream_in *in, struct failure *f)
{
	struct json j = { .to = to, .in = in };
	struct stream_item item = { 0 };
	struct stream_end t;
	struct survey s;
	int rc = json_header(&j, f);

	fputs(",\n\"records\":[", to);
	if (rc == 0)
		rc = json_records(&j, &item, f);
	survey_init(&s, &j.places);
	s.live = j.live;
	if (rc > 0)
		rc = count_pages(&s, in, &item, f);
	stream_in_totals(in, &t);
	fputs("],\n\"memory\":[", to);
	json_memory(to, &s);
	fputs("],\n\"codings\":[", to);
	json_codings(to, &s);
	fprintf(to, "],\n\"record_count\":%" PRIu64 ",\"runs\":%" PRIu64
		",\"pages\":%" PRIu64 ",\"strays\":%" PRIu64 ",\"early\":%"
		PRIu64 ",\"bytes\":%" PRIu64 ",\n\"whole\":%s,\"failure\":", t.records, t.runs,
		t.pages, s.strays, j.rounds.pages, t.bytes, rc == 0 ? "true" : "false");
	if (rc == 0)
		fputs("null", to);
	else
		text_print_json(to, f->text);
	fputs("}\n", to);
	survey_free(&s);
	image_free(&j.places);
	return rc;
}

/* ---- after the stream ---- */

/* The program's keyboard, which follows the stream until either end goes. */
static int pass_rest(struct stream_in *in, int fd, struct failure *f)
{
	size_t len;
	const void *rest = stream_in_rest(in, &len);

	if (write_full(STDOUT_FILENO, rest, len) < 0)
		return errno == EPIPE ? 0 :
			fail_errno(f, STATUS_IO, "cannot pass on what follows "
				   "the stream");
	return pass_stdin(fd, STDOUT_FILENO, false, f);
}

/* What was said must have been heard. */
static int finish_saying(FILE *to, struct failure *f)
{
	if (fflush(to) == 0 && !ferror(to))
		return 0;
	return fail_errno(f, STATUS_IO, "cannot write what is in the stream");
}

int main(int argc, char *argv[])
{
	struct options o = { 0 };
	struct failure f = { 0 };
	struct stream_in *in;
	FILE *to;
	int fd;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	fd = check_output(&o, &f) < 0 ? -1 : open_stream(&o, &f);
	if (fd < 0)
		failure_die(&f);
	if (o.tee) {
		signal(SIGPIPE, SIG_IGN);	/* write(2) tells */
		signal(SIGXFSZ, SIG_IGN);
		setvbuf(stderr, NULL, _IOFBF, BUFSIZ);
	}
	to = o.tee ? stderr : stdout;
	in = start(fd, &o);
	if (o.form == FORM_JSON)
		inspect_json(to, in, &f);
	else
		inspect(to, &o, in, &f);
	finish_saying(to, &f);
	if (o.tee && !f.status)
		pass_rest(in, fd, &f);
	/* Also passes on what came before a fault. */
	stream_in_free(in);
	if (f.status)
		failure_die(&f);
	return 0;
}
