# SPDX-License-Identifier: MIT
#
# faults.bats - whatever goes wrong: the source is whole, nothing is left at the
# destination, and one sentence says why
#
# Blows fall at random; FAULTS says how many (6), FAULTS_SEED repeats a run.
# tests/faults/alone finds what a command leaves behind, tests/faults/alter
# makes streams with one thing wrong.

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	load move.bash
	load faults/faults.bash
	cd "$BATS_TEST_TMPDIR"
	# Some run as somebody else, who cannot look into our folder.
	case=$(mktemp -d /tmp/faults.XXXXXX)/case
	chmod 755 "${case%/*}"
	in=
	extra=
}

needs_root() {
	[ "$(id -u)" = 0 ] || skip "needs root, to become somebody else"
}

teardown() {
	[ -z "$extra" ] || kill -KILL $extra 2>/dev/null || true
	move_sweep "$case" >/dev/null || true
	rm -rf "${case%/*}"
}

capture() {
	"$MOVE_BIN/migrate-capture" "$@"
}

# The stream of victim $1 in file "stream"; the victim is stopped ($2: or is
# killed, with --kill).
stream_of() {
	source_start "$1"
	capture -q ${2-} "$move_pid" >stream
}

# ---- SIGKILL ----

# $1 kills of what function $2 does to victim $3, which must always go on.
blows() {
	local times=$1 how=$2 victim=$3 i

	source_start "$victim"
	"$how"_prepare
	for ((i = 0; i < times; i++)); do
		if ((i % 5 == 4)); then
			source_passes "$victim"
			source_start "$victim"
		fi
		blow=
		"$how" || fail "$victim, $blow: $(tail -n 5 err)"
		echo "$victim: $blow"
		source_is_whole
	done
	source_passes "$victim"
}

capture_to_file() {
	capture -q --leave-running "$move_pid" >stream
}

capture_killed_prepare() {
	time_of capture_to_file
}

capture_killed() {
	local rc=0

	choose_moment
	blow="killed after $moment s"
	"$alone" -k "$moment" "$MOVE_BIN/migrate-capture" -q "$move_pid" \
		>stream 2>err || rc=$?
	[ $rc = 0 ] || [ $rc = 137 ]
}

capture_killed_at_call_prepare() {
	strace -qq -o calls "$MOVE_BIN/migrate-capture" -q --leave-running \
		"$move_pid" >stream
	calls_from calls
}

capture_killed_at_call() {
	local rc=0

	choose_call
	"${strike[@]}" "$MOVE_BIN/migrate-capture" -q "$move_pid" >stream \
		2>err || rc=$?
	[ $rc = 0 ] || [ $rc = 137 ]
}

move_to_copy() {
	"$alone" -d bash -c '"$0/migrate-capture" -q "$1" |
			"$0/migrate-restore" --detach' \
		"$MOVE_BIN" "$move_pid" >out 2>err
}

pipeline_killed_prepare() {
	time_of move_to_copy
	source_is_whole
}

pipeline_killed() {
	local rc=0

	choose_moment
	blow="killed after $moment s"
	"$alone" -d -k "$moment" bash -c '
		"$0/migrate-capture" -q "$1" |
			"$0/migrate-restore" --detach' \
		"$MOVE_BIN" "$move_pid" >out 2>err || rc=$?
	[ $rc = 0 ] || [ $rc = 137 ] || { [ $rc = 99 ] && left_whole; }
}

VICTIMS='threads-100 wait-poll pipe-between tree-three sleep-usleep regs-avx
	signal-storm python'

@test "capture killed at any moment: the source goes on" {
	local victim

	for victim in $VICTIMS; do
		blows "$FAULTS" capture_killed "$victim"
	done
}

@test "capture killed at any system call: the source goes on" {
	local victim

	for victim in $VICTIMS; do
		blows "$FAULTS" capture_killed_at_call "$victim"
	done
}

source_at_rest() {
	[[ $(source_states) != *[!TZX]* ]]
}

# Each member is first told to stop, then killed, by a kill(2) each.
@test "capture --kill killed as it kills: no part of the source runs on" {
	local i rc

	for ((i = 0; i < FAULTS; i++)); do
		source_start tree-fifty
		choose "$members"
		blow="kill call $((members + at + 1)) of $((2 * members))"
		rc=0
		strace -qq -o /dev/null -e trace=kill \
			-e inject=kill:signal=KILL:when=$((members + at + 1)) \
			"$MOVE_BIN/migrate-capture" --kill "$move_pid" \
			>stream 2>err || rc=$?
		assert_equal "$blow: $rc" "$blow: 137"
		await "standstill after $blow" source_at_rest
		"$MOVE_BIN/migrate-release" --kill "$move_pid"
		await "end" move_none_marked "$case"
	done
}

