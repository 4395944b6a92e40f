# SPDX-License-Identifier: MIT
#
# unix.bats - UNIX domain sockets with an end outside the tree, and the paths
# that they are found by
#
# What needs nobody outside is told by the victims: tests/victims/unix-*.c.

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	bats_load_library bats-file
	. "$BATS_TEST_DIRNAME/move.bash"
	case_dir=$BATS_TEST_TMPDIR
	move_deadline=$((SECONDS + 60))
	cd "$case_dir" || exit
	servers=()
}

teardown() {
	for pid in "${servers[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	move_sweep "$case_dir" || true
}

await() {
	move_until program "$@" || fail "$move_why: $(tail -n 5 log)"
}

# Not part of what is moved: answers "r:" and what it was told.
serve() {
	python3 -c '
import os, socket, threading
def answer(c):
    while True:
        try:
            d = c.recv(100)
        except OSError:
            d = b""
        if not d:
            return
        c.send(b"r:" + d)
s = socket.socket(socket.AF_UNIX)
s.bind("server")
s.listen(9)
open("served", "w").close()
while True:
    threading.Thread(target=answer, args=(s.accept()[0],), daemon=True).start()
' 3>&- &
	servers+=($!)
	await test -e served
}

# Has an answer, and one that it has not read.
client() {
	move_start "$case_dir" python3 -u -c '
import os, socket, time
s = socket.socket(socket.AF_UNIX)
s.connect("server")
s.send(b"one")
print(s.recv(100).decode())
s.send(b"two")
while len(s.recv(100, socket.MSG_PEEK)) < 5:
    pass
open("ready", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
try:
    s.send(b"three")
except OSError as e:
    print(e.strerror)
while True:
    d = s.recv(5).decode()
    print("got", d)
    if not d or d == "r:thr":
        break
open("done", "w").close()
'
	await test -e ready
}

moved() {
	move_detached "$case_dir" --kill "$@" ||
		fail "$move_why; $(cat ./*.err 2>/dev/null)"
	touch go
	await test -e done
}

@test "a peer outside is an obstacle with a remedy, and the program runs on" {
	serve
	client
	run "$MOVE_BIN/migrate-check" "$move_pid"
	assert_failure 69
	assert_output --partial "connected to server"
	assert_output --partial "--unix=reconnect"
	run "$MOVE_BIN/migrate-capture" "$move_pid" >stream
	assert_failure 69
	touch go
	await test -e done
	assert_equal "$(<log)" $'r:one\ngot r:two\ngot r:thr'
}

@test "--unix=reconnect connects again, and what was unread is lost" {
	serve
	client
	run "$MOVE_BIN/migrate-check" --unix=reconnect "$move_pid"
	assert_success
	moved --unix=reconnect
	assert_equal "$(<log)" $'r:one\ngot r:thr'
}

@test "--unix=close leaves what was unread, and the end" {
	serve
	client
	moved --unix=close
	assert_equal "$(<log)" $'r:one\nBroken pipe\ngot r:two\ngot '
}

@test "nobody to connect to again is a difference" {
	serve
	client
	"$MOVE_BIN/migrate-capture" -q --unix=reconnect "$move_pid" >stream
	kill "${servers[0]}"
	wait "${servers[0]}" || true
	run "$MOVE_BIN/migrate-restore" --detach <stream
	assert_failure 78
	assert_output --partial "nobody listens at server"
}

@test "--unix takes its words alone" {
	run "$MOVE_BIN/migrate-capture" --unix=perhaps 1 </dev/null
	assert_failure 64
	run "$MOVE_BIN/migrate-check" --unix=perhaps 1
	assert_failure 64
}

# A listener at "sock", with a lock on "locked" that nobody else can take.
listener() {
	move_start "$case_dir" python3 -u -c '
import fcntl, os, socket, time
f = open("locked", "w")
fcntl.flock(f, fcntl.LOCK_EX)
s = socket.socket(socket.AF_UNIX)
s.bind("'"$1"'")
s.listen(3)
open("ready", "w").close()
c, _ = s.accept()
c.send(b"hello")
'
	await test -e ready
}

greeted() {
	python3 -c '
import socket
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect("sock")
print(s.recv(100).decode())'
}

@test "another program's path is a difference, and stays its own" {
	listener sock
	"$MOVE_BIN/migrate-capture" -q --kill "$move_pid" >stream
	await move_gone "$move_pid"
	rm sock served -f
	servers+=($(python3 -c '
import os, socket
s = socket.socket(socket.AF_UNIX)
s.bind("sock")
s.listen(1)
pid = os.fork()
if pid:
    print(pid)
else:
    os.close(1)
    s.accept()[0].send(b"other")
'))
	run "$MOVE_BIN/migrate-restore" --detach <stream
	assert_failure 78
	assert_output --partial "sock is the socket of another program here"
	assert_equal "$(greeted)" other
}

@test "a stale socket is no hindrance" {
	listener sock
	"$MOVE_BIN/migrate-capture" -q --kill "$move_pid" >stream
	await move_gone "$move_pid"
	rm sock
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
	move_pid=$("$MOVE_BIN/migrate-restore" --detach --stdio=1=log <stream)
	assert_equal "$(greeted)" hello
}

@test "after a restore that fails the path leads to the source again" {
	listener sock
	"$MOVE_BIN/migrate-capture" -q "$move_pid" >stream
	run "$MOVE_BIN/migrate-restore" --detach <stream
	assert_failure 78
	assert_output --partial "cannot take again the lock"
	"$MOVE_BIN/migrate-release" --resume "$move_pid"
	assert_equal "$(greeted)" hello
	run ls -A
	refute_output --partial .migrate-
}

@test "a name that is no path is the source's while it lives" {
	listener '\0sojourn-test-'$$
	"$MOVE_BIN/migrate-capture" -q "$move_pid" >stream
	run "$MOVE_BIN/migrate-restore" --detach <stream
	assert_failure 78
	assert_output --partial "the name @sojourn-test-$$ of a UNIX domain socket is taken here"
	"$MOVE_BIN/migrate-release" --kill "$move_pid"
	await move_gone "$move_pid"
	run "$MOVE_BIN/migrate-restore" --detach <stream
	assert_success
}

@test "ssh-agent keeps its keys and its path" {
	move_start "$case_dir" ssh-agent -D -a "$case_dir/agent"
	await test -S agent
	ssh-keygen -q -t ed25519 -N '' -f key
	SSH_AUTH_SOCK=agent ssh-add -q key
	move_detached "$case_dir" --kill || fail "$move_why"
	SSH_AUTH_SOCK=agent run timeout 10 ssh-add -l
	assert_success
	assert_output --partial ED25519
}

@test "Python's multiprocessing: pool, queue and pipe" {
	for method in fork forkserver; do
		cat >work.py <<-'X'
		import multiprocessing, sys, time
		def square(x):
		    time.sleep(0.01)
		    return x * x
		def echo(q, pipe):
		    for i in iter(q.get, None):
		        pipe.send(i + 1)
		if __name__ == "__main__":
		    m = multiprocessing.get_context(sys.argv[1])
		    with m.Pool(3) as pool:
		        q = m.Queue()
		        ours, theirs = m.Pipe()
		        p = m.Process(target=echo, args=(q, theirs))
		        p.start()
		        total = 0
		        for i in range(40):
		            total += sum(pool.map(square, range(20)))
		            q.put(i)
		            assert ours.recv() == i + 1
		            open("ready", "w").close()
		        q.put(None)
		        p.join()
		    open("done", "w").write(str(total))
		X
		rm -f ready done
		move_start "$case_dir" python3 work.py "$method"
		await test -e ready
		moved
		await test -s done
		assert_equal "$(<done)" 98800
	done
}
