# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# move.bash - start a program, move it one way or another, see how it ends
#
# To be sourced.  A case lives in a directory of its own, CASE, which holds the
# program's output (log), what the migrate programs said (*.err), and for a
# victim the files ready, go and result.  Nothing here sleeps for a time:
# everything waits for a condition, until move_deadline (in SECONDS).
#
#	move_start CASE PROGRAM [ARG...]   sets move_pid
#	move_until CASE COMMAND [ARG...]   wait until COMMAND succeeds
#	move_by WAY CASE                   moves move_pid; then either move_job
#	                                   is the job that ends as the program
#	                                   does, or it is empty and move_pid is
#	                                   where the program is now
#	move_end                           waits for the end: move_status
#	move_sweep CASE                    kills what is left; says what it was
#
# Everything returns non-zero and says why in move_why if it fails.
# MOVE_BIN is where the programs are; MOVE_COMPRESS is what capture is told of
# compression.  With MOVE_AS, a user's number, everything
# is started as that user.

MOVE_HERE=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
: "${MOVE_BIN:=${MOVE_HERE%/*}/bin}"
MOVE_WAYS=(pipe file detach ssh taken twice twenty precopy leave)

# What stands before a command that is to run as MOVE_AS.
move_as=()
if [ -n "${MOVE_AS-}" ]; then
	move_as=(setpriv "--reuid=$MOVE_AS" "--regid=$MOVE_AS" --clear-groups
		--inh-caps=-all)
fi

move_why=
move_pid=
move_job=
move_status=
move_deadline=$((SECONDS + 60))

# A pipe nobody writes to: reading it with a time-out is a pause without fork.
exec {MOVE_TICK}<> <(:)

move_tick() {
	read -r -t 0.02 -u "$MOVE_TICK" _ || :
}

# move_until CASE COMMAND... : false when the time is up.
move_until() {
	local what=$1

	shift
	until "$@" 2>/dev/null; do
		if ((SECONDS >= move_deadline)); then
			move_why="time-out in $what: $*"
			return 1
		fi
		move_tick
	done
}

# A zombie is gone as well, unless other threads of it live on; who does not
# reap it is another question.
move_gone() {
	local stat

	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	# After the name: state, and 17 fields on the number of threads.
	read -ra stat <<<"${stat##*) }"
	[ "${stat[0]}" = Z ] && ((stat[17] <= 1))
}

# The program has no descriptor but the three, is the leader of a session, and
# is marked by its environment, which stays with it wherever it goes.
move_start() {
	local dir=$1

	shift
	: >"$dir/log"
	[ -z "${MOVE_AS-}" ] || chown "$MOVE_AS" "$dir/log"
	(
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			((fd > 2)) && eval "exec $fd>&-"
		done
		cd "$dir" && export MOVE_CASE=$dir &&
			exec setsid "${move_as[@]}" "$@"
	) </dev/null >"$dir/log" 2>&1 &
	move_pid=$!
	# Being killed is its lot: the shell need not tell each time.
	disown "$move_pid"
}

# Everything with our mark, but for zombies, which have no environment; of a
# process whose leader is dead the other threads have it.
move_marked() {
	grep -lszFx "MOVE_CASE=$1" /proc/[0-9]*/task/[0-9]*/environ |
		cut -d/ -f3 | sort -u
}

move_none_marked() {
	[ -z "$(move_marked "$1")" ]
}

move_sweep() {
	local pid all

	all=$(move_marked "$1")
	[ -n "$all" ] || return 0
	for pid in $all; do
		printf '%s (%s) ' "$pid" "$(cat "/proc/$pid/comm" 2>/dev/null)"
		kill -KILL "$pid" 2>/dev/null
	done
	return 1
}

# What a failed step left on stderr, as one line.
move_said() {
	local text

	text=$(cat "$@" 2>/dev/null | tail -n 3 | tr '\n' ' ')
	echo "${text:-no message}"
}

move_capture() {
	local dir=$1 pid=$2 rc

	shift 2
	"${move_as[@]}" "$MOVE_BIN/migrate-capture" \
		"--compress=${MOVE_COMPRESS:-auto}" "$@" "$pid" </dev/null 2>>"$dir/capture.err"
	rc=$?
	echo "$rc" >"$dir/capture.rc.new"
	mv "$dir/capture.rc.new" "$dir/capture.rc"
	return "$rc"
}

move_captured() {
	local dir=$1 rc

	move_until capture test -e "$dir/capture.rc" || return
	rc=$(<"$dir/capture.rc")
	rm -f "$dir/capture.rc"
	[ "$rc" = 0 ] && return
	move_why="capture ended with $rc: $(move_said "$dir/capture.err")"
	return 1
}

# The restore in the foreground of a job, as COMMAND says.
move_pipe_to() {
	local dir=$1

	shift
	# shellcheck disable=SC2086
	move_capture "$dir" "$move_pid" --kill ${move_with-} |
		"$@" 2>>"$dir/restore.err" &
	move_job=$!
	move_captured "$dir"
}

move_by_precopy() {
	move_with="--pre-copy --max-rounds=3" move_by_pipe "$1"
}

# It stays where it is, and must not notice.
move_by_leave() {
	local i

	for i in 1 2; do
		move_capture "$1" "$move_pid" --leave-running >"$1/stream"
		move_captured "$1" || return
	done
}

move_by_pipe() {
	move_pipe_to "$1" "${move_as[@]}" "$MOVE_BIN/migrate-restore"
}

move_by_ssh() {
	move_pipe_to "$1" ssh -F "$MOVE_SSH/config" host \
		"${move_as[@]}" "$MOVE_BIN/migrate-restore"
}