@test "capture killed while it writes much memory: the source goes on" {
	blows "$FAULTS" capture_killed mem-large
}

@test "the whole pipeline killed at any moment: the source goes on, no copy stays" {
	local victim

	for victim in $VICTIMS; do
		blows "$FAULTS" pipeline_killed "$victim"
	done
}

# restore_whole [OPTION... --] [BEFORE...] : a copy that is ended at once.
restore_whole() {
	"$alone" -d "$@" "$MOVE_BIN/migrate-restore" --detach $pids <stream \
		>out 2>err
}

# A restore ($pids: its options) of victim $1 that is killed leaves nothing.
restore_killed() {
	local i rc

	stream_of "$1" ${kill_source-}
	[ -z "${kill_source-}" ] ||
		await "end of the source" move_gone "$move_pid"
	time_of restore_whole
	restore_whole strace -qq -o calls
	calls_from calls
	for ((i = 0; i < FAULTS; i++)); do
		rc=0
		if ((i % 2)); then
			choose_moment
			blow="killed after $moment s"
			restore_whole -k "$moment" || rc=$?
		else
			choose_call
			restore_whole "${strike[@]}" || rc=$?
		fi
		echo "$1: $blow: $rc"
		[ $rc = 0 ] || [ $rc = 137 ] ||
			{ [ $rc = 99 ] && left_whole; } ||
			fail "$1, $blow, status $rc: $(<err)"
	done
}

@test "restore killed at any moment: nothing is left, the source goes on" {
	local victim pids=

	for victim in $VICTIMS; do
		restore_killed "$victim"
		source_is_whole
		source_passes "$victim"
	done
}

@test "restore with the old PIDs killed at any moment: nothing is left" {
	local victim pids=--pids=same kill_source=--kill

	for victim in $VICTIMS; do
		restore_killed "$victim"
		# The stream is as good as it was.
		move_pid=$("$MOVE_BIN/migrate-restore" --detach <stream)
		source_passes "$victim"
	done
}

@test "a reader that dies: capture --kill kills nothing" {
	local i size rc

	source_start tree-three
	capture -q --leave-running "$move_pid" >stream
	size=$(stat -c %s stream)
	for ((i = 0; i < FAULTS; i++)); do
		# head(1) reads ahead, but not so far.
		choose "$((size - 100000))"
		rc=0
		bash -c 'set -o pipefail
			"$0/migrate-capture" --kill "$1" 2>err | head -c "$2"' \
			"$MOVE_BIN" "$move_pid" "$at" >cut || rc=$?
		[ $rc = 74 ] || fail "status $rc after $at bytes: $(<err)"
		one_sentence migrate-capture
		source_is_whole
	done
	# A stream that the pipe has room for, and a reader that takes none.
	ends 74 migrate-capture bash -c 'set -o pipefail
		"$0/migrate-capture" --kill "$1" | sleep 0.3' \
		"$MOVE_BIN" "$move_pid"
	assert_output --partial 'reader of the stream'
	source_is_whole
	source_passes tree-three
}

# ---- cut and altered streams ----

@test "a stream cut at any byte is refused, and nothing is left" {
	local i size head

	stream_of tree-pipeline
	size=$(stat -c %s stream)
	head=$(head_of stream)
	[ "$head" -gt 1000 ]
	for ((i = 0; i < 4 * FAULTS; i++)); do
		choose "$((i % 2 ? head : size))"
		head -c "$at" stream >cut
		stream_refused cut "only $at of $size bytes"
	done
	source_is_whole
	source_passes tree-pipeline
}

# Bytes before the first run of pages.
head_of() {
	LC_ALL=C grep -oba -m1 -P '\x86\x02' "$1" | head -n 1 | cut -d: -f1
}

@test "a stream with any bit altered is refused, and nothing is left" {
	local i size head

	stream_of tree-pipeline
	size=$(stat -c %s stream)
	head=$(head_of stream)
	[ "$head" -gt 1000 ]
	for ((i = 0; i < 4 * FAULTS; i++)); do
		choose "$((8 * (i % 2 ? head : size)))"
		perl -e 'open my $f, "<:raw", "stream"; local $/; $_ = <$f>;
			substr($_, $ARGV[0] >> 3, 1) ^= chr(1 << ($ARGV[0] & 7));
			print' "$at" >altered
		stream_refused altered "bit $((at % 8)) of byte $((at / 8)) altered"
	done
	source_is_whole
	source_passes tree-pipeline
}

