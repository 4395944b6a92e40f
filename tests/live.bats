# SPDX-License-Identifier: MIT
#
# live.bats - programs whose memory is written to while it is being captured

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	load move.bash
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[ -z "${pid-}" ] || kill -KILL "$pid" 2>/dev/null || true
	[ -z "${copy-}" ] || kill -KILL "$copy" 2>/dev/null || true
}

# Writes to random pages of $1 MiB, $2 pages at a time with a rest after each,
# and maps, unmaps and moves others, until there is a file "go"; then compares
# all with what it has noted.
writer() {
	cat >writer.py <<'EOF'
import mmap, os, random, sys, time
pages, burst = int(sys.argv[1]) * 256, int(sys.argv[2])
memory = mmap.mmap(-1, pages * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for i in range(pages):
    memory[i * 4096:i * 4096 + 8] = os.urandom(8)
written, others, n = {}, {}, 0
open("ready", "w").close()
while not os.path.exists("go"):
    for _ in range(burst):
        page, value = random.randrange(pages), os.urandom(8)
        memory[page * 4096 + 64:page * 4096 + 72] = value
        written[page] = value
    other = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    other[4096 * (n % 256)] = n % 251
    old = others.pop(n % 8, None)
    if old:
        old[0].resize(2 << 20)
        assert old[0][4096 * (old[1] % 256)] == old[1] % 251
        old[0].close()
    others[n % 8] = other, n
    n += 1
    time.sleep(0.002)
for page, value in written.items():
    assert memory[page * 4096 + 64:page * 4096 + 72] == value, page
for other, k in others.values():
    assert other[4096 * (k % 256)] == k % 251, k
open("result", "w").write("%d\n" % n)
EOF
	python3 writer.py "$@" </dev/null >out 2>&1 3>&- &
	pid=$!
	wait_for test -e ready
}

wait_for() {
	local i

	for ((i = 0; i < 300; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "waited in vain: $*"
	return 1
}

finished() {
	touch go
	wait_for test -s result || { cat out; return 1; }
}

@test "pre-copy: a program that writes all the time has all that it wrote" {
	for _ in 1 2 3; do
		rm -f go ready result
		writer 48 40
		copy=$("$MOVE_BIN/migrate-capture" --pre-copy --kill "$pid" |
			"$MOVE_BIN/migrate-restore" --detach)
		[ "$copy" -gt 1 ]
		pid=
		finished
	done
}

@test "pre-copy: what is in a file is restored as it is" {
	writer 16 40
	"$MOVE_BIN/migrate-capture" --pre-copy --max-rounds=4 --kill "$pid" >stream
	run -0 "$MOVE_BIN/migrate-inspect" --verify stream
	run -0 "$MOVE_BIN/migrate-inspect" stream
	assert_line --partial "live stream: "
	copy=$("$MOVE_BIN/migrate-restore" --detach --pids=new stream)
	finished
}

@test "pre-copy: who writes faster than the stream is taken is told of" {
	writer 16 4000
	"$MOVE_BIN/migrate-capture" --pre-copy --compress=none \
		--downtime-ms=1 --max-rounds=5 --kill "$pid" 2>err | {
		perl -e 'while (sysread(STDIN, $b, 65536)) { syswrite(STDOUT, $b);
			select(undef, undef, undef, 0.002) }'
	} >stream
	run -0 cat err
	assert_line --regexp "process $pid writes [0-9]+ MiB/s, the stream takes "
	copy=$("$MOVE_BIN/migrate-restore" --detach stream)
	finished
}

@test "pre-copy: throttled, it is held for part of the time" {
	writer 16 4000
	"$MOVE_BIN/migrate-capture" --pre-copy --compress=none --throttle \
		--downtime-ms=40 --progress=json --kill "$pid" 2>err | {
		perl -e 'while (sysread(STDIN, $b, 65536)) { syswrite(STDOUT, $b);
			select(undef, undef, undef, 0.002) }'
	} >stream
	run -0 cat err
	assert_line --partial '"phase":"frozen"'
	run -0 "$MOVE_BIN/migrate-inspect" --json stream
	assert_output --partial '"throttle":20'
	copy=$("$MOVE_BIN/migrate-restore" --detach stream)
	finished
}

@test "pre-copy: killed in a round, it leaves the program as it was" {
	writer 32 40
	for after in 0.01 0.03 0.1 0.3; do
		mkfifo pipe
		"$MOVE_BIN/migrate-capture" --pre-copy --kill "$pid" \
			>pipe 2>/dev/null 3>&- &
		capture=$!
		exec 4<pipe
		head -c 65536 <&4 >/dev/null
		sleep "$after"
		kill -KILL "$capture"
		exec 4<&-
		rm pipe
	done
	run ! grep -q '^VmFlags:.* uw' "/proc/$pid/smaps"
	run -0 grep '^TracerPid:.*0$' "/proc/$pid/status"
	finished
}

@test "pre-copy: a stream that breaks off leaves nothing at the other end" {
	writer 16 40
	"$MOVE_BIN/migrate-capture" --pre-copy --leave-running "$pid" >stream
	size=$(stat -c %s stream)
	for part in 3 20 50 80 99; do
		head -c $((size * part / 100)) stream >part
		run "$MOVE_BIN/migrate-restore" --detach part
		assert_failure 65
	done
	run ! pgrep -P 1 -f "writer.py 16 40"
	finished
}
