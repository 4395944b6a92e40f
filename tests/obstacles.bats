#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What cannot be moved is refused by name, before anything is stopped, with what
# one can do about it; and the program is none the worse for it.

bats_require_minimum_version 1.5.0
load "$BATS_TEST_DIRNAME/move.bash"

setup_file() {
	make -C "$BATS_TEST_DIRNAME/.." -s all
}

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
}

teardown() {
	[ -z "${pid-}" ] || kill -KILL "$pid" 2>/dev/null || true
	umount "$BATS_TEST_TMPDIR/bpf" 2>/dev/null || true
}

# A program that does the Python text $1, says what it cannot have, and goes on
# when it is told to.
holds() {
	cat >"$BATS_TEST_TMPDIR/holds.py" <<'PY'
import ctypes, os, struct, sys

libc = ctypes.CDLL(None, use_errno=True)

def call(number, *args):
    ret = libc.syscall(number, *args)
    if ret < 0:
        open("lacks", "w").write(os.strerror(ctypes.get_errno()))
        sys.exit(0)
    return ret

def room(data=b"", size=256):
    return ctypes.create_string_buffer(data + bytes(size))

exec(sys.argv[1])
open("ready", "w").close()
sys.stdin.readline()
open("done", "w").close()
PY
	mkfifo "$BATS_TEST_TMPDIR/go"
	(cd "$BATS_TEST_TMPDIR" && exec python3 holds.py "$1" <>go) &
	pid=$!
	until [ -e "$BATS_TEST_TMPDIR/ready" ]; do
		[ ! -e "$BATS_TEST_TMPDIR/lacks" ] ||
			skip "not on this machine: $(<"$BATS_TEST_TMPDIR/lacks")"
		kill -0 "$pid" || fail "the program ended"
		sleep 0.01
	done
}

# It is refused with these words by both programs, and goes on.
refused_with() {
	local program words

	for program in migrate-check migrate-capture; do
		run --separate-stderr "$MOVE_BIN/$program" --drop=0 "$pid"
		[ "$program" != migrate-check ] ||
			run --separate-stderr "$MOVE_BIN/$program" "$pid"
		assert_equal "$status" 69
		for words; do
			[[ "$output $stderr" == *"$words"* ]] ||
				fail "no \"$words\" in: $output $stderr"
		done
	done
	echo >"$BATS_TEST_TMPDIR/go"
	wait "$pid"
	pid=
	[ -e "$BATS_TEST_TMPDIR/done" ]
}

@test "io_uring" {
	holds 'call(425, 4, room(struct.pack("III", 0, 0, 2)))'
	refused_with "has an io_uring with a thread of the kernel" \
		"UV_USE_IO_URING=0"
}

@test "asynchronous I/O with too many events" {
	holds 'import ctypes
ctx = ctypes.c_uint64(0)
call(206, 17000, ctypes.byref(ctx))
fd = os.memfd_create("empty")
one = room(struct.pack("QIIHHIQQqQII", 0, 0, 0, 0, 0, fd, 0, 0, 0, 0, 0, 0))
many = (ctypes.c_uint64 * 1000)(*[ctypes.addressof(one)] * 1000)
for i in range(33):
    assert call(209, ctx, 1000, many) == 1000
'
	run --separate-stderr "$MOVE_BIN/migrate-capture" --drop=0 --drop=3 \
		"$pid"
	assert_equal "$status" 69
	[[ $stderr == *"more than 32768 events that nobody has taken"* ]] ||
		fail "$stderr"
	echo >"$BATS_TEST_TMPDIR/go"
	wait "$pid"
	pid=
	[ -e "$BATS_TEST_TMPDIR/done" ]
}

@test "userfaultfd" {
	holds 'call(323, 1)'
	refused_with "has a userfaultfd open (anon_inode:[userfaultfd]" \
		"no longer serves faults"
}

@test "secret memory" {
	holds 'call(447, 0)'
	refused_with "has secret memory (memfd_secret) open (/secretmem"
}

@test "performance counter" {
	holds 'call(298, room(struct.pack("IIQ", 1, 112, 0)), 0, -1, -1, 0)'
	refused_with "has a performance counter open" "--drop"
}

@test "a BPF map that somebody else has, too" {
	holds 'call(321, 0, room(struct.pack("IIIII", 2, 4, 4, 4, 0)), 72)
hold = os.fork()
if not hold:
    os.setsid()
    if os.fork():
        os._exit(0)
    open("holder", "w").write(str(os.getpid()))
    import time
    while not os.path.exists("done"):
        time.sleep(0.01)
    os._exit(0)
os.waitpid(hold, 0)
while not os.path.exists("holder"):
    pass'
	refused_with "has a BPF map that process" "has, too" "--drop"
}

@test "a BPF map that is pinned" {
	local dir=$BATS_TEST_TMPDIR/bpf

	mkdir "$dir"
	mount -t bpf bpf "$dir" || skip "no file system of BPF here"
	holds 'fd = call(321, 0, room(struct.pack("IIIII", 2, 4, 4, 4, 0)), 72)
os.mkdir("bpf/below")
path = room(b"bpf/below/map")
call(321, 6, room(struct.pack("QI", ctypes.addressof(path), fd)), 72)'
	refused_with "has a BPF map that is pinned as $dir/below/map"
}

@test "Landlock ruleset" {
	holds 'call(444, room(struct.pack("Q", 1)), 8, 0)'
	refused_with "has a Landlock ruleset open" "--drop"
}

@test "a file system that is not mounted yet" {
	holds 'call(430, b"tmpfs", 0)'
	refused_with "has a file system that is not mounted yet open" "--drop"
}

@test "a process outside the tree" {
	holds 'os.pidfd_open(os.getppid())'
	refused_with "has a pidfd of process" "which is outside the tree" "--drop"
}

@test "events of inotify that were not read" {
	holds 'fd = libc.inotify_init1(0)
libc.inotify_add_watch(fd, b".", 0x100)
open("new", "w")'
	refused_with "has not read yet what inotify told it" "try again"
}

@test "accesses that are decided about" {
	holds 'fd = call(300, 4, 0)
call(301, fd, 1, ctypes.c_uint64(0x10000), -100, b"holds.py")'
	refused_with "decides by fanotify what others may access"
}

@test "a watch of what only somebody outside has open" {
	holds 'import select
ends = os.pipe()
poll = select.epoll()
poll.register(ends[0], select.EPOLLIN)
hold = os.fork()
if not hold:
    os.setsid()
    if os.fork():
        os._exit(0)
    poll.close()
    open("holder", "w").write(str(os.getpid()))
    import time
    while not os.path.exists("done"):
        time.sleep(0.01)
    os._exit(0)
os.waitpid(hold, 0)
import time
while not os.path.exists("holder"):
    time.sleep(0.01)
os.close(ends[0])
os.close(ends[1])'
	refused_with "watches by epoll" "is now open outside the tree alone"
}