@test "no stream at all, endless garbage, endless zeros" {
	: >empty
	in=empty ends 65 migrate-restore "$MOVE_BIN/migrate-restore"
	assert_output --regexp 'empty|truncated|nothing'
	ends 65 migrate-restore bash -c \
		"yes | '$MOVE_BIN/migrate-restore' --detach"
	ends 65 migrate-restore bash -c \
		"'$MOVE_BIN/migrate-restore' --detach </dev/zero"
	ends 65 migrate-restore bash -c \
		"'$MOVE_BIN/migrate-restore' --detach </dev/urandom"
	# The right beginning, and then no end.
	stream_of wait-poll --kill
	ends 65 migrate-restore bash -c "(head -c 5000 stream; cat /dev/zero) |
		'$MOVE_BIN/migrate-restore' --detach"
	ends 65 migrate-restore bash -c "(head -c 3000 stream; yes) |
		'$MOVE_BIN/migrate-restore' --detach"
}

@test "a stream twice in a row makes one tree" {
	stream_of wait-poll --kill
	await "end of the source" move_gone "$move_pid"
	cat stream stream >twice
	move_pid=$("$MOVE_BIN/migrate-restore" --detach <twice)
	assert_equal "$(move_marked "$case")" "$move_pid"
	source_passes wait-poll
}

# ---- a place that is not fit ----

# alter(1) of the stream, as $1 says; refused with status $2.
altered() {
	local want=$1

	shift
	"$alter" stream altered "$@"
	in=altered ends "$want" migrate-restore \
		"$MOVE_BIN/migrate-restore" --detach
}

@test "streams of another version, machine or processor are refused by name" {
	stream_of wait-poll
	altered 65 header version 2
	assert_output --partial 'version 2'
	altered 65 header format '"another"'
	altered 65 header kind '"vm"'
	assert_output --partial vm
	altered 65 header page 16384
	assert_output --partial 16384
	altered 78 header arch '"aarch64"'
	assert_output --partial aarch64
	altered 78 header cpu 'old + [{"name": "avx512_made"}, {"name": "amx_up"}]'
	assert_output --partial avx512_made
	assert_output --partial amx_up
	altered 78 header xcr0 'old | 1 << 40'
	assert_output --partial 0x100000000
	altered 65 add 15
	altered 65 add 999
	assert_output --partial 999
	source_is_whole
	source_passes wait-poll
}

@test "records that are missing or do not fit are refused" {
	local type

	stream_of tree-three
	for type in 16 24 26 28; do
		altered 65 drop "$type"
	done
	altered 65 17 pid 99999
	altered 65 16 parent 'old or 77777'
	altered 65 header root 77777
	altered 65 33 open 77777
	altered 65 25 start 5
	altered 65 header time_ns 5 loose
	source_is_whole
	source_passes tree-three
}

restore_ends() {
	local want=$1

	shift
	in=stream ends "$want" migrate-restore "$@" \
		"$MOVE_BIN/migrate-restore" --detach
}

# The stream of a program that has a file, a log, a FIFO and a directory of ours;
# it has been killed.
stream_of_program() {
	rm -rf "$case"
	mkdir -m 777 "$case" "$case/dir"
	cp /bin/sleep "$case/prog"
	echo 0123456789 >"$case/data"
	echo log >"$case/log.txt"
	mkfifo "$case/fifo"
	move_start "$case/dir" bash -c '
		exec 5<"$0/data" 6>>"$0/log.txt" 7<>"$0/fifo"
		exec "$0/prog" 1000' "$case"
	await "start of the program" bash -c \
		"readlink /proc/$move_pid/exe | grep -q prog"
	capture -q --kill "$move_pid" >stream
	await "end of the source" move_gone "$move_pid"
}

@test "a missing file, directory or FIFO is named" {
	stream_of_program
	mv "$case/data" "$case/away"
	restore_ends 78
	assert_output --partial "$case/data: No such file"
	mv "$case/away" "$case/data"
	mv "$case/fifo" "$case/away"
	restore_ends 78
	assert_output --partial "$case/fifo"
	mv "$case/away" "$case/fifo"
	mv "$case/dir" "$case/away"
	restore_ends 78
	assert_output --partial "$case/dir"
	mv "$case/away" "$case/dir"
	mv "$case/prog" "$case/away"
	restore_ends 78
	assert_output --partial "$case/prog"
	# All at once, in one list.
	rm -r "$case/data" "$case/fifo" "$case/dir"
	restore_ends 78
	assert_output --partial "$case/prog"
	assert_output --partial "$case/data"
	assert_output --partial "$case/fifo"
	assert_output --partial "$case/dir"
}

