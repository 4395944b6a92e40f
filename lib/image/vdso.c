/* SPDX-License-Identifier: MIT */
/*
 * vdso.c - the kernel's own code and data in every process
 *
 * Where this kernel's vDSO is byte for byte the one of the source, it is moved
 * to where the process expects it.  Otherwise the old one is put back as plain
 * memory, and each of its functions is made to jump to the new one's function
 * of that name, or to the system call where there is none.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/restore.h"
#include "image/vdso.h"

static const struct field fields[] = {
	FIELD(struct rec_vdso, image, FIELD_BLOB, .max = 65536),
	FIELD(struct rec_vdso, vvar_size, FIELD_UINT),
	FIELD(struct rec_vdso, vclock_size, FIELD_UINT),
};

static const struct schema schema = SCHEMA("vDSO", struct rec_vdso, fields);

/* ---- capture ---- */

static uint64_t map_size(const struct source *s, const char *path)
{
	list_each(&s->maps, struct proc_map, m)
		if (!strcmp(m->path, path))
			return m->end - m->start;
	return 0;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct rec_vdso *rec;

	if (s->zombie || image_list(&c->image, RECORD_VDSO)->n)
		return 0;
	rec = image_add(&c->image, RECORD_VDSO, 1);
	rec->image.len = s->strings.vdso_size;
	rec->image.data = xmalloc(rec->image.len);
	if (strings_read(&s->strings, s->strings.vdso, rec->image.data,
			 rec->image.len) < 0)
		return fail_errno(f, 0, "cannot read the vDSO of process %d",
				  s->pid);
	/* Our stub is in it. */
	memset(rec->image.data + (s->strings.stub - s->strings.vdso), 0,
	       stub_size());
	rec->vvar_size = map_size(s, "[vvar]");
	rec->vclock_size = map_size(s, "[vvar_vclock]");
	return 0;
}

/* ---- this machine's ---- */

const struct vdso_here *vdso_here(void)
{
	static struct vdso_here v;
	struct list maps = { 0 };

	if (v.vdso)
		return &v;
	if (proc_maps(getpid(), false, &maps) == 0)
		list_each(&maps, struct proc_map, m) {
			uint64_t size = m->end - m->start;

			if (!strcmp(m->path, "[vvar]")) {
				v.start = m->start;
				v.vvar_size = size;
			} else if (!strcmp(m->path, "[vvar_vclock]")) {
				v.vclock_size = size;
			} else if (!strcmp(m->path, "[vdso]")) {
				v.vdso = m->start;
				v.vdso_size = size;
			}
		}
	proc_maps_free(&maps);
	if (!v.start)
		v.start = v.vdso;
	return &v;
}

static int verify(struct restore *r, struct failure *f)
{
	const struct rec_vdso *rec = image_find(&r->image, RECORD_VDSO, 1);
	const struct vdso_here *here = vdso_here();

	if (!here->vdso)
		return fail(f, STATUS_SYSTEM, "this kernel gives no vDSO to work "
			    "from (it runs with vdso=0)");
	if (!rec)
		return fail(f, STATUS_STREAM, "stream has no vDSO");
	if (!rec->image.len || (rec->image.len | rec->vvar_size |
				rec->vclock_size) % STREAM_PAGE ||
	    rec->vvar_size > VVAR_MAX || rec->vclock_size > VVAR_MAX)
		return fail(f, STATUS_STREAM, "the vDSO of the stream is not "
			    "sound");
	r->same_vdso = !r->bridge_vdso && rec->image.len == here->vdso_size &&
		rec->vvar_size == here->vvar_size &&
		rec->vclock_size == here->vclock_size &&
		!memcmp(rec->image.data, (void *)here->vdso, here->vdso_size);
	return 0;
}

/* ---- a vDSO of another kernel ---- */

struct symbols {
	const uint8_t *image;
	size_t size;
	const Elf64_Sym *sym;
	size_t n;
	const char *str;
	size_t str_size;
};

static const void *inside(const struct symbols *s, uint64_t off, uint64_t len)
{
	return off <= s->size && len <= s->size - off ? s->image + off : NULL;
}

/*
 * Addresses in a vDSO are offsets in its image.  The symbols are followed by
 * their strings, which tells how many they are.
 */
