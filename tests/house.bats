# SPDX-License-Identifier: MIT
#
# house.bats - what every file and every program owes to its reader

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.."
	PATH=$PWD/${BIN:-bin}:$PATH
}

# Options on stdin, one a line, without those that every program has.
own_options() {
	sort -u | grep -vxE -- '--(help|usage|version)' || true
}

# Paths of the sources of all programs.
programs() {
	ls cmd-*/*.c
}

@test "every source names its licence in its first lines" {
	local file missing=

	while read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
			missing+=" $file"
	done < <(find Makefile .clang-format .clang-tidy .gitignore .ci cmd-* \
		lib man tests -type f \
		! -name '*.md' ! -name '*.bin' ! -path '*/corpus/*')
	assert_equal "$missing" ""
}

@test "every program has a page in man/" {
	local source missing=

	for source in $(programs); do
		compgen -G "man/$(basename "$source" .c).[18]" >/dev/null ||
			missing+=" $source"
	done
	assert_equal "$missing" ""
}

@test "every option of a program is in its page, and the other way round" {
	local source name wrong= help page

	for source in $(programs); do
		name=$(basename "$source" .c)
		help=$("$name" --help | grep -oE -- '--[a-z][a-z-]*' |
			own_options)
		page=$(sed -n 's/^\.It .*Fl -\([a-z][a-z-]*\).*/--\1/p' \
			man/"$name".[18] | own_options)
		[ "$help" = "$page" ] ||
			wrong+=" $name: $(echo $(comm -3 <(echo "$help") \
				<(echo "$page")))"
	done
	assert_equal "$wrong" ""
}

@test "every program says its version, and what it is for" {
	local source name

	for source in $(programs); do
		name=$(basename "$source" .c)
		run "$name" --version
		assert_success
		assert_output --regexp "^$name [0-9v]"
		run "$name" --help
		assert_success
		assert_output --partial "Usage: $name"
	done
}

@test "every program called wrongly says so with status 64" {
	local source name

	for source in $(programs); do
		name=$(basename "$source" .c)
		run "$name" --no-such-option </dev/null
		assert_failure 64
	done
}

@test "the library is named by the rooms in ARCHITECTURE.md" {
	local room missing=

	for room in $(dirname lib/*/*.c cmd-*/*.c | sort -u); do
		grep -q "$room" ARCHITECTURE.md || missing+=" $room"
	done
	assert_equal "$missing" ""
}

@test "the list of what moves is as the victims say (make list)" {
	run tests/list --check
	assert_success
	assert_output ""
}

@test "install puts programs and pages where it is told to" {
	local source

	make -s install PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR"
	for source in $(programs); do
		[ -x "$BATS_TEST_TMPDIR/usr/bin/$(basename "$source" .c)" ]
	done
	[ -n "$(ls "$BATS_TEST_TMPDIR"/usr/share/man/man1/)" ]
}
