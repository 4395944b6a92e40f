# SPDX-License-Identifier: MIT
#
# net.bats - connections of real programs, in networks of their own
#
# A stream of bytes that can be checked flows while its server is moved; the
# kernel's own counters say whether anybody was reset.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	load move.bash
	[ "$(id -u)" = 0 ] || skip "the right to make networks"
	cd "$BATS_TEST_TMPDIR"
	PATH=$MOVE_BIN:$PATH
	move_deadline=$((SECONDS + 60))
	a=sj-a-$$ b=sj-b-$$ c=sj-c-$$
	ip netns add "$a"
	ip -n "$a" link set lo up
	cat >server.py <<-'END'
	import random, socket, sys, time
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.bind((sys.argv[1], 7777))
	s.listen(5)
	open("ready", "w").close()
	while True:
	    c, _ = s.accept()
	    r = random.Random(1)
	    try:
	        for i in range(int(sys.argv[2])):
	            c.sendall(r.randbytes(100000))
	            time.sleep(0.002)
	    except OSError as e:
	        open("error", "w").write(type(e).__name__)
	    c.close()
	END
	cat >client.py <<-'END'
	import random, socket, sys
	r = random.Random(1)
	c = socket.create_connection((sys.argv[1], 7777))
	want, n = b"", 0
	while True:
	    d = c.recv(65536)
	    if not d:
	        break
	    while len(want) < len(d):
	        want += r.randbytes(100000)
	    if d != want[:len(d)]:
	        sys.exit("differs from byte %d on" % n)
	    want = want[len(d):]
	    n += len(d)
	    open("got.new", "w").write(str(n))
	    import os
	    os.rename("got.new", "got")
	print(n)
	END
}

