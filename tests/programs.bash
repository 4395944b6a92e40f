# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# programs.bash - what the tests with real programs share
#
# To be sourced by a bats file.  A test has the directory case_dir, which is its
# working directory as well, and its program writes to the file log.

# program_setup SECONDS: the time that a test may take.
program_setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	bats_load_library bats-file
	. "$BATS_TEST_DIRNAME/move.bash"
	case_dir=$BATS_TEST_TMPDIR
	move_deadline=$((SECONDS + $1))
	cd "$case_dir" || exit
}

program_teardown() {
	[ -z "${move_ssh_pid-}" ] || kill "$move_ssh_pid"
	[ ! -e tmux ] || tmux -S tmux kill-server
	move_sweep "$case_dir" || true
}

start() {
	move_start "$case_dir" "$@"
}

# Waits until "$@" holds; or why, and what the program said.
await() {
	move_until program "$@" || fail "$move_why: $(tail -n 5 log)"
}

moved() {
	move_by "$1" "$case_dir" ||
		fail "$move_why; $(cat ./*.err 2>/dev/null); $(tail -n 5 log)"
}

# The program's own end: with status 0, as far as anyone can tell.
ended_well() {
	move_end || fail "$move_why: $(tail -n 5 log)"
	[ "${move_status:-0}" = 0 ] ||
		fail "status $move_status: $(tail -n 5 log) $(cat ./*.err)"
}

said() {
	grep -qFx -- "$1" log
}

more_lines() {
	(($(wc -l <log) > $1))
}

past() {
	(($(date +%s%N) >= $1))
}

tm() {
	tmux -S "$case_dir/tmux" -f /dev/null "$@"
}

on_screen() {
	tm capture-pane -p -t "t:$1" | grep -qF -- "$2"
}

terminal_is_not() {
	[ "$(ps -o tty= -p "$2")" != "$1" ]
}
