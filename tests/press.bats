# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
#
# press.bats - what of a program is in its stream, and in how many bytes
#
# MOVE_COMPRESS is what move.bash tells the capture.

setup() {
	. "$BATS_TEST_DIRNAME/programs.bash"
	program_setup 100
	matrix=$BATS_TEST_DIRNAME/matrix
	inspect=$MOVE_BIN/migrate-inspect
}

teardown() {
	program_teardown
}

# The stream of move_pid, which runs on, into the file stream.
snapshot() {
	"$MOVE_BIN/migrate-capture" --leave-running --no-stdin "$@" "$move_pid" \
		</dev/null 3>&- >stream
}

size() {
	stat -c %s "$1"
}

# coding NAME FIELD: of the file stream.
coding() {
	"$inspect" --json stream |
		jq ".codings[] | select(.coding == \"$1\") | .$2"
}

# Moves move_pid over a line of 100 MB/s: bytes are in the file bytes.
over_a_line() {
	move_capture "$case_dir" "$move_pid" --kill "$@" 3>&- |
		"$BATS_TEST_DIRNAME/throttle" 100 bytes 3>&- |
		"$MOVE_BIN/migrate-restore" --detach 2>>restore.err 3>&- >pid
	move_captured "$case_dir" || fail "$move_why"
	move_pid=$(<pid)
	[[ $move_pid =~ ^[0-9]+$ ]] || fail "$(cat restore.err)"
	await test -s bytes
}

# ---- real programs over a slow line ----

dictionary() {
	cat >work.py <<-'END'
		import os, signal, sys
		d = {"key %d" % i: ["value", i, str(i * 7919)] for i in range(300000)}
		def check(*_):
		    good = all(d["key %d" % i] == ["value", i, str(i * 7919)]
		               for i in range(300000)) and len(d) == 300000
		    print("good" if good else "bad", flush=True)
		    os._exit(0)
		signal.signal(signal.SIGTERM, check)
		print("begun", flush=True)
		while True:
		    signal.pause()
	END
	start python3 work.py
	await said begun
}

@test "python's heap takes less than half of it over a slow line" {
	dictionary
	snapshot --compress=none
	over_a_line
	echo "$(<bytes) of $(size stream)"
	(($(<bytes) < $(size stream) / 2))
	kill "$move_pid"
	await said good
}

@test "python's heap comes whole in every coding, over a slow line too" {
	local way

	dictionary
	for way in none lz4 zstd; do
		over_a_line --compress=$way
	done
	kill "$move_pid"
	await said good
}

cli() {
	redis-cli -s "$case_dir/redis.sock" "$@"
}

redis_pongs() {
	[ "$(cli ping 2>&1)" = PONG ]
}

@test "redis and its data take less than half of it over a slow line" {
	local digest

	command -v redis-server || skip "there is no redis here"
	start redis-server --save "" --port 0 --unixsocket "$case_dir/redis.sock" \
		--dir "$case_dir" --enable-debug-command local
	await redis_pongs
	cli debug populate 200000 key 200 >/dev/null
	digest=$(cli debug digest)
	snapshot --compress=none
	over_a_line
	echo "$(<bytes) of $(size stream)"
	(($(<bytes) < $(size stream) / 2))
	await redis_pongs
	assert_equal "$(cli debug digest)" "$digest"
	cli shutdown nosave || :
	await move_gone "$move_pid"
}

# ---- what is in it ----

victim() {
	mkdir -p case
	start "$BATS_TEST_DIRNAME/../build/victims/$1" "$case_dir/case"
	await test -e case/ready
}

victim_ends() {
	: >case/go
	await test -e case/result
	assert_equal "$(<case/result)" ok
}

@test "what processes have from each other goes once" {
	local whole

	victim mem-repeats
	snapshot --compress=none
	whole=$(size stream)
	[ "$(coding repeat runs)" = 0 ]
	snapshot --compress=zstd
	(($(size stream) < whole / 4))
	(($(coding repeat bytes) > whole / 2))
	(($(coding repeat stream_bytes) < 20 * $(coding repeat runs)))
	(($(coding repeat bytes) + $(coding raw bytes) + $(coding zstd bytes) > \
		whole * 99 / 100))
	run "$inspect" stream
	assert_line --regexp '^  repeat [0-9]+ runs, [0-9]+ pages: .* in '
	victim_ends
}

@test "what cannot be compressed does not grow" {
	local whole way

	cat >work.py <<-'END'
		import mmap, os, signal
		m = mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
		for i in range(64):
		    m[i << 20:(i + 1) << 20] = os.urandom(1 << 20)
		print("begun", flush=True)
		signal.pause()
	END
	start python3 work.py
	await said begun
	snapshot --compress=none
	whole=$(size stream)
	for way in auto lz4 zstd; do
		snapshot --compress=$way
		(($(size stream) < whole + whole / 1000))
		(($(coding raw bytes) > 64 << 20))
	done
}

