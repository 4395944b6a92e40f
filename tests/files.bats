# SPDX-License-Identifier: MIT
#
# files.bats - a program goes where its files are missing, moved or others
#
# The program is a copy of sleep(1) with a file open for reading, one for
# appending and one for reading and writing; it is killed by its capture, and
# then its files are altered.

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	bats_load_library bats-file
	. "$BATS_TEST_DIRNAME/move.bash"
	alter=$BATS_TEST_DIRNAME/faults/alter
	case_dir=$BATS_TEST_TMPDIR/case
	cache=$BATS_TEST_TMPDIR/cache
	move_deadline=$((SECONDS + 60))
	mkdir "$case_dir"
	chmod 755 "$BATS_TEST_TMPDIR" "$case_dir"
	cd "$BATS_TEST_TMPDIR" || exit
	moved=
}

# Where others may go, too: a directory of bats is closed to them.
in_public() {
	public=$(mktemp -d /tmp/files.XXXXXX)
	case_dir=$public/case
	mkdir "$case_dir"
	chmod 777 "$public" "$case_dir"
	cd "$public"
}

teardown() {
	[ -z "$moved" ] || kill -KILL "$moved" || true
	move_sweep "$case_dir" >/dev/null || true
	[ -z "${public-}" ] || rm -rf "$public"
}

# The program, captured to the file stream with the options given.
stream() {
	cp "$(command -v sleep)" "$case_dir/prog"
	mkdir "$case_dir/sub"
	echo 0123456789 >"$case_dir/data"
	echo log >"$case_dir/diary"
	echo base >"$case_dir/sub/base"
	chmod 640 "$case_dir/sub/base"
	move_start "$case_dir" bash -c '
		exec 5<data 6>>diary 7<>sub/base
		read -r -n 3 -u 5 _
		exec ./prog 1000'
	move_until "start of the program" bash -c \
		"readlink /proc/$move_pid/exe | grep -q prog"
	"$MOVE_BIN/migrate-capture" -q -k "$@" "$move_pid" >stream
	move_until "end of the program" move_gone "$move_pid"
}

restore() {
	"$MOVE_BIN/migrate-restore" --detach --cache="$cache" "$@" \
		<stream 3>&- 4>&-
}

# It runs again, as process $moved.
restored() {
	moved=$(restore "$@" 2>said) || fail "$(<said)"
	[ -e "/proc/$moved/exe" ] || fail "there is no process $moved"
	run cat said
}

refused() {
	local want=$1

	shift
	run restore "$@"
	assert_failure "$want"
	assert_equal "$(move_marked "$case_dir")" ""
}

leads() {
	assert_equal "$(readlink "/proc/$moved/$1")" "$2"
}

