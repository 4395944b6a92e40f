# SPDX-License-Identifier: MIT
#
# man.bats - pages and programs say the same, and pages are well made
#
# house.bats asks for a page for each program; here are its parts.

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || exit
}

programs() {
	local source

	for source in cmd-migrate/*.c; do
		basename "$source" .c
	done
}

# Options of program $1 as --help has them, a line each: "-k --kill".
options_of_help() {
	"$1" --help | sed -nE 's/^  (-.|  )[, ] (--[a-z-]+).*/\1 \2/p' |
		sed 's/^ *//' | sort -u
}

# The same from the list in its page.
options_of_page() {
	sed -nE 's/^\.It Fl (([^-]|\\&\?) , Fl )?-([a-z-]+).*/-\2 --\3/p' \
		"man/$1.1" | sed 's/^- //; s/\\&//' | sort -u
}

# Sections that the page $1 has, each in a line.
sections_of() {
	sed -n 's/^\.Sh //p' "$1"
}

@test "pages are clean under mandoc" {
	run mandoc -T lint -W warning man/*.[1357]
	assert_success
	assert_output ""
}

@test "every option of a program is in its page, short and long, and no other" {
	local name

	for name in $(programs); do
		[ "$(options_of_help "$name" | wc -l)" -ge 4 ]
		assert_equal "$name $(options_of_page "$name")" \
			"$name $(options_of_help "$name")"
	done
}

@test "options of a page are in order, with those of argp last" {
	local name list own

	for name in $(programs); do
		list=$(sed -nE 's/^\.It Fl (.* , Fl )?-([a-z-]+).*/\2/p' \
			"man/$name.1")
		assert_equal "$name $(tail -n 3 <<<"$list" | xargs)" \
			"$name help usage version"
		# By the letter, or by the name of those that have none.
		own=$(sed -nE '/^\.It Fl (\\|-usage|V )/d
			s/^\.It Fl -?([a-z-]+).*/\1/p' "man/$name.1")
		assert_equal "$name $own" "$name $(sort <<<"$own")"
	done
}

@test "what the options want is the same in both" {
	run grep -c 'Fl -stdio Ns = Ns Cm here | Ar FD Ns = Ns Ar PATH' \
		man/migrate-restore.1
	assert_output 2
	run bash -c 'migrate-restore --help | grep -oE -- "--[a-z]+=[^ ]+"'
	assert_line "--pids=same|new|auto"
	assert_line "--stdio=here|FD=PATH"
	assert_line "--vdso=auto|bridge"
	grep -qF 'Fl -pids Ns = Ns Cm same | new | auto' man/migrate-restore.1
	grep -qF 'Fl -vdso Ns = Ns Cm auto | bridge' man/migrate-restore.1
}

@test "every page of a program has all sections, in their order" {
	local name

	for name in $(programs); do
		assert_equal "$name: $(sections_of "man/$name.1" | xargs)" \
			"$name: NAME SYNOPSIS DESCRIPTION EXIT STATUS EXAMPLES \
DIAGNOSTICS SEE ALSO CAVEATS"
	done
}

@test "exit statuses are those of the sources, and no page has another" {
	local of_source of_page page status

	of_source=$(sed -nE 's/.*STATUS_[A-Z]+ = ([0-9]+).*/\1/p' \
		lib/base/failure.h | sort)
	of_page=$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It //p' \
		man/migrate.7 | sort)
	assert_equal "$of_page" "$(sort <<<"0
$of_source")"
	for page in man/*.1; do
		for status in $(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It \([0-9]*\)$/\1/p' \
			"$page"); do
			[ "$status" = 0 ] || grep -qx "$status" <<<"$of_source" ||
				fail "$page: status $status"
		done
	done
}

@test "pages that a page names are there, if they are ours" {
	local page name section

	for page in man/*.[1357]; do
		while read -r name section; do
			[ -e "man/$name.$section" ] || fail "$page: $name($section)"
		done < <(sed -nE 's/^\.(It )?Xr (migrate[a-z-]*) ([0-9]).*/\2 \3/p' \
			"$page")
	done
}

# Messages of a page, a line each, as they begin: up to what may vary.
diagnostics_of() {
	sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE ALSO/p' "$1" |
		sed -e ':join' -e '/\\$/{N;s/\\\n//;b join' -e '}' |
		sed -nE 's/^\.It "(warning: )?(.*)"$/\2/p'
}

# A message is in the sources if a string there, of which % stands for
# anything, is in it; what is nothing but a path and a reason is.
in_sources() {
	python3 - "$1" <<-'END'
		import glob, re, sys
		message = sys.argv[1].replace("\\e", "\\")
		if re.fullmatch(r"/[^ ]*: No such file or directory", message):
		    sys.exit(0)
		for name in glob.glob("lib/*/*.c") + glob.glob("cmd-*/*.c"):
		    text = open(name).read()
		    text = re.sub(r'"\s*PRI[ux]64\s*"', "lu", text)
		    text = re.sub(r'"\s*"', "", text)
		    for literal in re.findall(r'"((?:[^"\\]|\\.)*)"', text):
		        literal = re.split(r'\\[nr]', literal)[0].replace('\\"', '"')
		        pieces = re.split(r'%[-0-9.]*(?:ll?|z)?[a-z]', literal)
		        if len("".join(pieces)) < 10:
		            continue
		        if re.search(".*".join(map(re.escape, pieces)), message):
		            sys.exit(0)
		sys.exit(1)
	END
}

@test "every message in DIAGNOSTICS is one that some program can say" {
	local page message count=0

	for page in man/migrate-*.1; do
		while read -r message; do
			count=$((count + 1))
			in_sources "$message" || fail "$page: $message"
		done < <(diagnostics_of "$page")
	done
	[ "$count" -gt 25 ]
}
