# SPDX-License-Identifier: MIT
#
# servers.bats - real servers move while their own clients keep them busy
#
# Each stands in a network of its own, its clients beside it and outside the
# tree.  With --tcp=keep no client may notice anything but a pause: not those
# that are connected, and not those that connect just then.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	load move.bash
	[ "$(id -u)" = 0 ] || skip "the right to make networks"
	PATH=$MOVE_BIN:$PATH
	move_deadline=$((SECONDS + 100))
	# Servers that give up being root have to get into it.
	case_dir=$(mktemp -d)
	chmod 755 "$case_dir"
	cd "$case_dir" || exit
	ns=sj-s-$$
	ip netns add "$ns"
	ip -n "$ns" link set lo up
}

teardown() {
	local pids

	[ -n "${ns-}" ] || return 0
	mapfile -t pids < <(ip netns pids "$ns" 2>/dev/null)
	[ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || :
	move_sweep "$case_dir" || :
	ip netns del "$ns" || :
	cd / && rm -rf "$case_dir"
}

need() {
	local program

	for program; do
		command -v "$program" >/dev/null || skip "there is no $program here"
	done
}

# Without the mount namespace that ip-netns(8) would make each time.
in_ns() {
	nsenter --net="/run/netns/$ns" "$@"
}

start() {
	move_start "$case_dir" nsenter --net="/run/netns/$ns" "$@"
}

await() {
	move_until server "$@" || fail "$move_why: $(tail -n 5 log)"
}

# client NAME COMMAND...: in the background, sets client; its output is in NAME.
client() {
	local name=$1

	shift
	nsenter --net="/run/netns/$ns" "$@" >"$name" 2>"$name.err" </dev/null 3>&- &
	client=$!
}

client_ended_well() {
	local name=$1 pid=$2

	wait "$pid" || fail "$name: $? $(tail -n 5 "$name.err" "$name" log)"
}

more_lines() {
	(($(wc -l <"$1") > $2))
}

# Moves it; nothing may be lost on the way, which a warning would tell.
moved() {
	: "${resets_before=$(resets)}"
	in_ns migrate-capture --kill "$@" "$move_pid" </dev/null \
		2>capture.err | in_ns migrate-restore --detach >pid 2>restore.err ||
		fail "$(cat capture.err restore.err)"
	run grep -h warning capture.err restore.err
	assert_output ""
	move_pid=$(<pid)
}

# Of the network, since it was made.
resets() {
	in_ns nstat -asz TcpOutRsts | awk '$1 == "TcpOutRsts" { print $2 }'
}

nobody_was_reset() {
	assert_equal "$(resets)" "$resets_before"
}

ended() {
	await move_gone "$move_pid"
}

# ---- redis ----

cli() {
	in_ns redis-cli "$@"
}

redis_pongs() {
	[ "$(cli ping 2>&1)" = PONG ]
}

redis_start() {
	need redis-server redis-cli redis-benchmark
	start redis-server --save "" --dir "$case_dir" --enable-debug-command yes
	await redis_pongs
	cli debug populate 20000 key 100 >/dev/null
	digest=$(cli debug digest)
	run_id=$(cli info server | grep ^run_id)
}

# It is the same one, and has what it had; it can still fork.
redis_is_whole() {
	assert_equal "$(cli info server | grep ^run_id)" "$run_id"
	assert_equal "$(cli debug digest)" "$digest"
	cli bgsave
	await test -s dump.rdb
	cli shutdown nosave || :
	ended
}

@test "redis: every increment counts once, and a benchmark goes on (keep)" {
	redis_start
	client bench redis-benchmark -n 300000 -c 20 -P 4 -q -t get
	local bench=$client
	client numbers redis-cli -r 60000 incr n
	await more_lines numbers 3000
	moved --tcp=keep
	! more_lines numbers 59999 || fail "it was over before"
	client_ended_well bench "$bench"
	client_ended_well numbers "$client"
	seq 60000 | cmp - numbers
	nobody_was_reset
	cli del n
	redis_is_whole
}

@test "redis: three moves on end" {
	local i

	redis_start
	client numbers redis-cli -r 100000 incr n
	for i in 1 2 3; do
		await more_lines numbers $((i * 5000))
		moved --tcp=keep
	done
	client_ended_well numbers "$client"
	seq 100000 | cmp - numbers
	cli del n
	redis_is_whole
}

@test "redis: its clients have to connect anew, its data is there (close)" {
	redis_start
	client numbers redis-cli -r 1000000 incr n
	await more_lines numbers 3000
	moved --tcp=close
	kill "$client" 2>/dev/null || :	# if it has not given up
	# What was told to have been counted has been; one may not have been told.
	(($(cli get n) >= $(wc -l <numbers)))
	cli del n
	redis_is_whole
}

# ---- nginx ----

nginx_start() {
	need nginx curl
	mkdir html
	head -c 300000 /dev/urandom >html/page
	head -c 6000000 /dev/urandom >html/big
	cat >nginx.conf <<-END
		daemon off;
		worker_processes 3;
		pid $case_dir/nginx.pid;
		error_log $case_dir/error.log notice;
		events { worker_connections 256; }
		http {
			access_log $case_dir/access.log;
			client_body_temp_path $case_dir/t1;
			proxy_temp_path $case_dir/t2;
			fastcgi_temp_path $case_dir/t3;
			uwsgi_temp_path $case_dir/t4;
			scgi_temp_path $case_dir/t5;
			server {
				listen 8080;
				listen [::]:8080;
				root $case_dir/html;
			}
		}
	END
	start nginx -c "$case_dir/nginx.conf" -p "$case_dir"
	await curl_gets
	cat >fetch <<-'END'
		#!/bin/bash
		set -o pipefail
		host=127.0.0.1
		(($1 % 2)) || host=[::1]
		curl -sS --fail --max-time 60 "http://$host:8080/page" | md5sum ||
			echo "failed: $1"
	END
	chmod +x fetch
}

curl_gets() {
	in_ns curl -s -o /dev/null http://127.0.0.1:8080/page
}

workers() {
	pgrep -P "$move_pid" | sort
}

other_workers() {
	[ "$(workers | wc -l)" = 3 ] &&
		[ -z "$(comm -12 <(workers) <(echo "$1"))" ]
}

@test "nginx: workers serve on, also those who connect at that moment (keep)" {
	nginx_start
	client big curl -sS --limit-rate 2M http://127.0.0.1:8080/big
	local big=$client old
	client sums bash -c 'seq 800 | xargs -P 4 -n 1 ./fetch'
	await more_lines sums 200
	moved --tcp=keep
	! more_lines sums 799 || fail "it was over before"
	client_ended_well sums "$client"
	run sort -u sums
	assert_output "$(md5sum <html/page)"
	assert_equal "$(wc -l <sums)" 800
	client_ended_well big "$big"
	cmp big html/big
	nobody_was_reset
	assert_equal "$(grep -c ' 200 ' access.log)" 802
	# The master is still one.
	old=$(workers)
	kill -HUP "$move_pid"
	await other_workers "$old"
	curl_gets
	kill -QUIT "$move_pid"
	ended
	run ! grep -E 'alert|emerg|crit' error.log
}

# ---- node ----

@test "node: a HTTP server with timers and worker threads (keep)" {
	need node curl
	cat >server.js <<-'END'
		const http = require('http');
		const { Worker } = require('worker_threads');
		const waiting = new Map();
		let ticks = 0;
		setInterval(() => ticks++, 5);
		const code = `
			const { parentPort } = require('worker_threads');
			let own = 0;
			setInterval(() => own++, 5);
			parentPort.on('message', ([id, n]) =>
				parentPort.postMessage([id, n * n, own]));`;
		const workers = [0, 1].map(() => new Worker(code, { eval: true }));
		let id = 0;
		for (const w of workers)
			w.on('message', ([i, square, own]) => {
				const res = waiting.get(i);
				waiting.delete(i);
				res.setHeader('Ticks', `${ticks} ${own}`);
				setTimeout(() => res.end(square + '\n'), 1);
			});
		process.on('SIGTERM', () => {
			console.log('ending');
			process.exit(0);
		});
		http.createServer((req, res) => {
			waiting.set(++id, res);
			workers[id % 2].postMessage([id, +req.url.slice(1)]);
		}).listen(8081, () => console.log('listening'));
	END
	start node server.js
	await grep -q listening log
	local kept
	client squares curl -sSN --fail 'http://127.0.0.1:8081/[1-1000]'
	kept=$client
	client new bash -c 'for i in {1..200}; do
		curl -sS --fail --max-time 60 http://127.0.0.1:8081/$i || exit; done'
	await more_lines squares 100
	moved --tcp=keep
	! more_lines squares 999 || fail "it was over before"
	client_ended_well squares "$kept"
	client_ended_well new "$client"
	seq 1000 | awk '{ print $1 * $1 }' | cmp - squares
	seq 200 | awk '{ print $1 * $1 }' | cmp - new
	nobody_was_reset
	# All three clocks tick.
	tick() {
		in_ns curl -sS -D - -o /dev/null http://127.0.0.1:8081/1 |
			awk 'tolower($1) == "ticks:" { print $2 + 0, $3 + 0 }'
	}
	local main own later_main later_own
	for _ in 1 2; do
		read -r main own < <(tick)
		tick >/dev/null
		later() {
			tick >/dev/null
			read -r later_main later_own < <(tick)
			((later_main > main && later_own > own))
		}
		await later
		tick >/dev/null
	done
	kill "$move_pid"
	ended
	grep -q ending log
}

# ---- PostgreSQL ----

pg_psql() {
	in_ns "$pg/psql" -qAtX -v ON_ERROR_STOP=1 -h 127.0.0.1 -U postgres "$@"
}

pg_start() {
	pg=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	[ -x "$pg/postgres" ] || skip "there is no postgres here"
	mkdir pg
	chown postgres pg
	setpriv --reuid=postgres --regid=postgres --clear-groups \
		"$pg/initdb" -N -A trust --no-locale -D pg/data >initdb.log 2>&1
	start setpriv --reuid=postgres --regid=postgres --clear-groups \
		"$pg/postgres" -D pg/data -k "$case_dir/pg"
	await grep -q 'ready to accept connections' log
	in_ns "$pg/pgbench" -i -q -h 127.0.0.1 -U postgres postgres >init.out 2>&1
}

@test "PostgreSQL: transactions stay open, and a benchmark goes on (keep)" {
	pg_start
	mkfifo told
	pg_psql -c 'create table t (n int)'
	client session "$pg/psql" -qAtX -v ON_ERROR_STOP=1 -h 127.0.0.1 \
		-U postgres -f told
	local session=$client tell
	exec {tell}>told
	cat >&"$tell" <<-END
		begin;
		create temp table mine as select generate_series(1, 1000) as n;
		insert into t select n from mine;
		lock table t;
		select 'begun';
	END
	await grep -q begun session
	client bench "$pg/pgbench" -n -c 4 -t 300 --max-tries=1 \
		-P 1 -h 127.0.0.1 -U postgres postgres
	has_transactions() {
		(($(pg_psql -c 'select count(*) from pgbench_history') > 50))
	}
	await has_transactions
	# All of it is under the postmaster, which is the user postgres's.
	moved --tcp=keep
	kill -0 "$client" || fail "it was over before"
	# The lock is held; it is that session's.
	run ! pg_psql -c "set lock_timeout = 100" -c "select * from t"
	echo "select count(*), sum(m.n) from mine m join t using (n); commit;" \
		>&"$tell"
	exec {tell}>&-
	client_ended_well session "$session"
	run cat session
	assert_output "begun
1000|500500"
	client_ended_well bench "$client"
	assert_equal "$(pg_psql -c 'select count(*) from pgbench_history')" 1200
	assert_equal "$(pg_psql -c 'select count(*), sum(n) from t')" "1000|500500"
	assert_equal "$(pg_psql -c 'select (select sum(delta) from pgbench_history)
		= (select sum(abalance) from pgbench_accounts)')" t
	nobody_was_reset
	# New backends, workers that it forks, its other processes, its end.
	pg_psql -c 'set force_parallel_mode = on' -c 'select count(*) from t' \
		-c checkpoint
	kill -INT "$move_pid"
	ended
	grep -q 'database system is shut down' log
	run ! grep -E 'PANIC|FATAL:.*(terminat|shared)|crash' log
}

# ---- memcached ----

mariadb_answers() {
	in_ns mariadb-admin --no-defaults -h 127.0.0.1 -u u -px ping >/dev/null 2>&1
}

db() {
	in_ns mariadb --no-defaults -h 127.0.0.1 -u u -px -N t "$@"
}

# Its files are read and written through an io_uring.
@test "MariaDB: every row that was confirmed is there, through an io_uring (keep)" {
	need mariadbd mariadb-install-db
	mariadb-install-db --no-defaults --datadir="$PWD/data" --user=root \
		--auth-root-authentication-method=normal >install.log 2>&1 ||
		fail "$(tail -n 5 install.log)"
	cat >init.sql <<-'END'
		CREATE DATABASE t;
		CREATE TABLE t.a (id INT PRIMARY KEY, v VARCHAR(2000)) ENGINE=InnoDB;
		CREATE USER u@'127.0.0.1' IDENTIFIED BY 'x';
		GRANT ALL ON t.* TO u@'127.0.0.1';
	END
	start mariadbd --no-defaults --datadir="$PWD/data" --user=root \
		--bind-address=127.0.0.1 --skip-name-resolve --socket="$PWD/s" \
		--init-file="$PWD/init.sql" --innodb-flush-method=O_DIRECT \
		--innodb-buffer-pool-size=8M \
		--innodb-flush-log-at-trx-commit=2
	await mariadb_answers
	for i in $(seq 5000); do
		echo "INSERT INTO a VALUES ($i, REPEAT('x', 1500)); SELECT $i;"
	done >rows.sql
	client rows bash -c 'mariadb --no-defaults -h 127.0.0.1 -u u -px \
		-N -n t <rows.sql'
	await more_lines rows 200
	ls -l "/proc/$move_pid/fd" >fds
	grep -q io_uring fds || skip "MariaDB has no io_uring here: $(uname -r)"
	moved --tcp=keep
	! more_lines rows 4999 || fail "it was over before"
	moved --tcp=keep
	client_ended_well rows "$client"
	seq 5000 | cmp - rows
	assert_equal "$(db -e 'SELECT COUNT(*), SUM(id) FROM a')" \
		"$(printf '5000\t12502500')"
	assert_equal "$(db -e 'CHECK TABLE a' | cut -f 4)" OK
	run grep -i error log
	assert_output ""
	nobody_was_reset
	kill "$move_pid"
	ended
}

@test "memcached: threads, what it has, and every increment (keep)" {
	need memcached python3
	start memcached -u nobody -l 127.0.0.1 -U 0 -t 4
	cat >client.py <<-'END'
		import socket, sys, time
		for _ in range(1000):
		    try:
		        s = socket.create_connection(("127.0.0.1", 11211))
		        break
		    except ConnectionRefusedError:
		        time.sleep(0.01)
		f = s.makefile("rb")
		def ask(text):
		    s.sendall(text.encode())
		    return f.readline().decode().strip()
		if sys.argv[1] == "fill":
		    for i in range(1000):
		        assert ask(f"set k{i} 7 0 6\r\nv{i:05}\r\n") == "STORED"
		    assert ask("set n 0 0 1\r\n0\r\n") == "STORED"
		elif sys.argv[1] == "count":
		    for i in range(int(sys.argv[2])):
		        print(ask("incr n 1\r\n"), flush=True)
		else:
		    for i in range(1000):
		        assert ask(f"get k{i}\r\n") == f"VALUE k{i} 7 6"
		        assert f.readline() == b"v%05d\r\n" % i
		        assert f.readline() == b"END\r\n"
	END
	in_ns python3 client.py fill
	client numbers python3 client.py count 20000
	await more_lines numbers 1000
	moved --tcp=keep
	! more_lines numbers 19999 || fail "it was over before"
	client_ended_well numbers "$client"
	seq 20000 | cmp - numbers
	in_ns python3 client.py look
	nobody_was_reset
	kill "$move_pid"
	ended
}

# ---- python ----

@test "python3: http.server, whose every request is a connection (keep)" {
	need curl
	mkdir html
	seq 20000 >html/page
	start python3 -m http.server -d html --bind 127.0.0.1 8082
	page() {
		in_ns curl -s -o /dev/null http://127.0.0.1:8082/page
	}
	await page
	client sums bash -c 'for i in {1..300}; do
		curl -sS --fail --max-time 60 http://127.0.0.1:8082/page |
			md5sum || echo failed; done'
	await more_lines sums 50
	moved --tcp=keep
	! more_lines sums 299 || fail "it was over before"
	client_ended_well sums "$client"
	run sort -u sums
	assert_output "$(md5sum <html/page)"
	nobody_was_reset
	kill "$move_pid"
	ended
}

@test "python3: an asyncio server and fifty clients (keep)" {
	cat >server.py <<-'END'
		import asyncio
		async def serve(reader, writer):
		    total = 0
		    while line := await reader.readline():
		        total += int(line)
		        await asyncio.sleep(0.001)
		        writer.write(b"%d\n" % total)
		        await writer.drain()
		    writer.close()
		async def main():
		    server = await asyncio.start_server(serve, "127.0.0.1", 8083)
		    print("listening", flush=True)
		    await server.serve_forever()
		asyncio.run(main())
	END
	cat >client.py <<-'END'
		import asyncio
		async def talk():
		    reader, writer = await asyncio.open_connection("127.0.0.1", 8083)
		    total = 0
		    for i in range(200):
		        total += i
		        writer.write(b"%d\n" % i)
		        assert int(await reader.readline()) == total
		        print(i, flush=True)
		    writer.close()
		async def main():
		    await asyncio.gather(*(talk() for _ in range(50)))
		asyncio.run(main())
	END
	start python3 server.py
	await grep -q listening log
	client told python3 client.py
	await more_lines told 1000
	moved --tcp=keep
	! more_lines told 9999 || fail "it was over before"
	client_ended_well told "$client"
	assert_equal "$(wc -l <told)" 10000
	nobody_was_reset
}
