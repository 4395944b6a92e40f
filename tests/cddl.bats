# SPDX-License-Identifier: MIT
#
# cddl.bats - real streams, held against the CDDL in migrate-stream(5)
#
# tests/cddl/validate shares no code with the programs.

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	load move.bash
	victims=$BATS_TEST_DIRNAME/../build/victims
	validate=$BATS_TEST_DIRNAME/cddl/validate
	cd "$BATS_TEST_TMPDIR"
	# Some victims become somebody else, who cannot look into our folder.
	case=$(mktemp -d /tmp/cddl.XXXXXX)/case
	chmod 755 "${case%/*}"
}

teardown() {
	move_sweep "$case" >/dev/null || true
	rm -rf "${case%/*}"
}

there() {
	[ -e "$case/ready" ] || [ -e "$case/result" ]
}

# Capture victim $1 into the file "stream"; the victim runs on to its end.  What
# is on the left of || may contain commands that fail, as waiting does.
capture_victim() {
	rm -rf "$case"
	mkdir -m 777 "$case"
	move_deadline=$((SECONDS + 30))
	move_start "$case" "$victims/$1" "$case" 3>&-
	move_until "set-up of the victim" there || fail "$move_why"
	assert [ ! -e "$case/result" ]
	"$MOVE_BIN/migrate-capture" --leave-running "$move_pid" >stream
	touch "$case/go"
	move_until "end of the victim" test -e "$case/result" ||
		fail "$move_why"
	move_sweep "$case" || true
}

each_is_valid() {
	local victim

	for victim; do
		capture_victim "$victim"
		run "$validate" stream
		assert_success
	done
}

@test "memory of every sort is as the page says" {
	each_is_valid mem-anon mem-shared mem-memfd mem-file-private mem-thp \
		mem-sparse
}

@test "threads, signals and timers are as the page says" {
	each_is_valid regs-threads signal-queued signal-altstack rseq \
		robust-list sleep-nanosleep
}

@test "files, pipes and credentials are as the page says" {
	each_is_valid fifo file-append creds-ids
}

@test "packets, asynchronous I/O and maps of BPF are as the page says" {
	[ "$(id -u)" = 0 ] || skip "only root may have them"
	each_is_valid packet-members packet-fanout aio-unread aio-several \
		bpf-maps bpf-cpus bpf-views
}

@test "a changed byte is not as the page says" {
	local size

	capture_victim mem-anon
	size=$(stat -c %s stream)
	printf '\377' | dd of=stream bs=1 seek=$((size / 2)) conv=notrunc \
		status=none
	printf '\000' | dd of=stream bs=1 seek=$((size / 2 + 1)) conv=notrunc \
		status=none
	run "$validate" stream
	assert_failure 1
}
