# SPDX-License-Identifier: MIT
#
# inspect.bats - what migrate-inspect says of streams that are whole, and are not
#
# One small tree is captured for the whole file: a program of 3 processes with
# files, pipes, timers, signals and a deleted file.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_FILE_TMPDIR"
}

# Descriptors of bats are not to be captured with a program.
close_others() {
	local fd

	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		((fd > 2)) && eval "exec $fd>&-"
	done
	return 0
}

setup_file() {
	local odd=$'odd \e[31m\n\xff name' pid

	cd "$BATS_FILE_TMPDIR"
	mkdir "$odd"
	cat >program.py <<-'END'
		import fcntl, mmap, os, signal, sys, time
		log = open("log", "a"); log.write("12345"); log.flush()
		fcntl.flock(log, fcntl.LOCK_EX)
		gone = open("gone", "w+"); os.unlink("gone"); gone.write("bytes")
		gone.flush()
		reader, writer = os.pipe(); os.write(writer, b"waiting")
		shared = mmap.mmap(-1, 65536); shared[5] = 7
		signal.signal(signal.SIGUSR1, lambda *a: 0)
		signal.signal(signal.SIGUSR2, signal.SIG_IGN)
		signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
		os.kill(os.getpid(), signal.SIGUSR1)
		if os.fork() == 0:
		    os.chdir(sys.argv[1])
		    open("../ready-child", "w")
		    time.sleep(1000)
		if os.fork() == 0:
		    os._exit(7)
		os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
		signal.setitimer(signal.ITIMER_REAL, 500, 60)
		open("ready", "w")
		time.sleep(1000)
	END
	(close_others && exec setsid python3 program.py "$odd") \
		</dev/null >out 2>&1 &
	pid=$!
	until [ -e ready ] && [ -e ready-child ]; do sleep 0.01; done
	migrate-capture --kill "$pid" >stream
	echo "$pid" >pid
	migrate-inspect stream >text
	migrate-inspect --json stream >json
}

# A byte of file $1, changed at $2.
change() {
	local byte

	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "\\x$(printf %x $((byte ^ 4)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# The start of a line, or of one that goes on with it, in the text.
says() {
	grep -qF -- "$1" text || {
		cat text
		fail "the text does not say: $1"
	}
}

@test "text names where it comes from, the tree, and what it has" {
	local pid

	pid=$(<pid)
	says "kind        process, version 1 of the format"
	says "from        $(uname -n), Linux $(uname -r) on $(uname -m)"
	says "source      process $pid, which then is ended"
	says "process $pid (python3)"
	says "a zombie, exit status 7"
	says "directory   $BATS_FILE_TMPDIR"
	says "file $BATS_FILE_TMPDIR/log, writing, appending, at 5 of 5"
	says "exclusive flock lock"
	says "deleted file $BATS_FILE_TMPDIR/gone, reading and writing, at 5"
	grep -qE '^ +handled .*USR1' text
	says "pending     USR1 for"
	says "timers      ITIMER_REAL in 499."
	says "then every 60.000 s"
	says "7 bytes waiting, room for 64.0 KiB"
	says "  $BATS_FILE_TMPDIR/log  written, at least 5 bytes"
	says "  3 processes, 2 threads, "
}

@test "text says what is asleep, and how long yet" {
	(close_others && exec sleep 1000) </dev/null >/dev/null 2>&1 &
	until [ "$(cat /proc/$!/comm)" = sleep ] &&
		grep -q nanosleep "/proc/$!/wchan"; do sleep 0.01; done
	migrate-capture --kill $! >asleep
	run migrate-inspect asleep
	assert_success
	assert_output --regexp 'asleep +thread '$!' in clock_nanosleep, 999\.'
}

@test "no byte of a name moves the cursor" {
	run -1 grep -qP '[\x00-\x08\x0b-\x1f\x7f\xff]' text
	says '"'"$BATS_FILE_TMPDIR"'/odd \x1b[31m\x0a\xff name"'
}

@test "JSON has every record, and the sums" {
	run jq -r '.header.host, .whole, .failure, .bytes' json
	assert_line --index 0 "$(uname -n)"
	assert_line --index 1 true
	assert_line --index 2 null
	assert_line --index 3 \
		$(($(stat -c %s stream) - $(tail -c 100 stream | end_length)))
	run jq -e '(.records | length) + 1 == .record_count' json
	assert_success
	run jq -e '.pages == ([.memory[].pages] | add)' json
	assert_success
	run jq -r '.records[] | select(.name == "process" and
		.fields.zombie).fields.exit' json
	assert_output 1792
	run jq -r '.records[] | select(.name == "pipe").fields.data' json
	assert_output 77616974696e67
}