@test "another file of the same name is named" {
	stream_of_program
	echo longer and other >"$case/data.new"
	mv "$case/data" "$case/data.old"
	mv "$case/data.new" "$case/data"
	restore_ends 78
	assert_output --partial "$case/data"
	mv "$case/data.old" "$case/data"
	: >"$case/log.txt"
	restore_ends 78
	assert_output --partial "$case/log.txt has shrunk"
	echo log and more >"$case/log.txt"
	# Size and name of the program are right, its bytes are not.
	perl -0pe 's/Copyright/copyrighT/' /bin/sleep >"$case/prog.new"
	cmp -s /bin/sleep "$case/prog.new" && printf x |
		dd of="$case/prog.new" bs=1 seek=4000 conv=notrunc status=none
	mv "$case/prog" "$case/prog.old"
	chmod 755 "$case/prog.new"
	mv "$case/prog.new" "$case/prog"
	restore_ends 78
	assert_output --partial "$case/prog"
	mv "$case/prog.old" "$case/prog"
	# A file where a FIFO was, and a directory where a file was.
	rm "$case/fifo"
	: >"$case/fifo"
	restore_ends 78
	assert_output --partial "$case/fifo"
	rm "$case/fifo"
	mkfifo "$case/fifo"
	# All as it was: it runs again.
	move_pid=$("$MOVE_BIN/migrate-restore" --detach <stream)
	kill -KILL "$move_pid"
}

@test "without memory: one sentence, nothing left" {
	local kib

	stream_of mem-large --kill
	for kib in 6000 9000 20000 60000; do
		restore_ends 71 bash -c "ulimit -v $kib && exec \"\$@\"" -
	done
}

@test "without descriptors: one sentence, nothing left" {
	stream_of tree-three --kill
	await "end of the source" move_none_marked "$case"
	restore_ends 71 bash -c 'ulimit -n 12 && exec "$@"' -
}

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)

@test "without permission: one sentence, nothing left" {
	needs_root
	stream_of wait-poll
	chmod 600 "$case/log"
	restore_ends 77 "${nobody[@]}"
	assert_output --partial 'user 0'
	source_is_whole
	source_passes wait-poll
	# A program of his own, whose log he may not open any more.
	rm -rf "$case"
	mkdir -m 777 "$case"
	move_start "$case" "${nobody[@]}" "$victims/wait-poll" "$case"
	await "set-up" test -e "$case/ready"
	chmod 666 "$case/log"
	"${nobody[@]}" "$MOVE_BIN/migrate-capture" -q "$move_pid" >stream
	chmod 600 "$case/log"
	restore_ends 78 "${nobody[@]}"
	assert_output --partial "$case/log: Permission denied"
	chmod 666 "$case/log"
	in=stream ends 77 migrate-restore "${nobody[@]}" \
		"$MOVE_BIN/migrate-restore" --detach --pids=same
	source_is_whole
	source_passes wait-poll
}

# ---- what cannot be captured ----

# capture and check of PID $2 say one sentence with $3 in it, status $1.
refused() {
	ends "$1" migrate-capture "$MOVE_BIN/migrate-capture" "$2"
	assert_output --partial "$3"
	[ ! -s out ] || fail "a stream has begun: $(head -c 100 out)"
	run "$MOVE_BIN/migrate-check" "$2"
	assert_failure "$1"
	assert_output --partial "$3"
}

@test "a PID that is none, is gone, is a zombie, is the kernel's" {
	local pid

	for pid in 0 -1 x 12x '' 99999999999999999999; do
		ends 64 migrate-capture "$MOVE_BIN/migrate-capture" -- "$pid" ||
			fail "$pid: $(<err)"
	done
	ends 64 migrate-capture "$MOVE_BIN/migrate-capture"
	sleep 0 &
	pid=$!
	wait $pid
	refused 66 "$pid" 'no process'
	refused 69 2 kernel
	perl -e '$| = 1; $p = fork // die; exit unless $p; print "$p\n"; sleep 1000' \
		>zombie 3>&- 4>&- &
	extra=$!
	await "a zombie" zombie_there
	refused 66 "$(<zombie)" zombie
}

