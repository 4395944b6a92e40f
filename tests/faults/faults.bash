# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# faults.bash - what faults.bats needs: a victim, a blow, and a look at what is
# left
#
# To be sourced after move.bash.  CASE is the victim's directory.  How often
# things are tried is FAULTS (times for each victim; four times as many cuts and
# flips); where, comes from FAULTS_SEED, which is printed, so that bats shows it
# when a test fails.

# shellcheck source-path=SCRIPTDIR source=../move.bash

: "${FAULTS:=6}"
: "${FAULTS_SEED:=$((SRANDOM % 1000000))}"
RANDOM=$FAULTS_SEED
echo "FAULTS=$FAULTS FAULTS_SEED=$FAULTS_SEED"

alone=$BATS_TEST_DIRNAME/faults/alone
alter=$BATS_TEST_DIRNAME/faults/alter
victims=$BATS_TEST_DIRNAME/../build/victims
# Statuses of base/failure.h that a restore may have for a bad stream.
documented=' 65 71 74 77 78 '

# A number from 0 to $1 - 1, in $at.
choose() {
	at=$(((RANDOM << 30 | RANDOM << 15 | RANDOM) % $1))
}

await() {
	move_deadline=$((SECONDS + 30))
	move_until "$@" || fail "$move_why"
}

# ---- the source ----

# Starts victim $1; move_pid is the top of it.
source_start() {
	chmod -R u+rwx "$case" 2>/dev/null || true
	rm -rf "$case"
	mkdir -m 777 "$case"
	case $1 in
	python) move_start "$case" python3 -c "$python" "$case" 3>&- 4>&- ;;
	*) move_start "$case" "$victims/$1" "$case" 3>&- 4>&- ;;
	esac
	await "set-up of $1" test -e "$case/ready" -o -e "$case/result"
	[ ! -e "$case/result" ] || fail "$1 failed: $(<"$case/result")"
	members=$(move_marked "$case" | wc -l)
}

# Four threads and a sum that must come out right.
python='
import hashlib, os, sys, threading
def run(n, into):
    h = hashlib.sha256(b"%d" % n)
    while not go.is_set():
        for i in range(500):
            h = hashlib.sha256(h.digest())
            into.append(h.digest())
        if len(into) >= 20000:
            del into[:-1]
            base[n] += 1
go = threading.Event()
base = [0] * 4
lists = [[] for n in range(4)]
threads = [threading.Thread(target=run, args=(n, lists[n])) for n in range(4)]
for t in threads:
    t.start()
open(sys.argv[1] + "/ready", "w")
while not os.path.exists(sys.argv[1] + "/go"):
    go.wait(0.01)
go.set()
for t in threads:
    t.join()
good = all(hashlib.sha256(a).digest() == b
           for l in lists for a, b in zip(l, l[1:]))
with open(sys.argv[1] + "/result.new", "w") as f:
    print("ok" if good else "a chain is broken", file=f)
os.rename(sys.argv[1] + "/result.new", sys.argv[1] + "/result")
'

# The states of all tasks of the tree, as one word: "SSRS".
source_states() {
	local pid

	for pid in $(move_marked "$case"); do
		cat "/proc/$pid/task/"*/stat 2>/dev/null |
			sed 's/^.*) \(.\).*/\1/'
	done | tr -d '\n'
}

# Nobody traces it any more.
source_untraced() {
	[[ $(source_states) != *t* ]]
}

source_running() {
	[[ $(source_states) != *[tT]* ]]
}

# Whole: it runs, or all of it is stopped and --resume lets it run on.
source_is_whole() {
	local states

	await "end of tracing" source_untraced
	states=$(source_states)
	[[ $states == *T* ]] || return 0
	"$MOVE_BIN/migrate-release" --resume "$move_pid" ||
		fail "tasks are in $states and cannot be resumed"
	await "running on" source_running
}

# It ends by itself, with the right result.
source_passes() {
	touch "$case/go"
	await "end of $1" test -s "$case/result"
	assert_equal "$1: $(<"$case/result")" "$1: ok"
	move_sweep "$case" >/dev/null || true
}

# ---- what is said and left ----

# One sentence of program $1 in file err: one line, or a list below it.
one_sentence() {
	local first rest

	{ read -r first; rest=$(cat); } <err || true
	[[ $first == "$1: "?* ]] || fail "no sentence of $1: $(<err)"
	if grep -qv '^  ' <<<"${rest:-  }"; then
		fail "more than one sentence: $(<err)"
	fi
}

# What argp says to wrong usage.
usage_error() {
	sed -i '/^Try `/,$d; s/^Usage: \([a-z-]*\) /\1: /' err
}

# ends STATUS PROGRAM COMMAND... : COMMAND fails like that, says one sentence and
# leaves nothing; its input is the file "in" if there is one.
ends() {
	local want=$1 program=$2 rc=0

	shift 2
	"$alone" -t 20 "$@" <"${in:-/dev/null}" >out 2>err || rc=$?
	[ "$rc" = "$want" ] || fail "status $rc, not $want: $(tail -n 5 err)"
	[ "$want" != 64 ] || usage_error
	one_sentence "$program"
	run cat err
}

# The stream in file $1 is refused with a documented status.
stream_refused() {
	local rc=0

	"$alone" "$MOVE_BIN/migrate-restore" --detach <"$1" >out 2>err || rc=$?
	[[ $documented == *" $rc "* ]] ||
		fail "status $rc with $2: $(<err)"
	one_sentence migrate-restore
	[ ! -s out ] || fail "it printed $(<out) with $2"
}

# What alone(1) found is a whole copy: the tree had been let go just before.
left_whole() {
	[ "$(grep -c '^alone: left: ' err)" -gt 0 ] &&
		[ "$(grep '^alone: left: ' err |
			grep -vc '(migrate-restore)')" = "$members" ]
}

# ---- blows ----

# Seconds that a command takes, in $took.
time_of() {
	local begun=${EPOCHREALTIME/./}

	"$@"
	took=$((${EPOCHREALTIME/./} - begun))
}

# A random moment of $took, as seconds, in $moment.
choose_moment() {
	choose "$took"
	printf -v moment '%d.%06d' $((at / 1000000)) $((at % 1000000))
}

# The names of the system calls in trace $1, into the array calls.
calls_from() {
	mapfile -t calls < <(sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' "$1")
	((${#calls[@]} > 100)) || fail "hardly any calls in $1"
}

# A random call of these, for strace(1), in the array strike; blow says which.
choose_call() {
	local name i k=0

	choose "${#calls[@]}"
	name=${calls[at]}
	for ((i = 0; i <= at; i++)); do
		[ "${calls[i]}" != "$name" ] || k=$((k + 1))
	done
	blow="$name call $k of ${#calls[@]} calls"
	strike=(strace -qq -o /dev/null -e trace="$name"
		-e inject="$name:signal=KILL:when=$k")
}