# Bytes of the end record: from [1, 0, ..., which cannot stand in a hash by
# more than accident, to the end of the file.
end_length() {
	python3 -c '
import sys
tail = sys.stdin.buffer.read()
print(len(tail) - tail.rindex(b"\x83\x01\x00"))'
}

@test "offsets in JSON are where the records are" {
	run python3 - <<-'END'
		import json
		stream = open("stream", "rb").read()
		for r in json.load(open("json"))["records"]:
		    head = bytes([0x83, r["type"]]) if r["type"] < 24 \
		        else bytes([0x83, 0x18, r["type"]])
		    assert stream[r["offset"]:].startswith(head), r
	END
	assert_success
}

@test "the map has every mapping, and all pages" {
	run migrate-inspect --map stream
	assert_success
	assert_output --partial 'rw-p'
	assert_output --partial '[stack]'
	assert_output --partial 'deleted file'
	assert_equal "$(grep -cE '^[0-9a-f]+-[0-9a-f]+ ' <<<"$output")" \
		"$(jq '[.records[] | select(.name == "mapping")] | length' json)"
	assert_equal "$(awk '$3 ~ /^[0-9]+$/ && /^[0-9a-f]+-/ { n += $4 }
			/^[0-9]+ / { n += $3 } END { print n }' \
		<<<"$output")" "$(jq .pages json)"
}

@test "verify says in one line that the stream is whole" {
	run migrate-inspect --verify stream
	assert_success
	assert_output "stream is whole: $(jq -r '"\(.record_count) records, \(
		.pages) pages, \(.bytes) bytes"' json)"
}

@test "a pipe will do as well as a file, also with something after the stream" {
	run bash -c 'cat stream text | migrate-inspect --verify'
	assert_success
	run bash -c 'cat stream | migrate-inspect | cmp - text'
	assert_success
}

@test "a truncated stream is said to be so, whatever is asked for" {
	local size part form

	size=$(stat -c %s stream)
	for part in 1 40 2000 20000 $((size / 2)) $((size - 1)); do
		head -c "$part" stream >cut
		for form in --verify --map --json --verify; do
			run --separate-stderr migrate-inspect $form cut
			assert_failure 65
			[ "$stderr" = "migrate-inspect: stream is truncated at \
byte $part (${stderr##*(}" ]
		done
		run --separate-stderr migrate-inspect cut
		assert_failure 65
		[ "$part" -lt 2000 ] ||
			assert_line "THIS IS NOT ALL: ${stderr#*: }"
		migrate-inspect --json cut 2>/dev/null >cut.json ||
			jq -e '.whole == false and (.failure |
				startswith("stream is truncated"))' cut.json
	done
}

@test "verify prints nothing but the fault" {
	head -c 5000 stream >cut
	run --separate-stderr migrate-inspect --verify cut
	assert_failure 65
	assert_output ""
	[ "${#stderr_lines[@]}" = 1 ]
}

@test "a changed bit is found wherever it is" {
	local size at

	size=$(stat -c %s stream)
	for at in 5 100 5000 $((size / 3)) $((size / 2)) $((size - 5)); do
		cp stream changed
		change changed "$at"
		run migrate-inspect --verify changed
		assert_failure 65
	done
}

