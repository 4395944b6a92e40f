# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
#
# interactive.bats - programs that people sit in front of, and daily tools
#
# Terminals of the tree and from outside it, the jobs of a shell, servers with
# clients that come back, programs that start programs.  Each is moved when it
# has demonstrably begun and is far from done.

setup() {
	. "$BATS_TEST_DIRNAME/programs.bash"
	program_setup 120
	unset TMUX STY
	export TERM=xterm PS1='$ '
}

teardown() {
	program_teardown
}

need() {
	command -v "$1" || skip "there is no $1 here"
}

says() {
	grep -qF -- "$1" "$2"
}

outer() {
	if [ ! -e tmux ]; then
		MOVE_CASE=$case_dir tm new-session -d -s t -n idle -x 80 -y 24 cat \
			3>&-
	fi
	tm new-window -d -t t: -c "$case_dir" "$@"
}

# A window of the tmux outside, "from", in which "$1" runs as process $(<pid).
on_terminal() {
	outer -n from "echo \$\$ >pid; exec $1"
	await test -s pid
}

# It is moved into another, "to", which waits for it: then there is status.
to_terminal() {
	local terminal

	terminal=$(ps -o tty= -p "$(<pid)")
	outer -n to "'$MOVE_BIN/migrate-capture' --kill $(<pid) 2>capture.err |
		'$MOVE_BIN/migrate-restore' 2>restore.err
		echo \"status \$?\" >status; cat"
	await terminal_is_not "$terminal" "$(<pid)"
}

keys() {
	tm send-keys -t t:"$1" "${@:2}"
}

# Its obstacle, which all programs name and which stops nothing, is "$1".
is_refused() {
	run "$MOVE_BIN/migrate-check" "$move_pid"
	assert_failure 69
	assert_output --regexp "$1"
	run "$MOVE_BIN/migrate-capture" --kill "$move_pid"
	assert_failure 69
	assert_output --regexp "$1"
	kill -0 "$move_pid"
}

# ---- terminals that the tree has with it ----

inner() {
	env -i HOME=/ "PATH=$PATH" TERM=xterm "PS1=$ " "MOVE_CASE=$case_dir" \
		tmux -S "$case_dir/inner" -f /dev/null "$@" 3>&-
}

@test "tmux: three shells are moved, and attached to again" {
	local i

	start tmux -S "$case_dir/inner" -f /dev/null -D
	await test -S inner
	for i in 1 2 3; do
		inner new-session -d -s s$i -x 70 -y 20 'bash --norc'
		inner send-keys -t s$i "X=shell$i; sleep 1000 & : >up$i" Enter
		await test -e up$i
	done
	moved detach
	outer -n attached "env -u TMUX tmux -S inner attach -t s2; echo detached \$?; cat"
	await on_screen attached 'X=shell2'
	keys attached 'echo on $X' Enter jobs Enter
	await on_screen attached 'on shell2'
	await on_screen attached 'sleep 1000 &'
	# The size is that of the new client's terminal.
	keys attached 'stty size' Enter
	await on_screen attached '23 80'
	inner send-keys -t s3 'kill %1; wait; echo $X >end3; exit' Enter
	await says shell3 end3
	keys attached C-b d
	await on_screen attached 'detached 0'
	inner new-session -d -s s4 'bash --norc'
	assert_equal "$(inner ls -F '#S' | tr '\n' ' ')" "s1 s2 s4 "
	inner kill-server
	move_end
}

@test "screen: its shell is moved, and spoken to again" {
	need screen
	mkdir -m 700 sockets
	export SCREENDIR=$case_dir/sockets
	start screen -c /dev/null -D -m -S it bash --norc
	await stuffed 'X=shell; echo yes >up' up
	moved detach
	# It is screen that would take a dollar for its own.
	await stuffed 'echo \$X >is' is
	assert_equal "$(<is)" shell
	stuffed exit is
	move_end
}

# Types $1 into the window of the screen; whether file $2 is there then.
stuffed() {
	screen -S it -p 0 -X stuff "$1"$'\n' >/dev/null && [ -s "$2" ]
}

@test "script: a recorded shell is moved to another terminal" {
	on_terminal "script -q -f -c 'bash --norc' typescript"
	await on_screen from 'bash-'
	keys from 'X=shell; : >up' Enter
	await test -e up
	to_terminal
	keys to 'echo on $X' Enter
	await on_screen to 'on shell'
	keys to 'exit 3' Enter
	await test -s status
	says 'on shell' typescript
}

