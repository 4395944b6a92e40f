# SPDX-License-Identifier: MIT
#
# victims.bats - the victims are worth their name: left alone they pass, and
# they notice what a bad move would have lost (tests/victims/damage.h)

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.."
}

@test "victims that are not moved pass, all of them" {
	run tests/matrix --ways none
	assert_success
	assert_output --regexp '^[0-9]+ passed, 0 failed, [0-9]+ skipped$'
}

# Each damage, and victims that must notice it, by their reason or their death.
damages() {
	cat <<-END
		advice mem-advice mem-thp
		affinity sched-affinity
		altstack signal-altstack
		capacity pipe-size
		caps creds-caps
		clear-tid thread-join
		cloexec file-cloexec file-memfd
		content pipe-content fifo
		control regs-control
		cwd proc-cwd
		death tree-death-signal
		dumpable proc-dumpable
		fds file-many file-deleted
		flags file-append file-flags pipe-nonblock
		group tree-groups
		gs thread-gs
		handlers signal-actions timer-thread
		ioprio sched-ioprio
		itimers timer-real timer-cpu
		limits proc-limits
		mask signal-mask
		memory mem-anon mem-file-private mem-large
		mlock mem-mlock mem-mlockall
		name thread-names
		nice sched-nice
		offsets file-offset file-dup file-directory
		oom proc-oom
		pending signal-pending signal-queued
		persona proc-personality
		policy sched-policy
		protection mem-guard mem-anon mem-file-ro
		robust robust-mutex robust-list
		sharing file-shared-fork file-dup
		slack sched-slack
		subreaper tree-subreaper
		thp mem-thp
		timers timer-posix timer-overrun
		umask proc-umask
		waits sleep-nanosleep wait-poll wait-futex wait-select sleep-monotonic
	END
}

# lost DAMAGE VICTIM... : names those that do not notice.
lost() {
	local output victim

	output=$(VICTIM_DAMAGE=$1 tests/matrix -j 4 --ways none "${@:2}")
	for victim in "${@:2}"; do
		[[ $output == *"FAIL none $victim:"* ]] ||
			echo "$victim does not notice lost $1"
	done
}

@test "each victim notices what it is there for" {
	# Some wait for what does not come any more.
	export MATRIX_TIMEOUT=8
	export -f lost
	run xargs -P 8 -L 1 bash -c 'lost "$@"' -- < <(damages)
	assert_success
	assert_output ''
}

@test "each damage there is has a victim that notices it" {
	run sed -n 's/^\t{ "\([a-z-]*\)", lose_.*/\1/p' tests/victims/damage.h
	assert_output "$(damages | cut -d' ' -f1)"
}