# A $(<file) that is not there yet would end the whole test, not only this.
zombie_there() {
	[ -s zombie ] && grep -q '^State:.Z' "/proc/$(<zombie)/status"
}

@test "a process of somebody else" {
	needs_root
	source_start wait-poll
	ends 77 migrate-capture "${nobody[@]}" "$MOVE_BIN/migrate-capture" \
		"$move_pid"
	ends 77 migrate-check "${nobody[@]}" "$MOVE_BIN/migrate-check" \
		"$move_pid"
	ends 66 migrate-release "${nobody[@]}" "$MOVE_BIN/migrate-release" \
		--kill "$move_pid"
	kill -STOP "$move_pid"
	await stop grep -q '^State:.T' "/proc/$move_pid/status"
	ends 77 migrate-release "${nobody[@]}" "$MOVE_BIN/migrate-release" \
		--kill "$move_pid"
	source_is_whole
	source_passes wait-poll
}

@test "a process that is being traced" {
	source_start wait-poll
	strace -qq -o /dev/null -p "$move_pid" 3>&- 4>&- &
	extra=$!
	await strace grep -q "^TracerPid:.$extra" "/proc/$move_pid/status"
	refused 69 "$move_pid" "traced by process $extra"
	kill "$extra"
	wait "$extra" || true
	source_is_whole
	source_passes wait-poll
}