@test "bash: jobs that run and that are stopped, on a terminal of the tree" {
	cat >work.py <<-'END'
		import os, pty, time

		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp("bash", ["bash", "--norc", "-i"])

		def until(what):
		    seen = b""
		    while what not in seen:
		        seen += os.read(fd, 4096)
		    return seen

		def say(line):
		    os.write(fd, line.encode() + b"\n")

		say("X=4711; sleep 1000 & sleep 1001; echo sta''tus $?")
		while os.system(f"pgrep -P {pid} -xf 'sleep 1001' >pgrep"):
		    time.sleep(0.02)
		os.write(fd, b"\x1a")
		until(b"Stopped")
		say("jobs >before; echo wa''iting")
		until(b"waiting")
		print("begun", flush=True)
		while not os.path.exists("go"):
		    time.sleep(0.02)
		say("jobs >after; echo x$X-")
		until(b"x4711-")
		say("bg %2; jobs >both; kill %1 %2; wait; jobs >none; echo do''ne")
		until(b"done")
		say("sleep 1002; echo st''atus $?")
		while os.system(f"pgrep -P {pid} -xf 'sleep 1002' >pgrep"):
		    time.sleep(0.02)
		os.write(fd, b"\x03")
		until(b"$")
		say("exit 5")
		try:
		    while os.read(fd, 4096):
		        pass
		except OSError:
		    pass
		print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	start /usr/bin/python3 work.py
	await said begun
	moved pipe
	: >go
	ended_well
	said 'ended 5'
	run cat before
	assert_output --regexp 'Running +sleep 1000 &.*Stopped +sleep 1001'
	assert_equal "$(<after)" "$(<before)"
	run cat both
	refute_output --partial Stopped
	[ ! -s none ] || grep -vq Running none
}

@test "expect: a dialogue with a shell" {
	need expect
	cat >work.exp <<-'END'
		spawn -noecho bash --norc
		expect "$ "
		send "X=4711\r"
		expect "$ "
		puts "\nbegun"
		flush stdout
		while {![file exists go]} {after 20}
		send "echo \$X-\r"
		expect -re {4711-}
		send "exit 3\r"
		expect eof
		puts "\nended [lindex [wait] 3]"
	END
	start expect work.exp
	await said begun
	moved pipe
	: >go
	ended_well
	said 'ended 3'
}

# ---- terminals from outside ----

@test "less on a terminal: keys work after the move" {
	need less
	seq 100000 >text
	on_terminal 'less text'
	await on_screen from 23
	to_terminal
	keys to G
	await on_screen to '100000'
	keys to q
	await says 'status 0' status
}

@test "top on a terminal: it goes on, and keys work after the move" {
	need top
	on_terminal 'top -d 0.5'
	await on_screen from 'load average'
	to_terminal
	await on_screen to 'load average'
	keys to h
	await on_screen to 'Help for Interactive'
	keys to q
	await on_screen to 'load average'
	keys to q
	await says 'status 0' status
}

@test "nano on a terminal: what was typed is there, and is saved" {
	need nano
	on_terminal 'nano -I text'
	await on_screen from 'GNU nano'
	keys from hello
	await on_screen from hello
	to_terminal
	keys to C-l
	await on_screen to hello
	keys to ' world' C-s C-x
	await says 'status 0' status
	assert_equal "$(<text)" 'hello world'
}

@test "bash on a terminal: its stopped job comes along" {
	on_terminal 'bash --norc'
	await on_screen from 'bash-'
	keys from 'X=4711; sleep 1000' Enter
	await pgrep -P "$(<pid)" -x sleep
	keys from C-z
	await on_screen from Stopped
	to_terminal
	keys to 'echo on $X' Enter
	await on_screen to 'on 4711'
	keys to 'bg; jobs' Enter
	await on_screen to 'sleep 1000 &'
	keys to 'kill %1; exit 4' Enter
	await says 'status 4' status
}

# ---- tools ----

@test "sqlite3: a shell in a transaction, fed by a pipe" {
	need sqlite3
	cat >feed.sh <<-'END'
		echo "create table t(x); begin; insert into t values(20);"
		until [ -e go ]; do sleep 0.02; done
		echo "insert into t values(22); commit; select sum(x) from t;"
	END
	start bash -c 'bash feed.sh | sqlite3 data.db'
	await test -e data.db-journal
	moved pipe
	: >go
	ended_well
	run cat log
	assert_output 42
}

