# SPDX-License-Identifier: MIT
#
# preflight.bats - migrate-check names what is against a move at both ends
#
# The other end is this machine: through ssh, through a command in its place, or
# "local".  As there is the same as here, --map leads it to where files are
# missing.

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	. "$BATS_TEST_DIRNAME/move.bash"
	alter=$BATS_TEST_DIRNAME/faults/alter
	case_dir=$BATS_TEST_TMPDIR/case
	move_deadline=$((SECONDS + 60))
	mkdir "$case_dir"
	chmod 755 "$BATS_TEST_TMPDIR" "$case_dir"
	cd "$BATS_TEST_TMPDIR" || exit
}

teardown() {
	[ -z "${move_ssh_pid-}" ] || kill "$move_ssh_pid"
	move_sweep "$case_dir" >/dev/null || true
}

program() {
	echo 0123456789 >"$case_dir/data"
	move_start "$case_dir" bash -c "exec 5<data; ${1-} : >began
		exec sleep 1000"
	move_until "start of the program" test -e "$case_dir/began"
	move_until "start of sleep" bash -c \
		"readlink /proc/$move_pid/exe | grep -q sleep"
}

check() {
	run timeout 30 "$MOVE_BIN/migrate-check" "$@" 3>&- 4>&-
}

# $1 is a Python expression about the answer, d.
says() {
	python3 -c 'import json, sys
d = json.loads(sys.argv[1])
assert eval(sys.argv[2]), d' "$output" "$1"
}

@test "all is well at both ends: 0" {
	program
	check "$move_pid"
	assert_success
	assert_output "process $move_pid can be moved: 1 process"
	check "$move_pid" local
	assert_success
	assert_line "process $move_pid can be moved to local: 1 process"
	check -q "$move_pid" local
	assert_success
	assert_output ""
}

@test "an obstacle here and several there are named at once: 69" {
	program "exec 6</dev/kmsg 7>&1;"
	check "$move_pid" local --map="$case_dir=$case_dir/none"
	assert_failure 69
	assert_line --partial "process $move_pid (sleep) has"
	assert_line --partial "local: $case_dir/none/data: No such file"
	assert_line --partial "local: the working directory $case_dir/none"
	assert_line --partial "--map"
	refute_output --partial "can be moved"
}

@test "obstacles there alone: 78" {
	program
	check "$move_pid" local --map="$case_dir=$case_dir/none"
	assert_failure 78
	check "$move_pid" local --map="$case_dir=$case_dir"
	assert_success
}

@test "what will be carried need not be there" {
	program
	mkdir "$case_dir/other"
	check "$move_pid" local --map="$case_dir=$case_dir/other" --files=carry
	assert_success
	# But another one in the place of one that is written to is against it.
	move_sweep "$case_dir" || true
	rm "$case_dir/began"
	program "exec 6<>data;"
	echo other >"$case_dir/other/data"
	check "$move_pid" local --map="$case_dir=$case_dir/other" --files=carry
	assert_failure 78
	assert_output --partial "--files=overwrite"
	check "$move_pid" local --map="$case_dir=$case_dir/other" \
		--files=overwrite
	assert_success
}

@test "as JSON" {
	program "exec 6</dev/kmsg;"
	check --json "$move_pid" local --map="$case_dir=$case_dir/none"
	assert_failure 69
	says 'd["go"] is False and d["processes"] == 1 and d["threads"] == 1'
	says '[o["pid"] for o in d["obstacles"]] == [d["pid"]]'
	says 'd["obstacles"][0]["name"] == "sleep"'
	says 'd["destination"]["name"] == "local" and d["destination"]["host"]'
	says 'len(d["destination"]["obstacles"]) == 3'
	says 'd["bytes"] > 0 and d["freeze_ms"] > 0'
	says 'd["descriptors"]["file"] >= 2'
	check --json "$move_pid"
	says '"destination" not in d and len(d["obstacles"]) == 1'
}

@test "a path with anything in it is one line, and JSON" {
	program 'touch "a \"b
obstacle c"; exec 6<"a \"b
obstacle c";'
	check "$move_pid" local --map="$case_dir=$case_dir/none"
	assert_failure 78
	assert_equal "${#lines[@]}" 4
	check --json "$move_pid" local --map="$case_dir=$case_dir/none"
	says 'len(d["destination"]["obstacles"]) == 4'
}

@test "what the tree holds is said with --verbose" {
	program "exec 6</ 7< <(exec sleep 1000);"
	check -v "$move_pid"
	assert_output --regexp "2 processes, 2 threads, [0-9]+ MiB in memory"
	assert_output --partial "directory"
	assert_output --partial "pipe"
	assert_output --regexp "instructions that it may have found:.* sse4_2"
}

