# SPDX-License-Identifier: MIT
#
# job.bats - a moved program in the hands of somebody at a terminal
#
# Both the program and those who move it run in tmux, each in a window of its
# own; keys are typed and the screen is read.  What is waited for is a
# condition, for at most 30 seconds.

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_TMPDIR" || exit
	PATH=$BATS_TEST_DIRNAME/../${BIN:-bin}:$PATH
	echo 'set -g default-shell /bin/bash' >tmux.conf
	tm new-session -d -s test -n idle -x 80 -y 24 cat 3>&-
}

teardown() {
	[ ! -s pid ] || kill -KILL "$(cat pid)" 2>/dev/null || true
	tm kill-server
}

tm() {
	tmux -S "$BATS_TEST_TMPDIR/tmux" -f tmux.conf "$@"
}

until_so() {
	local end=$((SECONDS + 30))

	until "$@"; do
		if ((SECONDS > end)); then
			echo "never: $*"
			tm list-windows -a
			screen to || true
			return 1
		fi
		sleep 0.05
	done
}

# Runs the command line $2 in window $1.  The window lives on, since tmux may
# not show the last that is written to one that ends.
window() {
	tm new-window -d -t test: -n "$1" -c "$BATS_TEST_TMPDIR" "$2
		exec cat"
}

screen() {
	tm capture-pane -p -t "test:$1" 2>&1
}

shows() {
	screen "$1" | grep -qF -- "$2"
}

# Line $2 stands $3 times on the screen of window $1.
shows_times() {
	[ "$(screen "$1" | grep -cxF -- "$2")" = "$3" ]
}

type() {
	tm send-keys -t test:to "$@"
}

# Starts $1 on a terminal of its own; it has said "ready" then.
program() {
	echo "$1" >program
	window from 'echo $$ >pid; exec bash program'
	until_so shows from ready
}

# Starts $1 without a terminal; its stdin is a pipe that stays open.
program_without_terminal() {
	echo "$1" >program
	echo 'echo $$ >pid; exec bash program' >start
	window from 'sleep 1000 | setsid bash start 2>&1 | tee log'
	until_so shows from ready
}

# Moves it to window "to"; the last line there is the status it ended with.
move() {
	window to "migrate-capture -qk $(cat pid) | migrate-restore -q
		echo \"status \${PIPESTATUS[1]}\""
}

# As above, with the stream in a file in between.
capture_to_file() {
	window capture "migrate-capture -qk $(cat pid) >stream && >captured"
	until_so test -e captured
}

# Before that, what is typed is for the caller's terminal.
is_raw() {
	stty -a <"$(tm display-message -p -t test:to '#{pane_tty}')" |
		grep -q -- -icanon
}

# The process that has $1 in its command line, as /proc shows its state.
state_of() {
	local pid

	pid=$(pgrep -f -n -x -- "$1") &&
		sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat"
}

is_in_state() {
	[ "$(state_of "$1" 2>/dev/null)" = "$2" ]
}

@test "typed lines reach the program, and ^D ends it" {
	program 'echo ready; exec cat'
	move
	until_so is_raw
	type hello Enter
	until_so shows_times to hello 2
	type C-d
	until_so shows to "status 0"
}

@test "^C is a signal in the program, whose exit status is the job's" {
	program 'trap "echo caught; exit 42" INT
		echo ready; while :; do read -rt 0.2 _; done'
	move
	until_so is_raw
	type hello Enter
	until_so shows to hello
	type C-c
	until_so shows to caught
	until_so shows to "status 42"
}

@test "a program that dies of ^C gives 128+2" {
	program 'echo ready; exec sleep 1000'
	capture_to_file
	window to 'migrate-restore -q stream; echo "status $?"'
	until_so is_in_state 'sleep 1000' S
	until_so is_raw
	type C-c
	until_so shows to "status 130"
}

