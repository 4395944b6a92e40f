# SPDX-License-Identifier: MIT
#
# many.bats - what one move leaves behind adds up in five hundred

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_TMPDIR" || exit
	PATH=$BATS_TEST_DIRNAME/../${BIN:-bin}:$PATH
}

teardown() {
	[ ! -s pid ] || kill -KILL "$(cat pid)" 2>/dev/null || true
	touch done1 done500
}

await() {
	local end=$((SECONDS + 200))

	until [ -e "$1" ]; do
		((SECONDS < end)) || { echo "no $1"; cat log; return 1; }
		sleep 0.02
	done
}

# Two hundred descriptors of a dozen kinds, and memory of several.
program() {
	cat >program.py <<'END'
import ctypes, mmap, os, select, signal, socket, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
fds, ends = [], []
for i in range(24):
    fds.append(os.open("file%d" % i, os.O_RDWR | os.O_CREAT))
    os.write(fds[-1], b"%d" % i)
    ends.append(os.pipe())
    os.write(ends[-1][1], b"p%d" % i)
    a, b = socket.socketpair()
    a.send(b"s%d" % i)
    ends.append((b.detach(), a.detach()))
    fds.append(libc.eventfd(i, 0))
    fds.append(os.memfd_create("m%d" % i))
    fds.append(os.dup(fds[0]))
    fds.append(os.open("/dev/null", os.O_RDONLY))
ep = select.epoll()
for r, _ in ends:
    ep.register(r, select.EPOLLIN)
server = socket.create_server(("127.0.0.1", 0))
anonymous = mmap.mmap(-1, 4 << 20)
anonymous[:] = os.urandom(4 << 20)
whole = bytes(anonymous)
threading.Thread(target=signal.pause, daemon=True).start()
open("up", "w").close()
while not os.path.exists("go"):
    time.sleep(0.005)
right = bytes(anonymous) == whole and len(ep.poll(0)) == len(ends)
for i in range(24):
    right &= os.pread(fds[5 * i], 9, 0) == b"%d" % i
    right &= os.read(ends[2 * i][0], 9) == b"p%d" % i
    right &= os.read(ends[2 * i + 1][0], 9) == b"s%d" % i
open("result.new", "w").write("right" if right else "wrong")
os.rename("result.new", "result")
END
	exec setsid python3 program.py </dev/null >log 2>&1
}

# Of the program: descriptors, mappings, and memory in steps of MiB.
size_of() {
	echo "$(ls "/proc/$1/fd" | wc -l) descriptors," \
		"$(wc -l <"/proc/$1/maps") mappings," \
		"$(awk '/^Vm(RSS|Size)/ { printf "%d ", $2 / 1024 }' \
			"/proc/$1/status")MiB"
}

# Of this machine: what a move may make and forget.
machine() {
	ls -a tmp /dev/shm /dev/mqueue 2>&1 || true
	find /tmp -maxdepth 1 -name "*migrate*" -o -name "*sojourn*"
	ipcs -a
	readlink /proc/[0-9]*/ns/* 2>/dev/null | sort -u || true
	ls /run/netns 2>&1 || true
	ps -A -o comm= | grep ^migrate | sort || true
}

# Moves it $1 times.  PR_SET_CHILD_SUBREAPER (36) by prctl (157): whatever is
# orphaned is asked for its status by this shell, as a good init would.
move_often() {
	perl -e 'syscall(157, 36, 1, 0, 0, 0) == 0 or die "prctl: $!\n";
		 exec @ARGV or die "exec: $!\n"' -- bash -c '
		cp pid now
		for ((i = 0; i < $1; i++)); do
			cp now last
			migrate-capture --kill "$(cat last)" |
				migrate-restore --detach >now 2>err ||
				{ echo "move $i:"; cat err; exit 1; }
		done
		cp now pid
		# It stays, for the program to have a parent that asks.
		touch "moved$1"
		while [ ! -e "done$1" ]; do sleep 0.05; done' _ "$1" >moves 2>&1
}

moved() {
	move_often "$1" 3>&- &
	echo $! >parent
	await "moved$1" || { cat moves; return 1; }
}

@test "500 moves in a row leave nothing behind" {
	program 3>&- &
	echo $! >pid
	await up
	[ "$(ls "/proc/$(cat pid)/fd" | wc -l)" -ge 200 ]
	# The first move makes some things another way, once.
	mkdir tmp
	export TMPDIR=$PWD/tmp
	moved 1
	before=$(size_of "$(cat pid)")
	machine | sort >machine.before
	moved 500
	assert_equal "$(size_of "$(cat pid)")" "$before"
	machine | sort >machine.after
	run comm -13 machine.before machine.after
	assert_output ""
	touch go
	await result
	assert_equal "$(cat result)" right
	touch done1 done500
}

# Its parent wants to hear of ends, and then does not ask: the PID stays taken.
@test "a PID that stays taken: what was received goes into a namespace" {
	[ "$(id -u)" = 0 ] || skip "takes root, to choose PIDs"
	cat >parent.py <<'END'
import os, signal
signal.signal(signal.SIGCHLD, lambda *a: None)
child = os.fork()
if child == 0:
    os.setsid()
    os.execvp("python3", ["python3", "child.py"])
open("pid", "w").write(str(child))
while True:
    signal.pause()
END
	cat >child.py <<'END'
import os, time
data = os.urandom(30 << 20)
whole = bytearray(data)
open("up", "w").close()
while not os.path.exists("go"):
    time.sleep(0.005)
open("result.new", "w").write("right" if whole == data else "wrong")
os.rename("result.new", "result")
END
	python3 parent.py </dev/null >log 2>&1 3>&- &
	echo $! >parent
	await up
	migrate-capture --kill "$(cat pid)" 3>&- |
		migrate-restore --detach >now 2>err 3>&-
	run cat err
	assert_output --partial "PID $(cat pid) is taken here"
	touch go
	await result
	assert_equal "$(cat result)" right
	kill "$(cat parent)"
}