@test "make -j2: compilers, and the tokens of the jobs" {
	local i j

	for i in {1..6}; do
		for j in {1..200}; do
			echo "int f${i}_$j(int x){int s=$j;while(x--)s+=x*s;return s;}"
		done >f$i.c
	done
	echo 'int main(void){return 0;}' >main.c
	printf '%s\n\t%s\n' \
		'all:' '+@$(MAKE) --no-print-directory prog' \
		'prog: main.o f1.o f2.o f3.o f4.o f5.o f6.o' 'gcc -o $@ $^' \
		'%.o: %.c' 'gcc -pipe -O2 -c -o $@ $<' >Makefile
	start make -j2
	await test -e f2.o
	[ ! -e f6.o ] || fail "too late: all is compiled"
	moved pipe
	ended_well
	./prog
	run nm prog
	assert_output --partial f1_1
	assert_output --partial f6_200
}

@test "rsync: both ends" {
	local i

	need rsync
	mkdir from
	for i in {1..20}; do
		head -c 2M /dev/urandom >from/$i
	done
	printf '#!/bin/sh\nshift\nexec "$@"\n' >rsh
	chmod +x rsh
	start rsync -av --bwlimit=20m -e ./rsh from/ "host:$case_dir/to"
	await test -e to/13
	moved pipe
	ended_well
	diff -r from to
}

@test "tar | gzip: all files are in it" {
	mkdir tree
	cp -r /usr/include/linux tree
	start bash -c 'set -o pipefail; tar cf - tree | gzip -6 >x.tar.gz'
	await test -s x.tar.gz
	moved pipe
	ended_well
	mkdir out
	tar xzf x.tar.gz -C out
	diff -r tree out/tree
}