@test "the terminal has its modes back after the end" {
	program 'echo ready; exec cat'
	window to "stty erase q; stty -g >before
		migrate-capture -qk $(cat pid) | migrate-restore -q
		stty -g >after; echo done"
	until_so is_raw
	type x Enter
	until_so shows_times to x 2
	type C-d
	until_so shows to "done"
	assert_equal "$(cat after)" "$(cat before)"
}

@test "the terminal has its modes back if capture is killed" {
	program 'echo ready; exec cat'
	window to "stty -g >before
		migrate-capture -qk $(cat pid) | migrate-restore -q
		stty -g >after; echo done"
	until_so is_raw
	type x Enter
	until_so shows_times to x 2
	kill "$(pgrep -f -x "migrate-capture -qk $(cat pid)")"
	until_so shows to "done"
	assert_equal "$(cat after)" "$(cat before)"
}

@test "the size of the window is followed" {
	program 'trap "stty size" WINCH
		echo ready; while :; do read -rt 0.2 _; done'
	move
	until_so is_raw
	type hello Enter
	until_so shows to hello
	tm resize-window -t test:to -x 100 -y 40
	until_so shows to "40 100"
	type C-c
	until_so shows to "status 130"
}

@test "the last output is not lost, whoever reads how slowly" {
	program 'echo ready; read -r _; seq 200000; exit 3'
	capture_to_file
	window to '(migrate-restore -q stream; echo "status $?" >status) |
		(until [ -e go ]; do sleep 0.05; done; cat >out); echo done'
	type Enter
	until_so is_in_state 'seq 200000' S
	: >go
	until_so shows to "done"
	assert_equal "$(cat status)" "status 3"
	tr -d '\r' <out | grep -x '[0-9][0-9]*' >numbers
	run cmp numbers <(seq 200000)
	assert_success
}

@test "^Z stops a job without a terminal, and fg continues it" {
	program_without_terminal 'echo ready; while :; do read -rt 0.1 _
		echo tick; done'
	capture_to_file
	window to 'bash --norc -i'
	type 'PS1=; migrate-restore -q <stream' Enter
	until_so shows to tick
	type C-z
	until_so shows to Stopped
	until_so is_in_state 'bash program' T
	tm clear-history -t test:to
	type clear Enter
	until_so eval '! shows to tick'
	type fg Enter
	until_so shows to tick
	type C-c
	until_so eval '[ -z "$(state_of "bash program")" ]'
	type 'echo "status $?"' Enter
	until_so shows to "status 130"
}

@test "what follows the stream is the input of a program without a terminal" {
	program_without_terminal 'echo ready; exec cat'
	capture_to_file
	(cat stream; printf 'abc\ndef') | (migrate-restore -q >out 2>err; echo $? >status) 3>&-
	assert_equal "$(cat status out)" "$(printf '0\nabc\ndef')"
}

@test "a signal sent to the restore is the program's" {
	program_without_terminal 'trap "echo terminated; exit 9" TERM
		echo ready; while :; do echo tick; sleep 0.1; done'
	capture_to_file
	migrate-restore -q <stream >out 2>err 3>&- &
	until_so grep -q tick out
	kill $!
	status=0
	wait $! || status=$?
	assert_equal "$status" 9
	assert_equal "$(tail -n 1 out)" terminated
}

# It calls exit_group() while some of its threads are still being let go.
@test "a program of many threads that ends at once is waited for" {
	python3 -c '
import os, threading
for i in range(800):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
open("begun", "w").close()
while not os.path.exists("go"):
    pass
os._exit(7)' </dev/null >/dev/null 2>&1 3>&- 4>&- &
	echo $! >pid
	until_so test -e begun
	migrate-capture -q --kill "$(cat pid)" >stream
	wait "$(cat pid)" || true
	: >go
	for _ in 1 2 3 4 5; do
		run timeout -k 1 20 migrate-restore <stream
		assert_failure 7
	done
}