@test "what is no stream is said to be none" {
	run migrate-inspect --verify </dev/null
	assert_failure 65
	assert_output "migrate-inspect: stream is empty"
	run migrate-inspect /bin/sh
	assert_failure 65
	assert_output --partial "not a Sojourn stream"
	run migrate-inspect --json </dev/null
	assert_failure 65
	run jq -r .failure < <(migrate-inspect --json </dev/null 2>/dev/null)
	assert_output "stream is empty"
}

@test "every kind of record has its place in JSON, and pages of nothing too" {
	"$BATS_TEST_DIRNAME/../${OUT:-build}/tests/unit-schemas" all
	run jq -c '.whole, .pages, .strays, ([.records[].type] | unique)' \
		< <(migrate-inspect --json all)
	assert_line --index 0 true
	[ "${lines[1]}" = "${lines[2]}" ]
	assert_line --index 3 "[$(sed -n 's/^	RECORD_.* = \([0-9]*\),.*/\1/p' \
		"$BATS_TEST_DIRNAME/../lib/image/records.h" | sort -n |
		paste -sd,)]"
}

@test "tee passes all on unchanged, and says it on standard error" {
	cat stream - <<<"keys of the keyboard" >followed
	migrate-inspect --tee <followed >passed 2>said
	cmp passed followed
	cmp said text
	cat followed | migrate-inspect --tee --verify 2>/dev/null | cmp - followed
	migrate-inspect --tee --json followed 2>said | cmp - followed
	cmp said json
}

@test "tee passes nothing on after a fault, and no end record" {
	local size

	size=$(stat -c %s stream)
	cp stream changed
	change changed $((size / 2))
	run bash -c 'migrate-inspect --tee --verify <changed >passed'
	assert_failure 65
	cmp -n "$(stat -c %s passed)" passed changed
	[ "$(stat -c %s passed)" -lt "$(jq .bytes json)" ]
	run migrate-inspect --verify passed
	assert_failure 65

	# The end record alone is wrong.
	cp stream changed
	change changed $((size - 5))
	run bash -c 'migrate-inspect --tee --verify <changed >passed'
	assert_failure 65
	run migrate-inspect --verify passed
	assert_failure 65
	assert_output --partial "stream is truncated at byte $(jq .bytes json)"
}

@test "in the middle of a move the program keeps its voice" {
	local pid

	mkfifo keys
	(close_others && exec python3 -c '
import os
print(os.getpid(), file=open("begun", "w"))
print("heard", input())
exit(9)') <keys 2>&1 | cat >/dev/null &
	exec 8>keys
	until [ -s begun ]; do sleep 0.01; done
	pid=$(<begun)
	set -o pipefail
	run bash -c "exec 8>&-; echo a word | migrate-capture --kill $pid |
		migrate-inspect --tee 2>said | migrate-restore"
	exec 8>&-
	assert_failure 9
	assert_output "heard a word"
	grep -q "^process $pid (python3)" said
}

@test "a reader that goes away is a failed write" {
	run bash -c 'migrate-inspect --tee --verify <stream | head -c 100 |
		wc -c; exit ${PIPESTATUS[0]}'
	assert_failure 74
	assert_output --partial "cannot pass the stream on"
}

@test "a full disk is a failed write" {
	run bash -c 'migrate-inspect stream >/dev/full'
	assert_failure 74
	run bash -c 'migrate-inspect --json stream >/dev/full'
	assert_failure 74
	run bash -c 'migrate-inspect --tee <stream >/dev/full'
	assert_failure 74
	run bash -c 'migrate-inspect --tee stream >&-'
	assert_failure 74
}

@test "a terminal is no source, nor a target for tee" {
	run script -qec "migrate-inspect" /dev/null
	assert_failure 64
	assert_output --partial "does not come from a terminal"
	run script -qec "migrate-inspect --tee stream" /dev/null
	assert_failure 64
	assert_output --partial "not for terminals"
}

@test "called wrongly, it says so" {
	run migrate-inspect --json --map stream
	assert_failure 64
	run migrate-inspect stream stream
	assert_failure 64
	run migrate-inspect no-such-file
	assert_failure 74
	assert_output "migrate-inspect: no-such-file: No such file or directory"
	run bash -c "migrate-inspect --verify <&-"
	assert_failure 74
}