@test "find: all names, once" {
	mkdir -p tree/{a,b,c,d,e,f}/{1..30}
	for i in tree/*/*; do
		(cd "$i" && : >x && ln x y)
	done
	# It waits where it writes: nobody reads on before the move.
	cat >work.sh <<-'END'
		find tree | { read -r first; echo "$first"
			until [ -e go ]; do sleep 0.02; done; cat; }
	END
	for i in {1..4000}; do : >"tree/c/a-rather-long-name-$i"; done
	start bash work.sh
	await test -s log
	moved pipe
	: >go
	ended_well
	assert_equal "$(sort log | sha256sum)" "$(find tree | sort | sha256sum)"
}

@test "dd: every block" {
	start bash -c 'seq 30000000 | dd bs=4k iflag=fullblock of=out status=none'
	await test -s out
	moved pipe
	ended_well
	assert_equal "$(sha256sum <out)" "$(seq 30000000 | sha256sum)"
}

pool_moved() {
	cat >pool.py <<-'END'
		import hashlib, multiprocessing, os, sys, time

		def chain(i):
		    d = b"%d" % i
		    for _ in range(1000):
		        d = hashlib.sha256(d).digest()
		    return d.hex()

		if __name__ == "__main__":
		    multiprocessing.set_start_method(sys.argv[1])
		    lock, queue = multiprocessing.Lock(), multiprocessing.Queue()
		    value = multiprocessing.Value("i", 0)
		    with multiprocessing.Pool(3) as pool:
		        results = []
		        for one in pool.imap(chain, range(300)):
		            results.append(one)
		            if len(results) == 50:
		                print("begun", flush=True)
		                while not os.path.exists("go"):
		                    with lock, value.get_lock():
		                        value.value += 1
		                        queue.put(value.value)
		                        assert queue.get() == value.value
		    assert results == [chain(i) for i in range(300)]
		    print("all is well", flush=True)
	END
	start /usr/bin/python3 pool.py "$1"
	await said begun
	moved pipe
	: >go
	ended_well
	said 'all is well'
}

@test "python3: a pool of processes, forked" {
	pool_moved fork
}

@test "python3: a pool of processes, spawned" {
	pool_moved spawn
}

@test "python3: a pool of processes, by a fork server" {
	pool_moved forkserver
}

@test "qemu: a program under emulation" {
	local qemu

	qemu=$(command -v qemu-x86_64 || command -v qemu-x86_64-static) ||
		skip "there is no qemu-x86_64 here"
	start "$qemu" "$(command -v busybox)" sh -c \
		'echo begun; i=0; while [ ! -e go ]; do i=$((i+1)); done; echo ended'
	await said begun
	moved pipe
	: >go
	ended_well
	said ended
}

# ---- servers, and connections ----

# The server at $port answers, $1 being its count of visits.
answers() {
	assert_equal "$(curl -s -m 20 "http://127.0.0.1:$port/")" "hello $1"
}

@test "Go: an HTTP server" {
	need go
	need curl
	cat >server.go <<-'END'
		package main

		import (
			"fmt"
			"net"
			"net/http"
			"os"
		)

		func main() {
			n := 0
			http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
				n++
				fmt.Fprintln(w, "hello", n)
			})
			l, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
			if err != nil {
				panic(err)
			}
			fmt.Println("ready")
			http.Serve(l, nil)
		}
	END
	HOME=$case_dir go build -o server server.go
	port=$(move_free_port)
	start ./server "$port"
	await said ready
	answers 1
	moved detach
	answers 2
	answers 3
}

@test "Java: an HTTP server" {
	need javac
	need curl
	cat >Server.java <<-'END'
		import com.sun.net.httpserver.HttpServer;
		import java.net.InetSocketAddress;
		import java.util.concurrent.Executors;

		public class Server {
			static int n;

			public static void main(String[] args) throws Exception {
				HttpServer s = HttpServer.create(new InetSocketAddress(
					"127.0.0.1", Integer.parseInt(args[0])), 0);
				s.createContext("/", e -> {
					byte[] b = ("hello " + ++n + "\n").getBytes();
					e.sendResponseHeaders(200, b.length);
					e.getResponseBody().write(b);
					e.close();
				});
				s.setExecutor(Executors.newFixedThreadPool(4));
				s.start();
				System.out.println("ready");
			}
		}
	END
	javac Server.java
	port=$(move_free_port)
	start java -Xmx64m Server "$port"
	await said ready
	answers 1
	moved detach
	answers 2
	answers 3
}

@test "curl: a download is moved with its server" {
	need curl
	port=$(move_free_port)
	head -c 30M /dev/urandom >big
	cat >work.sh <<-'END'
		/usr/bin/python3 -m http.server "$1" --bind 127.0.0.1 2>server.log &
		until (: <"/dev/tcp/127.0.0.1/$1"); do sleep 0.02; done 2>tries
		curl -s --limit-rate 6M -o out "http://127.0.0.1:$1/big"
		echo "curl $?"
		kill $!
	END
	start bash work.sh "$port"
	await test -s out
	moved pipe
	ended_well
	said 'curl 0'
	cmp big out
}

@test "curl: a download from elsewhere is refused, with two remedies" {
	need curl
	port=$(move_free_port)
	printf '%s\n' 'printf "HTTP/1.0 200 OK\r\n\r\nbegun"' 'exec cat' >serve.sh
	socat "tcp-listen:$port,bind=127.0.0.1,reuseaddr" \
		'exec:bash serve.sh' 3>&- &
	peer=$!
	start curl -sN --retry 100 --retry-connrefused --retry-delay 1 \
		"http://127.0.0.1:$port/"
	await says begun log
	is_refused "\(curl\) has a TCP connection .* outside the tree .*--tcp=keep.*--tcp=close"
	run "$MOVE_BIN/migrate-check" --tcp=close "$move_pid"
	assert_success
	kill "$peer"
	await move_gone "$move_pid"
}

@test "ssh: a client with a forwarded port is refused, with two remedies" {
	move_ssh_start "$case_dir/sshd"
	port=$(move_free_port)
	start ssh -F "$MOVE_SSH/config" -N -L "$port:127.0.0.1:9" host
	await port_open "$port"
	is_refused "\(ssh\) has a TCP connection .* outside the tree .*--tcp=keep.*--tcp=close"
}

port_open() {
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

@test "strace: a program under it is refused, the tracer is named" {
	start strace -o trace sleep 100
	await pgrep -P "$move_pid" -x sleep
	is_refused "\(sleep\) is being traced by process $move_pid: end the debugger"
}

# less(1) loses a key that it is given while it is told to redraw.
@test "less on a terminal: no key is lost that is typed during the move" {
	need less python3
	seq 100000 >text
	cat >type.py <<-'END'
		import os, pty, select, sys, time

		def spawn(*argv):
		    pid, fd = pty.fork()
		    if pid == 0:
		        os.environ["TERM"] = "xterm"
		        os.execvp(argv[0], argv)
		    return pid, fd

		def shows(fd, text):
		    seen, end = b"", time.monotonic() + 20
		    while text not in seen and time.monotonic() < end:
		        if select.select([fd], [], [], 0.1)[0]:
		            seen += os.read(fd, 65536)
		    return text in seen

		for ms in range(1, 31, 2):
		    pid, old = spawn("less", "text")
		    if not shows(old, b"\n20"):
		        sys.exit("less shows nothing")
		    job, new = spawn("bash", "-c", "migrate-capture --kill %d"
		                     " 2>capture.err | migrate-restore"
		                     " 2>restore.err" % pid)
		    time.sleep(ms / 1000)
		    os.write(new, b"G")
		    if not shows(new, b"100000"):
		        sys.exit("the key after %d ms was lost" % ms)
		    os.write(new, b"q")
		    os.waitpid(job, 0)
		    os.close(new)
		    os.close(old)
		    os.waitpid(pid, 0)
	END
	run python3 type.py 3>&-
	[ "$status" = 0 ] || fail "$output $(cat capture.err restore.err)"
}