@test "nothing is stopped or changed" {
	program
	grep -E "^(State|Tracer|Threads|Sig[BIC]|FDSize|VmRSS)" "/proc/$move_pid/status" >before
	check "$move_pid" local --files=carry
	assert_success
	grep -E "^(State|Tracer|Threads|Sig[BIC]|FDSize|VmRSS)" "/proc/$move_pid/status" | diff before -
}

@test "the other end is asked through ssh" {
	program
	move_ssh_start "$BATS_TEST_TMPDIR/ssh" 3>&- 4>&-
	check "$move_pid" host --ssh="ssh -F $MOVE_SSH/config" \
		--remote="$MOVE_BIN/migrate-check"
	assert_success
	assert_line "process $move_pid can be moved to host: 1 process"
	check "$move_pid" host --ssh="ssh -F $MOVE_SSH/config" \
		--remote="$MOVE_BIN/migrate-check" \
		--map="$case_dir=$case_dir/it's not"
	assert_failure 78
	assert_line --partial "host: $case_dir/it's not/data: No such file"
	check "$move_pid" host --ssh="ssh -F $MOVE_SSH/config" \
		--remote=/nowhere/migrate-check
	assert_failure 78
	assert_output --partial "install it there"
	check "$move_pid" host --ssh="ssh -F $MOVE_SSH/config -p 1"
	assert_failure 74
	assert_output --partial "no answer from host"
}

@test "an end that says nothing, or stops in the middle, is no yes" {
	program
	for words in "" "sojourn-answer 1 a b" "end" "obstacle x"; do
		check "$move_pid" host --ssh="sh -c 'echo $words' sh"
		assert_failure 74
	done
	check "$move_pid" host --ssh="sh -c 'echo sojourn-answer 1 a b; echo end'"
	assert_success
}

@test "another user there is an obstacle with a remedy" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	program
	as_nobody="sh -c 'exec setpriv --reuid=65534 --regid=65534"
	as_nobody+=" --clear-groups $MOVE_BIN/migrate-check --look'"
	check "$move_pid" there --ssh="$as_nobody"
	assert_failure 78
	assert_output --partial "there: the program runs as user 0"
}

@test "a look is not restored, nor a stream looked at" {
	program
	"$MOVE_BIN/migrate-check" "$move_pid" x --ssh="sh -c 'cat >look'" || true
	run "$MOVE_BIN/migrate-restore" look
	assert_failure 65
	assert_output --partial "holds a look, not a process"
	"$MOVE_BIN/migrate-capture" -q -k "$move_pid" >stream
	run "$MOVE_BIN/migrate-check" --look <stream
	assert_failure 65
	run "$MOVE_BIN/migrate-check" --look </dev/null
	assert_failure 65
	"$alter" look bad 28 path "'/etc/../x'"
	run "$MOVE_BIN/migrate-check" --look <bad
	assert_failure 65
	"$alter" look bad header resident "2**60"
	run "$MOVE_BIN/migrate-check" --look <bad
	assert_output --partial "MiB free"
	"$alter" look bad header arch "'s390x'"
	run "$MOVE_BIN/migrate-check" --look <bad
	assert_output --partial "another architecture"
}

@test "a clock that goes back is told" {
	program
	"$MOVE_BIN/migrate-capture" -q -k "$move_pid" >stream
	move_until "end of the program" move_gone "$move_pid"
	"$alter" stream future header time_ns "old + 100 * 10**9"
	move_pid=$("$MOVE_BIN/migrate-restore" --detach 2>said <future 3>&- 4>&-)
	grep -q "the clock here is [0-9]* s behind" said
	kill -KILL "$move_pid"
}

@test "PIDs beyond kernel.pid_max come with a namespace of their own" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	# Linux 6.14 is the first with a limit of each PID namespace.
	unshare --pid --fork --mount-proc sh -c \
		'echo 301 >/proc/sys/kernel/pid_max' 3>&- 4>&-
	[ "$(</proc/sys/kernel/pid_max)" != 301 ] || fail "pid_max is 301 now"
	program
	[ "$move_pid" -gt 301 ] || skip "PID $move_pid is low"
	"$MOVE_BIN/migrate-capture" -q -k "$move_pid" >stream
	move_until "end of the program" move_gone "$move_pid"
	unshare --pid --fork --mount-proc sh -c '
		echo 301 >/proc/sys/kernel/pid_max
		pid=$("$1/migrate-restore" --detach 2>said <stream) || exit
		grep NSpid /proc/$pid/status >status' - "$MOVE_BIN" 3>&- 4>&- ||
		fail "$(<said)"
	grep -q "PID $move_pid is more than kernel.pid_max allows here" said
	grep -q "^NSpid:.*	$move_pid\$" status
}