# Read, so that it is there: a mapped file, and memory that is zeros.
@test "pages of files that nobody changed, and zeros, are not sent" {
	head -c 50000000 /dev/urandom >data
	cat >work.py <<-'END'
		import mmap, signal
		def read(m):
		    return sum(m[i] for i in range(0, len(m), 4096))
		with open("data", "r+b") as f:
		    m = mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE)
		    s = mmap.mmap(f.fileno(), 0, mmap.MAP_SHARED)
		z = mmap.mmap(-1, 50 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
		w = mmap.mmap(-1, 50 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
		for i in range(0, len(w), 4096):
		    w[i] = 0
		read(m), read(s), read(z)
		m[5000] = 1
		print("begun", flush=True)
		signal.pause()
	END
	start python3 work.py
	await said begun
	snapshot --compress=none
	(($(size stream) < 12000000)) || fail "$(size stream) bytes"
}

# ---- in every coding ----

@test "what has memory of every sort comes whole in every coding" {
	local way

	for way in none lz4 zstd; do
		MOVE_COMPRESS=$way run "$matrix" -j 4 --ways pipe,file,taken,twice \
			mem-anon mem-brk mem-cow-fork mem-droppable \
			mem-file-private mem-free mem-hidden mem-jit mem-memfd \
			mem-repeats mem-shared mem-sparse mem-stack mem-thp \
			tree-fifty tree-three shm-sysv uring-large
		assert_success
	done
}

@test "a file that is carried comes whole in every coding" {
	local way

	cat >work.py <<-'END'
		import os, signal
		f = open("data", "rb")
		signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
		print("begun", flush=True)
		signal.sigwait([signal.SIGTERM])
		os.dup2(f.fileno(), 0)
		os.execlp("sha256sum", "sha256sum")
	END
	for way in lz4 zstd; do
		seq 300000 >data
		start python3 work.py
		await said begun
		move_capture "$case_dir" "$move_pid" --kill --files=carry \
			--compress=$way 3>&- >stream
		move_captured "$case_dir" || fail "$move_why"
		sha256sum <data >sum
		rm data
		(($(coding $way runs) > 0))
		move_pid=$("$MOVE_BIN/migrate-restore" --detach \
			"--cache=$case_dir/cache" <stream 2>>restore.err 3>&-)
		kill "$move_pid"
		await grep -qFf sum log
		rm -r cache
	done
}

# ---- memory of the tools ----

# The most memory that program $2 has had, of what it is told to do, into file
# $1; KiB.  What wait(2) says of it is also of the children it has reaped, so it is
# looked at while it runs: the last look sees the most.
peak() {
	python3 -c '
import os, re, sys, time
pid = os.fork()
if not pid:
    os.execv(sys.argv[2], sys.argv[2:])
most = 0
while True:
    got, status = os.waitpid(pid, os.WNOHANG)
    if got:
        break
    with open("/proc/%d/status" % pid) as file:
        seen = re.search(r"VmHWM:\s*(\d+)", file.read())
    if seen:
        most = int(seen.group(1))
    time.sleep(0.002)
with open(sys.argv[1], "w") as file:
    print(most, file=file)
sys.exit(os.waitstatus_to_exitcode(status))' "$@"
}

@test "a program of a GiB is moved by programs that need less than 64 MiB" {
	cat >work.py <<-'END'
		import mmap, signal
		m = mmap.mmap(-1, 1 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
		m.madvise(mmap.MADV_NOHUGEPAGE)
		page = bytes(range(256)) * 16
		for i in range(0, len(m), 8192):
		    m[i:i + 4096] = b"%12d" % i + page[12:]
		signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
		print("begun", flush=True)
		signal.sigwait([signal.SIGTERM])
		good = all(m[i:i + 16] == b"%12d" % i + page[12:16]
		           for i in range(0, len(m), 8192))
		print("good" if good else "bad", flush=True)
	END
	start python3 work.py
	await said begun
	peak capture.peak "$MOVE_BIN/migrate-capture" --kill --compress=lz4 \
		"$move_pid" </dev/null 3>&- |
		peak restore.peak "$MOVE_BIN/migrate-restore" --detach \
			3>&- 2>restore.err >pid
	echo "$(<capture.peak) and $(<restore.peak) KiB; $(cat restore.err)"
	(($(<capture.peak) > 1024 && $(<restore.peak) > 1024))
	(($(<capture.peak) < 65536 && $(<restore.peak) < 65536))
	move_pid=$(<pid)
	kill "$move_pid"
	await said good
}

# ---- options ----

@test "another word for --compress is refused" {
	run "$MOVE_BIN/migrate-capture" --compress=gzip 1
	assert_failure 64
	assert_output --partial "--compress=gzip: not auto, none, lz4 or zstd"
}
