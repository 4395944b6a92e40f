# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
#
# programs.bats - real programs are moved amid their work and end it right
#
# None of them knows.  Each is moved when it has demonstrably begun and is far
# from done: when its own output says so, or its place in the file it reads.
#
# MOVE_GZIP_MIB is the size of the file that gzip packs (256; 1024 for the full
# run).

setup() {
	. "$BATS_TEST_DIRNAME/programs.bash"
	program_setup 200
}

teardown() {
	program_teardown
}

# Process $1 has read between a tenth and nine tenths of $2, open as its
# descriptor $3.
amid() {
	local size pos

	size=$(stat -c %s "$2")
	read -r _ pos <"/proc/$1/fdinfo/$3" || return
	((pos > size / 10)) || return
	((pos < size * 9 / 10)) || fail "too late: $2 has been read"
}

# Descriptor 3 of process $1 or its stdin is $2 by now.
reads() {
	[ "$(readlink "/proc/$1/fd/$3")" = "$(readlink -f "$2")" ]
}

python_program() {
	cat >work.py <<-'END'
		import hashlib, os, sqlite3, threading

		digests = {}

		def chain(seed):
		    d = seed.encode()
		    for _ in range(150000):
		        d = hashlib.sha256(d).digest()
		    while not os.path.exists("go"):
		        event.wait(0.01)
		    digests[seed] = d.hex()

		event = threading.Event()
		threads = [threading.Thread(target=chain, args=(f"t{i}",), name=f"t{i}")
		           for i in range(8)]
		db = sqlite3.connect("data.db", isolation_level=None)
		db.execute("create table if not exists t (n integer primary key, square)")
		db.execute("begin immediate")
		for t in threads:
		    t.start()
		n = 0
		while n < 5000 or not os.path.exists("go"):
		    db.execute("insert into t values (?, ?)", (n, n * n))
		    n += 1
		    if n % 500 == 0:
		        print("inserted", n, flush=True)
		    if n > 5000:
		        event.wait(0.001)
		db.execute("commit")
		for t in threads:
		    t.join()
		assert db.execute("select count(*), sum(square) from t").fetchone() == \
		    (n, (n - 1) * n * (2 * n - 1) // 6)
		for k in sorted(digests):
		    print(k, digests[k])
		print("rows", n)
	END
}

# What the chains must end with, by another way than threads.
python_digests() {
	/usr/bin/python3 - <<-'END'
		import hashlib
		for i in range(8):
		    d = f"t{i}".encode()
		    for _ in range(150000):
		        d = hashlib.sha256(d).digest()
		    print(f"t{i}", d.hex())
	END
}

python_moved() {
	python_program
	start /usr/bin/python3 work.py
	await said "inserted 1000"
	moved "$1"
	# It goes on: the transaction is open, and keeps others out.
	await more_lines "$(wc -l <log)"
	run /usr/bin/python3 -c 'import sqlite3
sqlite3.connect("data.db", timeout=0).execute("begin immediate")'
	assert_failure
	assert_output --partial "database is locked"
	touch go
	ended_well
	assert_equal "$(grep '^t[0-7] ' log)" "$(python_digests)"
	run sqlite_check
	assert_output "ok $(sed -n 's/^rows //p' log)"
}

sqlite_check() {
	/usr/bin/python3 -c 'import sqlite3
db = sqlite3.connect("data.db")
print(*db.execute("pragma integrity_check").fetchone(),
      *db.execute("select count(*) from t").fetchone())'
}

@test "python3: threads, and sqlite in a transaction" {
	python_moved pipe
}

@test "python3: the same, through ssh" {
	move_ssh_start "$case_dir/ssh"
	python_moved ssh
}

@test "python3: the same, twice, detached" {
	python_moved twice
}

@test "bash: a pipeline of children, a trap and wait" {
	cat >work.bash <<-'END'
		trap 'echo trapped' USR1
		{
			for ((i = 0; i < 300000; i++)); do
				((i == 2000)) && : >begun
				echo "$i"
			done
		} | sed 's/^/x/' | sort -r | { read -r first; cat >/dev/null
			echo "$first" >first; } &
		seq 1 1000000 | awk '{ s += $1 } END { printf "%.0f\n", s }' >sum &
		(sleep 0.2; exit 7) &
		last=$!
		wait $last
		echo "last $?"
		wait
		kill -USR1 $$
		echo "first $(<first) sum $(<sum)"
		exit 0
	END
	start bash work.bash
	await test -e begun
	moved pipe
	ended_well
	run cat log
	assert_output "last 7
trapped
first x99999 sum 500000500000"
}

@test "bash: jobs that are moved twenty times" {
	cat >work.bash <<-'END'
		n=0
		until [ -e go ] && ((n > 500)); do
			n=$((n + $(echo 1)))
			((n == 20)) && : >begun
		done
		echo "$n" >counted
	END
	start bash work.bash
	await test -e begun
	moved twenty
	touch go
	ended_well
	((10#$(<counted) > 500))
}

@test "perl: hashes, regular expressions and a file it writes" {
	cat >work.pl <<-'END'
		use strict;
		open my $out, '>', 'out' or die;
		$| = 1;
		my (%seen, $sum);
		for my $n (1 .. 400000) {
			my $word = sprintf "w%05d", $n * 7919 % 65521;
			$seen{$1}{$word}++ if $word =~ /(\d\d)$/;
			$sum += $seen{$1}{$word};
			print $out "$n $word\n" if $n % 4 == 0;
			print "at $n\n" if $n % 20000 == 0;
			1 until $n != 200000 or -e 'go';
		}
		close $out or die;
		print "sum $sum keys ", scalar(keys %seen), "\n";
	END
	start perl work.pl
	await said "at 40000"
	moved pipe
	touch go
	ended_well
	mv log moved.log
	mv out moved.out
	perl work.pl >log
	assert_equal "$(<moved.log)" "$(<log)"
	cmp moved.out out
}

awk_moved() {
	seq 1 3000000 >numbers
	start "$1" '{ s += $1; n[$1 % 1000]++ }
		END { printf "%d %.0f %d\n", NR, s, n[7] }' numbers
	await reads "$move_pid" numbers 3
	await amid "$move_pid" numbers 3
	moved pipe
	ended_well
	run cat log
	assert_output "3000000 4500001500000 3000"
}

@test "mawk: half way in a large file" {
	awk_moved mawk
}

@test "gawk: half way in a large file" {
	awk_moved gawk
}

@test "gzip: ${MOVE_GZIP_MIB:-256} MiB, the checksum is right" {
	seq 1 2000000000 | head -c "${MOVE_GZIP_MIB:-256}M" >big
	start bash -c 'exec gzip -3 <big >big.gz'
	await reads "$move_pid" big 0
	await amid "$move_pid" big 0
	moved pipe
	ended_well
	gzip -t big.gz
	gzip -dc big.gz | cmp - big
	rm big big.gz
}

has_grown() {
	[ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt "$2" ]
}

@test "ffmpeg: threads that encode a film, twice moved, its frames are right" {
	local encode=(ffmpeg -v error -nostdin -f lavfi
		-i "testsrc2=size=640x360:rate=25" -t 8 -c:v libx264
		-threads 4 -y)

	"${encode[@]}" still.mkv
	start "${encode[@]}" moved.mkv
	await has_grown moved.mkv 100000
	moved twice
	ended_well
	assert_equal "$(ffmpeg -v error -i moved.mkv -f md5 -)" \
		"$(ffmpeg -v error -i still.mkv -f md5 -)"
}

@test "sort: temporary files, and half of its input still to come" {
	seq 1 1500000 | awk '{ print ($1 * 7919) % 1500007 }' >numbers
	cat >work.bash <<-'END'
		export LC_ALL=C TMPDIR=$PWD
		{
			head -n 1000000 numbers
			until [ -e go ]; do sleep 0.02; done
			tail -n +1000001 numbers
		} | sort -n -S 4M --parallel=2 -o sorted
	END
	start bash work.bash
	await amid_sort
	moved pipe
	touch go
	ended_well
	LC_ALL=C sort -n numbers | cmp - sorted
	# It has cleaned up after itself.
	run compgen -G 'sort*'
	assert_output sorted
}

amid_sort() {
	compgen -G 'sort??????' >/dev/null
}

@test "Go: goroutines, channels, a garbage collector and signals" {
	command -v go || skip "there is no Go here"
	cat >work.go <<-'END'
		package main

		import (
			"fmt"
			"os"
			"os/signal"
			"sync"
			"syscall"
		)

		func waitFor(name string) {
			for syscall.Access(name, 0) != nil {
				ts := syscall.Timespec{Nsec: 2000000}
				syscall.Nanosleep(&ts, nil)
			}
		}

		func main() {
			const n, rounds = 1000, 200
			var mu sync.Mutex
			var wg sync.WaitGroup
			heard := make(chan os.Signal, 1)
			signal.Notify(heard, syscall.SIGUSR1)
			counts := map[int]int{}
			first := make(chan int)
			in := first
			for i := 0; i < n; i++ {
				out := make(chan int)
				wg.Add(1)
				go func(i int, in, out chan int) {
					defer wg.Done()
					for v := range in {
						garbage := make([]int, 100)
						garbage[v%100] = v
						mu.Lock()
						counts[i] += garbage[v%100] - v + 1
						mu.Unlock()
						out <- v + 1
					}
					close(out)
				}(i, in, out)
				in = out
			}
			go func() {
				for r := 0; r < rounds; r++ {
					if r == rounds/10 {
						fmt.Println("begun")
						waitFor("go")
					}
					first <- r
				}
				close(first)
			}()
			sum := 0
			for v := range in {
				sum += v
			}
			wg.Wait()
			total := 0
			for _, c := range counts {
				total += c
			}
			syscall.Kill(syscall.Getpid(), syscall.SIGUSR1)
			fmt.Println(sum, total, <-heard)
		}
	END
	GO111MODULE=off GOCACHE=$case_dir/cache go build -o work work.go
	start ./work
	await said begun
	moved pipe
	touch go
	ended_well
	assert_equal "$(tail -n 1 log)" "219900 200000 user defined signal 1"
}

@test "Java: threads, a heap that is collected, and just-in-time code" {
	command -v javac || skip "there is no Java here"
	cat >Work.java <<-'END'
		import java.io.File;
		import java.util.*;
		import java.util.concurrent.*;

		public class Work {
			static long chew(int seed) throws Exception {
				Random random = new Random(seed);
				Map<Integer, String> map = new HashMap<>();
				long sum = 0;
				int n = 0;
				for (; n < 200000 || !new File("go").exists(); n++) {
					if (n >= 200000) {
						Thread.sleep(2);
						continue;
					}
					int k = random.nextInt(5000);
					map.merge(k, "x", (a, b) -> a.length() > 20 ? b : a + b);
					sum += map.get(k).hashCode();
				}
				return sum;
			}
			public static void main(String[] args) throws Exception {
				ExecutorService pool = Executors.newFixedThreadPool(16);
				List<Future<Long>> all = new ArrayList<>();
				for (int i = 0; i < 16; i++) {
					final int seed = i;
					all.add(pool.submit(() -> chew(seed)));
				}
				System.out.println("begun");
				long sum = 0;
				for (Future<Long> f : all)
					sum += f.get();
				pool.shutdown();
				System.out.println("sum " + sum);
			}
		}
	END
	javac Work.java
	start java -Xmx128m -cp . Work
	await said begun
	moved pipe
	touch go
	ended_well
	assert_equal "$(tail -n 1 log)" "$(java -Xmx128m -cp . Work | tail -n 1)"
}

@test "OpenMP: 32 threads" {
	cat >work.c <<-'END'
		#include <omp.h>
		#include <stdio.h>
		#include <unistd.h>

		int main(void)
		{
			static double a[1 << 16];
			double sum = 0;
			long turns = 0;
			int more = 1, threads = 0;

			omp_set_num_threads(32);
			for (long round = 0; more; round++) {
		#pragma omp parallel for reduction(+ : sum) schedule(dynamic, 512)
				for (int i = 0; i < 1 << 16; i++) {
					a[i] = a[i] / 2 + i;
					sum += a[i] > 0;
				}
		#pragma omp parallel
				{
		#pragma omp critical
					turns++;
		#pragma omp single
					threads = omp_get_num_threads();
				}
				if (round == 10)
					puts("begun"), fflush(stdout);
				more = round < 60 || access("go", F_OK) < 0;
				if (sum != (round + 1) * ((1 << 16) - 1.0))
					return 1;
				if (turns != (round + 1) * 32)
					return 2;
			}
			printf("threads %d\n", threads);
			return 0;
		}
	END
	gcc -O2 -fopenmp -o work work.c
	start ./work
	await said begun
	moved pipe
	touch go
	ended_well
	assert_equal "$(tail -n 1 log)" "threads 32"
}

@test "busybox, static: a shell, its children and a checksum" {
	seq 1 20000000 | head -c 150M >big
	cat >work.sh <<-'END'
		busybox sha256sum big >sum &
		i=0
		while [ $i -lt 3000 ]; do
			i=$((i + 1))
			[ $i = 300 ] && echo begun
			echo $i | busybox sed 's/^/n/' >last
			[ -e go ] && break
		done
		wait
		echo "ended $(busybox cat last | busybox cut -c1)"
	END
	start busybox sh work.sh
	await said begun
	moved pipe
	touch go
	ended_well
	run cat log
	assert_output "begun
ended n"
	assert_equal "$(<sum)" "$(sha256sum big)"
}

@test "sleep: sleeps on for what was left" {
	local begin end took

	begin=$(date +%s%N)
	start sleep 3
	# Half of it is over; nothing but the time says so.
	await past "$((begin + 1500000000))"
	moved pipe
	ended_well
	end=$(date +%s%N)
	took=$(((end - begin) / 1000000))
	((took >= 2990)) || fail "it took $took ms"
	# Begun anew it would be 4500.
	((took < 4200)) || fail "it took $took ms"
}

@test "vim on a terminal in tmux: keys work after the move" {
	local terminal

	move_deadline=$((SECONDS + 30))
	# All that tmux starts has the mark by which it is swept away.
	MOVE_CASE=$case_dir tm new-session -d -s t -n idle -x 80 -y 24 cat 3>&-
	tm new-window -d -t t: -n from -c "$case_dir" \
		'echo $$ >pid; exec vim -N -u NONE -n text'
	await test -s pid
	await on_screen from '"text" [New]'
	tm send-keys -t t:from ihello
	await on_screen from hello
	terminal=$(ps -o tty= -p "$(<pid)")
	tm new-window -d -t t: -n to -c "$case_dir" \
		"'$MOVE_BIN/migrate-capture' --kill $(<pid) |
			'$MOVE_BIN/migrate-restore'; echo \"status \$?\" >status; cat"
	# It may have kept its PID, but never its terminal.
	await terminal_is_not "$terminal" "$(<pid)"
	tm send-keys -t t:to Escape C-l
	await on_screen to hello
	tm send-keys -t t:to 'a world' Enter 'second line' Escape ggP:wq Enter
	await test -s status
	assert_equal "$(<status)" "status 0"
	run cat text
	assert_output "hello world
second line"
}

# An event loop: a child behind two pipes, a server and its client by a socket,
# a timer, a signal handler, and children whose end is waited for.
loop_program() {
	cat >loop.py <<-'END'
	import asyncio, os, signal

	async def serve(reader, writer):
	    while line := await reader.readline():
	        writer.write(b"echo " + line)
	        await writer.drain()
	    writer.close()

	async def talk(cat, reader, writer, i):
	    cat.stdin.write(b"line %d\n" % i)
	    writer.write(b"hello %d\n" % i)
	    await asyncio.gather(cat.stdin.drain(), writer.drain())
	    assert await cat.stdout.readline() == b"line %d\n" % i
	    assert await reader.readline() == b"echo hello %d\n" % i

	async def main():
	    ticks, signals = [0], []
	    loop = asyncio.get_running_loop()
	    loop.add_signal_handler(signal.SIGUSR1, signals.append, 1)

	    async def tick():
	        while True:
	            await asyncio.sleep(0.01)
	            ticks[0] += 1

	    timer = asyncio.create_task(tick())
	    cat = await asyncio.create_subprocess_exec(
	        "cat", stdin=asyncio.subprocess.PIPE,
	        stdout=asyncio.subprocess.PIPE)
	    child = await asyncio.create_subprocess_shell(
	        "until [ -e go ]; do sleep 0.05; done; exit 7")
	    server = await asyncio.start_unix_server(serve, "socket")
	    reader, writer = await asyncio.open_unix_connection("socket")
	    open("ready", "w").close()
	    i = 0
	    while not os.path.exists("go"):
	        i += 1
	        await talk(cat, reader, writer, i)
	    before = ticks[0]
	    os.kill(os.getpid(), signal.SIGUSR1)
	    assert await child.wait() == 7
	    for i in range(i + 1, i + 100):
	        await talk(cat, reader, writer, i)
	    await asyncio.sleep(0.05)
	    assert signals and ticks[0] > before
	    writer.close()
	    cat.stdin.close()
	    assert await cat.wait() == 0
	    timer.cancel()
	    print("all is well", flush=True)

	asyncio.run(main())
	END
}

loop_moved() {
	loop_program
	start /usr/bin/python3 loop.py
	await test -e ready
	moved "$1"
	: >go
	ended_well
	said "all is well"
}

@test "python3: asyncio with children, a socket, timers and signals" {
	loop_moved pipe
}

@test "python3: asyncio, twice, detached" {
	loop_moved twice
}