@test "what is read or mapped comes from a cache, its path stays empty" {
	stream --files=carry
	rm "$case_dir/data" "$case_dir/prog"
	restored
	assert_output ""
	[[ $(readlink "/proc/$moved/exe") = "$cache"/* ]]
	[[ $(readlink "/proc/$moved/fd/5") = "$cache"/* ]]
	assert_equal "$(<"/proc/$moved/fd/5")" "0123456789"
	grep -q "^pos:	3$" "/proc/$moved/fdinfo/5"
	cmp "/proc/$moved/exe" "$(command -v sleep)"
	assert_not_exist "$case_dir/data"
	assert_not_exist "$case_dir/prog"
	# Nobody is to alter it under the program.
	assert_equal "$(stat -c %a "$(readlink "/proc/$moved/exe")")" 555
	assert_equal "$(find "$cache" -type f | wc -l)" 2
}

@test "what is here and the same is used, whatever its time" {
	stream --files=carry
	for file in data prog log sub/base; do
		cp "$case_dir/$file" "$case_dir/copy"
		mv "$case_dir/copy" "$case_dir/$file"
		touch -d 2001-01-01 "$case_dir/$file"
	done
	restored
	leads exe "$case_dir/prog"
	leads fd/5 "$case_dir/data"
	assert_not_exist "$cache"
}

@test "a cached file is used again" {
	stream --files=carry
	rm "$case_dir/data" "$case_dir/prog"
	restored
	kill -KILL "$moved"
	stat -c '%i %n' "$cache"/* >before
	restored
	stat -c '%i %n' "$cache"/* | diff before -
}

@test "a missing file that is written to is made again" {
	stream --files=carry
	touch -d 2001-01-01 "$case_dir/diary"
	rm -r "$case_dir/diary" "$case_dir/sub"
	restored
	assert_output --partial "made the directory $case_dir/sub"
	assert_equal "$(<"$case_dir/diary")" log
	assert_equal "$(<"$case_dir/sub/base")" base
	assert_equal "$(stat -c %a "$case_dir/sub/base")" 640
	leads fd/6 "$case_dir/diary"
	leads fd/7 "$case_dir/sub/base"
	assert_not_exist "$cache"
}

@test "another file in the place of one that is written to stays, unless told" {
	stream --files=carry
	rm "$case_dir/sub/base"
	echo mine >"$case_dir/sub/base"
	refused 78
	assert_output --partial "$case_dir/sub/base is another file here"
	assert_output --partial "--files=overwrite"
	assert_equal "$(<"$case_dir/sub/base")" mine
	restored --files=overwrite
	assert_equal "$(<"$case_dir/sub/base")" base
	assert_equal "$(ls "$case_dir/sub")" base
}

@test "a restore that fails puts back what it replaced, and leaves nothing" {
	stream --files=carry
	rm "$case_dir/data" "$case_dir/diary"
	rm "$case_dir/sub/base"
	echo mine >"$case_dir/sub/base"
	cp stream whole
	head -c -100 whole >stream
	refused 65 --files=overwrite
	assert_equal "$(<"$case_dir/sub/base")" mine
	assert_equal "$(ls "$case_dir/sub")" base
	assert_not_exist "$case_dir/diary"
	assert_equal "$(find "$cache" -type f)" ""
}

@test "a file that has grown is accepted" {
	stream --files=carry
	cp "$case_dir/diary" new
	echo more >>new
	mv new "$case_dir/diary"
	restored
	assert_equal "$(<"$case_dir/diary")" $'log\nmore'
	kill -KILL "$moved"
	# And if it was not carried: also one that is only read.
	cp "$case_dir/data" new
	echo more >>new
	mv new "$case_dir/data"
	restored --files=require
	leads fd/5 "$case_dir/data"
}

@test "a data file with other content is refused, unless accepted" {
	stream
	echo 0123456780 >"$case_dir/new"
	mv "$case_dir/new" "$case_dir/data"
	refused 78
	assert_output --partial "$case_dir/data is another file here"
	assert_output --partial "--files=accept"
	restored --files=accept
	assert_output --partial "used as it is"
	leads fd/5 "$case_dir/data"
	kill -KILL "$moved"
	# A program with other content never is.
	sed 's/Copyright/copyrighT/' "$case_dir/prog" >"$case_dir/new"
	cmp -s "$case_dir/new" "$case_dir/prog" && echo >>"$case_dir/new"
	chmod 755 "$case_dir/new"
	mv "$case_dir/new" "$case_dir/prog"
	refused 78 --files=accept
	assert_output --partial "$case_dir/prog"
	assert_output --partial "--files=carry"
}

@test "a data file that was only copied is the same" {
	stream
	cp "$case_dir/data" new
	touch -d 2001-01-01 new
	mv new "$case_dir/data"
	restored
	leads fd/5 "$case_dir/data"
}

@test "files and directories are found elsewhere by --map" {
	stream
	mv "$case_dir" elsewhere
	mkdir "$case_dir"
	refused 78
	assert_output --partial "$case_dir/prog: No such file or directory"
	assert_output --partial "--map"
	restored --map="$case_dir/=$PWD/elsewhere" \
		--map="$case_dir/sub=$PWD/elsewhere/sub"
	leads exe "$PWD/elsewhere/prog"
	leads cwd "$PWD/elsewhere"
	leads fd/5 "$PWD/elsewhere/data"
	leads fd/7 "$PWD/elsewhere/sub/base"
	move_sweep "$PWD/elsewhere" || true
}

@test "the longest --map counts, and whole names alone" {
	stream
	mv "$case_dir/sub" "$case_dir/subway"
	cp "$case_dir/data" "$case_dir/other"
	restored --map="$case_dir/su=/nowhere" --map="$case_dir/dat=/nowhere" \
		--map="$case_dir/sub=$case_dir/subway" \
		--map="$case_dir/data=$case_dir/other"
	leads fd/5 "$case_dir/other"
	leads fd/7 "$case_dir/subway/base"
}

@test "--map wants two absolute paths" {
	run "$MOVE_BIN/migrate-restore" --map=a=/b /dev/null
	assert_failure 64
	assert_output --partial "--map=a=/b"
	run "$MOVE_BIN/migrate-restore" --map=/a /dev/null
	assert_failure 64
	run "$MOVE_BIN/migrate-restore" --files=some /dev/null
	assert_failure 64
	run "$MOVE_BIN/migrate-capture" --files=some 1
	assert_failure 64
}

@test "a carried file whose hash is wrong is refused, and leaves nothing" {
	stream --files=carry
	rm "$case_dir/data" "$case_dir/prog" "$case_dir/diary"
	cp stream whole
	"$alter" whole stream 80 hash 'bytes(16)'
	refused 65
	assert_output --partial "is not what its hash says"
	assert_equal "$(find "$cache" -type f)" ""
	assert_not_exist "$case_dir/diary"
}

@test "carried files of absurd size, mode or number are refused" {
	stream --files=carry
	rm "$case_dir/data" "$case_dir/prog"
	cp stream whole
	for change in "80 size 2**62" "80 mode 0o104755" "drop 80" \
		"28 carried 77" "28 carried 2**32+5000" "80 size 5"; do
		# shellcheck disable=SC2086
		"$alter" whole stream $change
		refused 65
		assert_equal "$(find . -path ./cache/\*)" ""
	done
}

@test "paths that no file can have are refused" {
	stream
	cp stream whole
	for path in /etc/../etc/passwd etc/passwd /tmp/./x /tmp/..; do
		"$alter" whole stream 28 path "'$path'"
		refused 65
		"$alter" whole stream 16 cwd "'$path'"
		refused 65
		assert_output --partial "path that nothing can have"
	done
}

@test "a cache that others may write to is refused" {
	stream --files=carry
	rm "$case_dir/data"
	mkdir "$cache"
	chmod 777 "$cache"
	refused 78
	assert_output --partial "others may write to $cache"
	assert_output --partial "--cache"
	[ "$(id -u)" = 0 ] || return 0
	chmod 755 "$cache"
	chown 65534 "$cache"
	refused 78
	rmdir "$cache"
	ln -s /tmp "$cache"
	refused 78
}

@test "a cached file that was tampered with is not used" {
	local file

	stream --files=carry
	rm "$case_dir/data"
	restored
	kill -KILL "$moved"
	file=$(find "$cache" -type f)
	chmod 644 "$file"
	echo 0123456780 >"$file"
	chmod 444 "$file"
	restored
	assert_equal "$(<"/proc/$moved/fd/5")" "0123456789"
}

@test "files of two names that are one stay one" {
	stream_linked() {
		echo first >"$case_dir/a"
		ln "$case_dir/a" "$case_dir/b"
		move_start "$case_dir" bash -c \
			'exec 5<>a 6<>b; : >began; exec sleep 1000'
		move_until start test -e "$case_dir/began"
		move_until sleep bash -c \
			"readlink /proc/$move_pid/exe | grep -q sleep"
		"$MOVE_BIN/migrate-capture" -q -k --files=carry "$move_pid" \
			>stream
		move_until "end of the program" move_gone "$move_pid"
	}
	stream_linked
	rm "$case_dir/a" "$case_dir/b"
	restored
	leads fd/5 "$case_dir/a"
	leads fd/6 "$case_dir/b"
	assert_equal "$(stat -c %h "$case_dir/a")" 2
	[ "$case_dir/a" -ef "$case_dir/b" ]
}

@test "a processor that lacks something is refused, unless ignored" {
	stream
	cp stream whole
	"$alter" whole stream header cpu 'old + [{"name": "avx512_of_tomorrow"}]'
	refused 78
	assert_output --partial "lacks avx512_of_tomorrow"
	assert_output --partial "--cpu=ignore"
	restored --cpu=ignore
	assert_output --partial "lacks avx512_of_tomorrow"
}

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)

@test "an ordinary user moves his own, and carries it to his own cache" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	in_public
	cp "$(command -v sleep)" "$case_dir/prog"
	echo 0123456789 >"$case_dir/data"
	: >"$case_dir/log"
	chmod 666 "$case_dir/log"
	move_start "$case_dir" "${nobody[@]}" bash -c \
		'exec 5<data >/dev/null 2>&1; exec ./prog 1000'
	move_until "start of the program" bash -c \
		"readlink /proc/$move_pid/exe | grep -q prog"
	"${nobody[@]}" "$MOVE_BIN/migrate-capture" -q -k --files=carry \
		"$move_pid" >stream
	move_until "end of the program" move_gone "$move_pid"
	rm "$case_dir/data" "$case_dir/prog"
	moved=$(HOME=$PWD/home XDG_CACHE_HOME='' "${nobody[@]}" \
		"$MOVE_BIN/migrate-restore" --detach 2>said \
		<stream 3>&- 4>&-) || fail "$(<said)"
	[[ $(readlink "/proc/$moved/exe") = "$PWD/home/.cache/sojourn"/* ]]
	assert_equal "$(stat -c %u home/.cache/sojourn)" 65534
	kill -KILL "$moved"
	# Root is another user, who may, too.
	restored
	assert_equal "$(stat -c %u "/proc/$moved")" 65534
}

@test "a program becomes another user's with --user" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	in_public
	move_start "$case_dir" bash -c \
		'exec >/dev/null 2>&1; : >began; exec sleep 1000'
	move_until "start of the program" test -e "$case_dir/began"
	move_until "start of sleep" bash -c \
		"readlink /proc/$move_pid/exe | grep -q sleep"
	"$MOVE_BIN/migrate-capture" -q -k "$move_pid" >stream
	move_until "end of the program" move_gone "$move_pid"
	restored --user=nobody
	grep -q "^Uid:	65534	65534	65534	65534$" "/proc/$moved/status"
	grep -q "^Gid:	65534	65534	65534	65534$" "/proc/$moved/status"
	kill -KILL "$moved"
	refused 78 --user=no-such-user
	assert_output --partial "there is no user no-such-user here"
	# The caller, who is not root: refused, unless he takes it over.
	run "${nobody[@]}" "$MOVE_BIN/migrate-restore" --detach \
		<stream 3>&- 4>&-
	assert_failure 77
	moved=$("${nobody[@]}" "$MOVE_BIN/migrate-restore" --detach \
		--user=caller 2>said <stream 3>&- 4>&-) || fail "$(<said)"
	assert_equal "$(stat -c %u "/proc/$moved")" 65534
	grep -q "^CapEff:	0000000000000000$" "/proc/$moved/status"
}