static bool find_symbols(struct symbols *s, const uint8_t *image, size_t size)
{
	uint64_t symtab = 0, strtab = 0, strsz = 0;
	const Elf64_Ehdr *eh;
	const Elf64_Phdr *ph;

	*s = (struct symbols){ .image = image, .size = size };
	eh = inside(s, 0, sizeof(*eh));
	if (!eh || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return false;
	ph = inside(s, eh->e_phoff, eh->e_phnum * sizeof(*ph));
	for (int i = 0; ph && i < eh->e_phnum; i++) {
		const Elf64_Dyn *d;

		if (ph[i].p_type != PT_DYNAMIC)
			continue;
		d = inside(s, ph[i].p_offset, ph[i].p_filesz);
		for (size_t k = 0; d && k < ph[i].p_filesz / sizeof(*d); k++) {
			if (d[k].d_tag == DT_SYMTAB)
				symtab = d[k].d_un.d_ptr;
			else if (d[k].d_tag == DT_STRTAB)
				strtab = d[k].d_un.d_ptr;
			else if (d[k].d_tag == DT_STRSZ)
				strsz = d[k].d_un.d_val;
		}
	}
	if (!symtab || strtab <= symtab || !strsz)
		return false;
	s->n = (strtab - symtab) / sizeof(Elf64_Sym);
	s->sym = inside(s, symtab, s->n * sizeof(Elf64_Sym));
	s->str = inside(s, strtab, strsz);
	s->str_size = strsz;
	return s->sym && s->str && s->str[strsz - 1] == '\0';
}

static const char *symbol_name(const struct symbols *s, size_t i)
{
	return s->sym[i].st_name < s->str_size ? s->str + s->sym[i].st_name : "";
}

static uint64_t symbol_value(const struct symbols *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(symbol_name(s, i), name))
			return s->sym[i].st_value;
	return 0;
}

static long call_named(const char *name)
{
	static const struct { const char *name; long nr; } calls[] = {
		{ "clock_gettime", SYS_clock_gettime },
		{ "gettimeofday", SYS_gettimeofday },
		{ "clock_getres", SYS_clock_getres },
		{ "time", SYS_time },
		{ "getcpu", SYS_getcpu },
		{ "getrandom", 318 },
	};
	const char *bare = strncmp(name, "__vdso_", 7) ? name : name + 7;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(bare, calls[i].name))
			return calls[i].nr;
	return -1;
}

/* movabs $to, %rax; jmp *%rax */
static void put_jump(uint8_t *at, uint64_t to)
{
	memcpy(at, "\x48\xb8", 2);
	memcpy(at + 2, &to, 8);
	memcpy(at + 10, "\xff\xe0", 2);
}

/* mov $nr, %eax; mov %rcx, %r10; syscall; ret */
static void put_call(uint8_t *at, uint32_t nr)
{
	at[0] = 0xb8;
	memcpy(at + 1, &nr, 4);
	memcpy(at + 5, "\x49\x89\xca\x0f\x05\xc3", 6);
}

static void bridge(uint8_t *old, size_t old_size, uint64_t now_at)
{
	const struct vdso_here *here = vdso_here();
	struct symbols was, now;

	if (!find_symbols(&was, old, old_size))
		return;
	if (!find_symbols(&now, (void *)here->vdso, here->vdso_size))
		now.n = 0;
	for (size_t i = 0; i < was.n; i++) {
		const Elf64_Sym *s = &was.sym[i];
		const char *name = symbol_name(&was, i);
		uint64_t to = symbol_value(&now, name);

		if (ELF64_ST_TYPE(s->st_info) != STT_FUNC ||
		    s->st_value + 16 > old_size)
			continue;
		if (to)
			put_jump(old + s->st_value, now_at + to);
		else if (call_named(name) >= 0)
			put_call(old + s->st_value, call_named(name));
	}
}

/* ---- restore ---- */

static int move_here(struct puppet *p, uint64_t to, struct failure *f)
{
	const struct vdso_here *here = vdso_here();
	uint64_t from = p->strings.vdso - (here->vdso - here->start);
	uint64_t dest = to - (here->vdso - here->start);
	const uint64_t sizes[] = { here->vvar_size, here->vclock_size,
				   here->vdso_size };
	struct batch *b = puppet_queue(p, f);

	if (!b)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		if (sizes[i])
			batch_add(b, "move the vDSO", SYS_mremap, from,
				  sizes[i], sizes[i],
				  MREMAP_MAYMOVE | MREMAP_FIXED, dest);
		from += sizes[i];
		dest += sizes[i];
	}
	p->strings.vdso = to;
	return 0;
}

static int put_back(struct puppet *p, const struct rec_vdso *rec, uint64_t to,
		    struct failure *f)
{
	uint8_t *image = xmalloc(rec->image.len);
	struct batch b;
	int rc;

	memcpy(image, rec->image.data, rec->image.len);
	bridge(image, rec->image.len, p->strings.vdso);
	puppet_batch(p, &b);
	batch_add(&b, "map the old vDSO", SYS_mmap, to, rec->image.len,
		  PROT_READ | PROT_EXEC,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1);
	rc = batch_run(&b, f);
	batch_free(&b);
	if (rc == 0 && strings_write(&p->strings, to, image, rec->image.len) < 0)
		rc = fail_errno(f, 0, "cannot write the vDSO of process %d",
				p->pid);
	free(image);
	return rc;
}

static int map(struct restore *r, struct puppet *p, struct failure *f)
{
	const struct rec_vdso *rec = image_find(&r->image, RECORD_VDSO, 1);
	uint64_t to = p->space->vdso;

	if (!to)
		return 0;
	if (r->same_vdso)
		return move_here(p, to, f);
	return put_back(p, rec, to, f);
}

const struct kind kind_vdso = {
	.type = RECORD_VDSO, .schema = &schema, .unique = true,
	.capture = capture, .verify = verify, .map = map,
};