@test "a process in another namespace" {
	local kind name

	for kind in -U:user -Ur:user -C:cgroup; do
		name=${kind#*:}
		unshare "${kind%:*}" sleep 1000 </dev/null >log 2>&1 3>&- 4>&- &
		extra=$!
		await "$name" bash -c \
			"grep -qx sleep /proc/$extra/comm"
		refused 69 "$extra" "another $name namespace"
		kill -KILL "$extra"
		wait "$extra" || true
	done
}

@test "a PID namespace that began outside of the tree" {
	local init

	[ "$(id -u)" = 0 ] || skip "takes root"
	unshare -pf sleep 1000 </dev/null >log 2>&1 3>&- 4>&- &
	extra=$!
	await init pgrep -P "$extra" -x sleep
	init=$(pgrep -P "$extra" -x sleep)
	nsenter -p -t "$init" sleep 1000 </dev/null >log 2>&1 3>&- 4>&- &
	pid=$!
	await child pgrep -P "$pid" -x sleep
	refused 69 "$pid" "PID namespace that does not begin in the tree"
	kill -KILL "$init" "$pid" "$extra"
	wait "$pid" "$extra" || true
}

@test "itself, its parents" {
	ends 69 migrate-capture bash -c "'$MOVE_BIN/migrate-capture' \$\$; exit \$?"
	assert_output --partial parent
	ends 69 migrate-capture bash -c "exec '$MOVE_BIN/migrate-capture' \$\$"
}

@test "processes that end meanwhile" {
	local i rc pid

	for ((i = 0; i < 5 * FAULTS; i++)); do
		bash -c 'for ((i = 0; i < 2000; i++)); do :; done; (:); (:); exit 0' \
			</dev/null >log 2>&1 3>&- 4>&- &
		pid=$!
		rc=0
		"$alone" -t 20 "$MOVE_BIN/migrate-capture" --kill "$pid" >out \
			2>err || rc=$?
		wait "$pid" || true
		[ $rc = 0 ] && continue
		[ $rc = 66 ] || [ $rc = 69 ] || fail "status $rc: $(<err)"
		one_sentence migrate-capture
	done
}

@test "trees whose members come and go are captured whole or refused" {
	local i rc

	for ((i = 0; i < FAULTS; i++)); do
		rm -rf "$case"
		mkdir "$case"
		move_start "$case" bash -c \
			'while :; do (:); : | : ; : >ready; done'
		await "the shell" test -e "$case/ready"
		rc=0
		capture -q "$move_pid" >stream 2>err || rc=$?
		echo "$rc $(<err)"
		[ $rc = 0 ] || one_sentence migrate-capture
		[ $rc = 0 ] || [ $rc = 66 ] || fail "status $rc: $(<err)"
		source_is_whole
		move_sweep "$case" || true
	done
}

@test "all obstacles are named in one list, and nothing is stopped for that" {
	local what

	mkdir "$case"
	move_start "$case" python3 -c '
import ctypes, os, time
call = ctypes.CDLL(None).syscall
keep = os.pidfd_open(os.getppid())
ring = ctypes.create_string_buffer(bytes(8) + b"\2", 256)	# SQPOLL
assert call(425, 4, ring) >= 0	# io_uring_setup
pid = os.fork()
if not pid:
	assert call(323, 1) >= 0	# userfaultfd
	open("ready", "w")
time.sleep(1000)
'
	await "the program" test -e "$case/ready"
	ends 69 migrate-capture strace -qq -f -e trace=ptrace,kill,tgkill \
		-o calls "$MOVE_BIN/migrate-capture" "$move_pid"
	for what in pidfd io_uring userfaultfd; do
		assert_output --partial "$what"
	done
	assert_equal "$(<calls)" ''
	run "$MOVE_BIN/migrate-check" "$move_pid"
	assert_failure 69
	for what in pidfd io_uring userfaultfd; do
		assert_output --partial "$what"
	done
}

# ---- where the stream goes ----

@test "standard output a terminal, closed, full: the source goes on" {
	needs_root
	source_start wait-poll
	ends 64 migrate-capture script -qec \
		"'$MOVE_BIN/migrate-capture' $move_pid 2>&3" /dev/null 3>err ||
		true
	script -qec "'$MOVE_BIN/migrate-capture' $move_pid 2>err; echo \$? >rc" \
		/dev/null >/dev/null </dev/null
	assert_equal "$(<rc)" 64
	one_sentence migrate-capture
	ends 74 migrate-capture bash -c "'$MOVE_BIN/migrate-capture' $move_pid >&-"
	ends 74 migrate-capture bash -c \
		"'$MOVE_BIN/migrate-capture' --kill $move_pid >/dev/full"
	assert_output --partial 'No space left'
	mkdir small
	mount -t tmpfs -o size=64k tmpfs small
	ends 74 migrate-capture bash -c \
		"'$MOVE_BIN/migrate-capture' --compress=none --kill $move_pid \
			>small/stream" ||
		{ umount small; false; }
	umount small
	ends 74 migrate-capture bash -c "set -o pipefail;
		'$MOVE_BIN/migrate-capture' --kill $move_pid | :"
	ends 74 migrate-capture bash -c \
		"ulimit -f 100; '$MOVE_BIN/migrate-capture' --compress=none \
			--kill $move_pid >f"
	source_is_whole
	source_passes wait-poll
}

@test "standard input of restore a directory, closed, a file that is not there" {
	ends 74 migrate-restore bash -c "'$MOVE_BIN/migrate-restore' <&-"
	ends 74 migrate-restore bash -c "'$MOVE_BIN/migrate-restore' <."
	ends 74 migrate-restore "$MOVE_BIN/migrate-restore" nothing
	assert_output --partial 'nothing: No such file'
	ends 74 migrate-restore "$MOVE_BIN/migrate-restore" .
}

@test "a source that capture left stopped can be released at once" {
	local i

	source_start wait-poll
	for ((i = 0; i < 8 * FAULTS; i++)); do
		capture -q "$move_pid" | cat >stream
		"$MOVE_BIN/migrate-release" --resume "$move_pid"
	done
	source_is_whole
	source_passes wait-poll
}

@test "release of what is not stopped, or not there" {
	source_start wait-poll
	ends 66 migrate-release "$MOVE_BIN/migrate-release" --kill "$move_pid"
	assert_output --partial 'not stopped'
	ends 66 migrate-release "$MOVE_BIN/migrate-release" --kill 4194300
	ends 64 migrate-release "$MOVE_BIN/migrate-release" "$move_pid"
	source_is_whole
	source_passes wait-poll
}

@test "POSIX message queues that cannot be are refused, field by field" {
	stream_of mq-unlinked --kill
	for change in 'room 0' 'room 2**63' 'room 1' 'size 0' 'size 2**64-1' \
		'name "../../x"' 'name "/a/b"' 'name "/"' 'name "/"+"x"*60000' \
		'mode 2**32-1' 'notify 1' 'notify 7' 'signal 64' 'owner 1' \
		'owner 2**64-1' 'messages [{"priority":2**32-1}]' \
		'messages [{"data":b"x"*100000}]' 'messages [{}]*1000'; do
		altered 65 65 "${change%% *}" "${change#* }"
		assert_output --partial 'is not sound'
	done
	altered 65 66 queue 99
	altered 65 66 flags '2**32-1'
	altered 65 66 pos '2**64-1'
	assert_output --partial 'of no sound POSIX message queue'
}