teardown() {
	local ns pids

	for ns in "$a" "$b" "$c"; do
		[ -n "$ns" ] || continue
		mapfile -t pids < <(ip netns pids "$ns" 2>/dev/null)
		[ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || :
		ip netns del "$ns" 2>/dev/null || :
	done
}

# serve NETNS ADDRESS CHUNKS: sets server
serve() {
	ip netns exec "$1" setsid python3 server.py "$2" "$3" \
		</dev/null >server.log 2>&1 3>&- &
	server=$!
	disown "$server"
	move_until "start of the server" test -e ready
}

# fetch NETNS ADDRESS: sets client
fetch() {
	ip netns exec "$1" python3 client.py "$2" >client.out 2>client.err 3>&- &
	client=$!
}

has_got() {
	[ "$(cat got 2>/dev/null || echo 0)" -gt "$1" ]
}

# A counter of the network, since it was made.
counter() {
	ip netns exec "$1" nstat -asz "$2" | awk -v name="$2" '$1 == name { print $2 }'
}

in_a() {
	ip netns exec "$a" "$@"
}

@test "a server moves in the middle of what it sends, and nobody is reset" {
	serve "$a" 127.0.0.1 200
	fetch "$a" 127.0.0.1
	move_until "some of it" has_got 2000000
	in_a migrate-capture --kill --tcp=keep "$server" </dev/null \
		2>capture.err | in_a migrate-restore --detach >pid 2>restore.err
	[ "${PIPESTATUS[*]}" = "0 0" ] || fail "$(cat capture.err restore.err)"
	wait "$client" || fail "$(cat client.err)"
	assert_equal "$(cat client.out)" 20000000
	assert_equal "$(counter "$a" TcpOutRsts)" 0
	assert [ ! -e error ]
	# It takes new ones, too, and the wall has gone.
	rm -f got
	run -0 in_a python3 client.py 127.0.0.1
	assert_output 20000000
}

@test "a connection stays when its address moves to another network" {
	ip netns add "$b"
	ip netns add "$c"
	ip -n "$c" link add br0 type bridge
	ip -n "$c" addr add 10.9.0.9/24 dev br0
	ip -n "$c" link set br0 up
	for ns in "$a" "$b"; do
		ip -n "$ns" link add eth0 type veth peer name "to-$ns" \
			netns "$c"
		ip -n "$c" link set "to-$ns" master br0 up
		ip -n "$ns" link set eth0 up
	done
	ip -n "$a" addr add 10.9.0.1/24 dev eth0
	serve "$a" 10.9.0.1 200
	fetch "$c" 10.9.0.1
	move_until "some of it" has_got 2000000
	in_a migrate-capture --kill --tcp=keep "$server" </dev/null >stream
	ip -n "$a" addr del 10.9.0.1/24 dev eth0
	run -78 ip netns exec "$b" migrate-restore --detach stream
	assert_output --partial "the address of a TCP socket 10.9.0.1:7777 is not here"
	ip -n "$b" addr add 10.9.0.1/24 dev eth0
	ip -n "$c" neigh flush dev br0
	ip netns exec "$b" migrate-restore --detach stream >pid 3>&-
	wait "$client" || fail "$(cat client.err)"
	assert_equal "$(cat client.out)" 20000000
	for ns in "$a" "$b" "$c"; do
		assert_equal "$(counter "$ns" TcpOutRsts)" 0
	done
}

@test "a source that stays stopped keeps its connection, and goes on with it" {
	serve "$a" 127.0.0.1 200
	fetch "$a" 127.0.0.1
	move_until "some of it" has_got 2000000
	in_a migrate-capture --tcp=keep "$server" </dev/null >stream 2>/dev/null
	run -78 in_a migrate-restore --detach stream
	assert_output --partial "in use here, by process $server: if that is the source, end it with migrate-release --kill"
	migrate-release --resume "$server"
	wait "$client" || fail "$(cat client.err)"
	assert_equal "$(cat client.out)" 20000000
	assert_equal "$(counter "$a" TcpOutRsts)" 0
}

@test "a capture that is killed leaves the connection as it was" {
	serve "$a" 127.0.0.1 200
	fetch "$a" 127.0.0.1
	move_until "some of it" has_got 2000000
	mkfifo stuck
	exec 7<>stuck
	in_a migrate-capture --tcp=keep "$server" </dev/null >&7 2>/dev/null 3>&- &
	capture=$!
	# It has begun to write: the connection is recorded.
	move_until "start of the stream" \
		python3 -c 'import select,sys; sys.exit(not select.select([7],[],[],0)[0])'
	kill -KILL "$(pgrep -x migrate-capture -P "$capture" || echo "$capture")"
	wait "$client" || fail "$(cat client.err)"
	assert_equal "$(cat client.out)" 20000000
}

# The process of that name in network A.
of_a() {
	ip netns pids "$a" | while read -r pid; do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$1" ] ||
			echo "$pid"
	done
}

gone() {
	[ ! -e "/proc/$1" ]
}

no_guard() {
	[ -z "$(of_a migrate-guard)" ]
}

@test "a guard that gets no time does not take the copy for the source" {
	serve "$a" 127.0.0.1 200
	fetch "$a" 127.0.0.1
	move_until "some of it" has_got 2000000
	mkfifo slow
	in_a migrate-capture --kill --tcp=keep "$server" </dev/null >slow \
		2>capture.err 3>&- &
	capture=$!
	exec 7<slow
	# It has begun to write: the guard is there.
	move_until "start of the stream" \
		python3 -c 'import select,sys; sys.exit(not select.select([7],[],[],0)[0])'
	guard=$(of_a migrate-guard)
	kill -STOP "$guard"
	cat <&7 >stream
	exec 7<&-
	wait "$capture" || fail "$(cat capture.err)"
	move_until "end of the source" gone "$server"
	in_a migrate-restore --detach stream >pid 2>restore.err 3>&- &
	restore=$!
	move_until "the copy, by the PID of the source" test -e "/proc/$server"
	kill -CONT "$guard"
	wait "$restore" || fail "$(cat restore.err)"
	assert_equal "$(cat pid)" "$server"
	wait "$client" || fail "$(cat client.err)"
	assert_equal "$(cat client.out)" 20000000
	assert_equal "$(counter "$a" TcpOutRsts)" 0
	move_until "end of the guard" no_guard
}

@test "--tcp=close: the peer hears of it, the program too, and it serves on" {
	serve "$a" 127.0.0.1 200
	fetch "$a" 127.0.0.1
	move_until "some of it" has_got 2000000
	in_a migrate-capture --kill --tcp=close "$server" </dev/null 2>err |
		in_a migrate-restore --detach >pid 2>>err
	[ "${PIPESTATUS[*]}" = "0 0" ] || fail "$(cat err)"
	wait "$client" || :
	run ! grep -qx 20000000 client.out
	move_until "the server's error" test -s error
	assert_regex "$(cat error)" "ConnectionResetError|BrokenPipeError"
	rm -f got
	in_a timeout 20 socat -u TCP:127.0.0.1:7777 - | head -c 1000 >some
	assert_equal "$(stat -c %s some)" 1000
}

@test "without --tcp a connection to outside is refused by name, with remedies" {
	serve "$a" 127.0.0.1 200
	fetch "$a" 127.0.0.1
	move_until "some of it" has_got 1000
	run -69 in_a migrate-capture "$server"  </dev/null
	run -69 in_a migrate-check "$server"
	assert_output --regexp "has a TCP connection from 127.0.0.1:7777 to 127.0.0.1:[0-9]+ outside the tree \(descriptor [0-9]+\): keep it, if its address comes along \(--tcp=keep\), or let it be closed \(--tcp=close\)"
	run -0 in_a migrate-check --tcp=keep "$server"
	run -0 in_a migrate-check --tcp=close "$server"
	run -69 in_a setpriv --bounding-set -net_admin --inh-caps -net_admin \
		migrate-check --tcp=keep "$server"
	assert_output --partial "to keep it takes CAP_NET_ADMIN: let it be closed (--tcp=close)"
	wait "$client"
}

# It is the listener's child, and speaks to a client over a connection that is
# encrypted with what only it knows.
@test "an sshd session moves, and its client goes on" {
	local session

	mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f key
	cat >config <<-END
	Port 2222
	ListenAddress 127.0.0.1
	HostKey $PWD/host
	AuthorizedKeysFile $PWD/key.pub
	PidFile none
	StrictModes no
	UsePAM no
	END
	in_a "$(command -v sshd || echo /usr/sbin/sshd)" -D -e -f config \
		</dev/null 2>log 3>&- &
	move_until "sshd" grep -q listening log
	# Read and counted there, one at a time.
	for i in $(seq 300); do echo "$i"; sleep 0.01; done |
		in_a ssh -F none -o StrictHostKeyChecking=no -o BatchMode=yes \
			-o UserKnownHostsFile=known -i key -p 2222 127.0.0.1 \
			'while read -r n; do echo $((sum += n)); done' \
			>sums 2>err 3>&- &
	client=$!
	move_until "some of it" eval '[ "$(wc -l <sums)" -ge 50 ]'
	session=$(pgrep -f '^sshd: [^ ]*@notty' --ns $$ --nslist pid |
		while read -r pid; do
			[ "$(readlink "/proc/$pid/ns/net")" = \
				"$(in_a readlink /proc/self/ns/net)" ] &&
				echo "$pid"
		done)
	in_a migrate-capture --kill --tcp=keep "$session" </dev/null \
		2>capture.err | in_a migrate-restore --detach >pid 2>restore.err
	[ "${PIPESTATUS[*]}" = "0 0" ] || fail "$(cat capture.err restore.err)"
	wait "$client" || fail "$(cat err log)"
	assert_equal "$(tail -n 1 sums)" 45150
	assert_equal "$(wc -l <sums)" 300
}
