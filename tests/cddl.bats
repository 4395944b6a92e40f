# SPDX-License-Identifier: MIT
#
# cddl.bats - real streams, held against the CDDL in migrate-stream(5)
#
# tests/cddl/validate shares no code with the programs.

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	top=$BATS_TEST_DIRNAME/..
	validate=$BATS_TEST_DIRNAME/cddl/validate
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ -z "${pid-}" ] || kill -KILL "$pid" 2>/dev/null || true
}

# Capture victim $1 into the file "stream", the victim then running to its end.
capture_victim() {
	mkdir -p dir
	"$top/build/victims/$1" dir </dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	until [ -e dir/ready ] || [ -e dir/result ]; do sleep 0.01; done
	assert [ ! -e dir/result ]
	migrate-capture --leave-running "$pid" >stream
	touch dir/go
	wait "$pid"
	pid=
}

each_is_valid() {
	local victim

	for victim; do
		rm -rf dir
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