# Into the user land at MOVE_ROOT, of another system, where neither the program
# nor its libraries are: all that it has open or mapped is carried.  Our own
# restore runs there by the libraries of here.
move_root_enter='
	root=$1 dir=$2 bin=$3
	shift 3
	lib=$(dirname "$(realpath /lib64/ld-linux-x86-64.so.2)")
	at=/mnt/sojourn
	mount --bind "$root" "$root" && cd "$root" &&
	mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" &&
	mount --rbind /sys "$root/sys" &&
	mount -t tmpfs none "$root/tmp" && mount -t tmpfs none "$root/mnt" &&
	mkdir -p "$root$dir" "$root$at/bin" "$root$at/lib" &&
	mount --bind "$dir" "$root$dir" && mount --bind "$bin" "$root$at/bin" &&
	mount --bind "$lib" "$root$at/lib" &&
	exec chroot "$root" $at/lib/ld-linux-x86-64.so.2 \
		--library-path $at/lib $at/bin/migrate-restore \
		--cache=/mnt/cache "$@"'

move_by_rootfs() {
	local dir=$1

	move_capture "$dir" "$move_pid" --kill --files=carry >"$dir/stream"
	move_captured "$dir" || return
	unshare --mount bash -c "$move_root_enter" - "$MOVE_ROOT" "$dir" \
		"$MOVE_BIN" <"$dir/stream" 2>>"$dir/restore.err" &
	move_job=$!
}

move_by_file() {
	local dir=$1

	move_capture "$dir" "$move_pid" --kill >"$dir/stream"
	move_captured "$dir" || return
	"${move_as[@]}" "$MOVE_BIN/migrate-restore" <"$dir/stream" 2>>"$dir/restore.err" &
	move_job=$!
}

# Once more, and move_pid is what --detach printed.
move_detached() {
	local dir=$1 pid

	shift
	pid=$(move_capture "$dir" "$move_pid" "$@" |
		"${move_as[@]}" "$MOVE_BIN/migrate-restore" --detach 2>>"$dir/restore.err")
	move_captured "$dir" || return
	if ! [[ $pid =~ ^[0-9]+$ ]]; then
		move_why="restore printed '$pid' for a PID:"
		move_why+=" $(move_said "$dir/restore.err")"
		return 1
	fi
	move_pid=$pid
}

move_by_detach() {
	move_detached "$1" --kill
}

# The source stays stopped, and so has the PID, until the copy is there.
move_by_taken() {
	local dir=$1 source=$move_pid

	move_detached "$dir" || return
	if [ "$move_pid" = "$source" ]; then
		move_why="the copy claims to have the PID of the stopped source"
		return 1
	fi
	if ! "${move_as[@]}" "$MOVE_BIN/migrate-release" --kill "$source" \
		2>>"$dir/release.err"; then
		move_why="release failed: $(move_said "$dir/release.err")"
		return 1
	fi
	move_until "release --kill" move_gone "$source"
}

move_by_times() {
	local dir=$1 times=$2 i

	for ((i = 1; i <= times; i++)); do
		if ! move_detached "$dir" --kill; then
			move_why="move $i: $move_why"
			return 1
		fi
	done
}

move_by_twice() {
	move_by_times "$1" 2
}

move_by_twenty() {
	move_by_times "$1" 20
}

# Not moved at all: what every program must survive.
move_by_none() {
	:
}

move_by() {
	local way=$1

	shift
	move_job=
	move_why=
	"move_by_$way" "$@"
}

# The end of the program: its exit status, if somebody knows it.
move_end() {
	move_status=
	if [ -n "$move_job" ]; then
		move_until "end of the job" move_ended || return
		wait "$move_job"
		move_status=$?
	else
		move_until "end of the program" move_ended
	fi
}

# Whether the program, or what was to become of it, is no more.
move_ended() {
	move_gone "${move_job:-$move_pid}"
}

# An sshd on the loopback interface, with keys and configuration of its own in
# MOVE_SSH; move_ssh_pid is its PID, the caller kills it.
move_ssh_start() {
	local port

	MOVE_SSH=$1
	mkdir -p "$MOVE_SSH" /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$MOVE_SSH/host_key"
	ssh-keygen -q -t ed25519 -N '' -f "$MOVE_SSH/user_key"
	cp "$MOVE_SSH/user_key.pub" "$MOVE_SSH/authorized_keys"
	port=$(move_free_port)
	cat >"$MOVE_SSH/sshd_config" <<-END
		Port $port
		ListenAddress 127.0.0.1
		HostKey $MOVE_SSH/host_key
		AuthorizedKeysFile $MOVE_SSH/authorized_keys
		PidFile none
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		PermitRootLogin prohibit-password
		MaxStartups 100
		MaxSessions 100
		PrintLastLog no
		PrintMotd no
	END
	cat >"$MOVE_SSH/config" <<-END
		Host host
		HostName 127.0.0.1
		Port $port
		User $(id -un)
		IdentityFile $MOVE_SSH/user_key
		IdentitiesOnly yes
		UserKnownHostsFile $MOVE_SSH/known_hosts
		StrictHostKeyChecking yes
		BatchMode yes
		LogLevel ERROR
	END
	echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$MOVE_SSH/host_key.pub")" \
		>"$MOVE_SSH/known_hosts"
	"$(command -v sshd || echo /usr/sbin/sshd)" -D -e \
		-f "$MOVE_SSH/sshd_config" </dev/null >"$MOVE_SSH/log" 2>&1 &
	move_ssh_pid=$!
	disown "$move_ssh_pid"
	move_until sshd grep -q listening "$MOVE_SSH/log"
}

# A port that is free now; nobody else here takes ports from this range.
move_free_port() {
	local port

	for ((;;)); do
		port=$((20000 + RANDOM % 10000))
		(: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}
