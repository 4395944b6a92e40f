# SPDX-License-Identifier: MIT
#
# huge.bats - where the pages of hugetlbfs come from: pools that are too small,
# pages of other sizes, files of a mounted one
#
# What a program does with such memory is the victims' business (mem-huge and
# its kin).  The pools are the whole machine's, and setting them takes root:
# each test sets them, and teardown sets them back.

POOLS=/sys/kernel/mm/hugepages

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	. "$BATS_TEST_DIRNAME/move.bash"
	make -C "$BATS_TEST_DIRNAME/.." -s all build/victims/mem-huge
	case_dir=$BATS_TEST_TMPDIR/case
	move_deadline=$((SECONDS + 60))
	mkdir "$case_dir"
	cd "$BATS_TEST_TMPDIR" || exit
	moved=
	mounted=
	declare -gA before=()
}

teardown() {
	local file

	[ -z "$moved" ] || kill -KILL "$moved" || true
	move_sweep "$case_dir" >/dev/null || true
	[ -z "$mounted" ] || umount -l "$mounted"
	for file in "${!before[@]}"; do
		echo "${before[$file]}" >"$file"
	done
}

# pool KIB NAME NUMBER: skips if it cannot be set.
pool() {
	local file=$POOLS/hugepages-$1kB/$2

	[ -w "$file" ] || skip "$file cannot be written"
	[ -n "${before[$file]-}" ] || before[$file]=$(<"$file")
	echo "$3" >"$file"
	[ "$(<"$file")" = "$3" ] || skip "$file cannot be set to $3"
}

free_pages() {
	echo $(($(<$POOLS/hugepages-$1kB/free_hugepages) -
		$(<$POOLS/hugepages-$1kB/resv_hugepages)))
}

# The program "$@", captured to the file stream.
stream() {
	move_start "$case_dir" "$@"
	move_until "start of the program" test -e "$case_dir/ready" ||
		skip "$(cat "$case_dir/result" "$case_dir/log")"
	"$MOVE_BIN/migrate-capture" -q -k "$move_pid" >stream
	move_until "end of the program" move_gone "$move_pid"
}

restore() {
	"$MOVE_BIN/migrate-restore" --detach "$@" <stream 3>&- 4>&-
}

# The one restored, until it ends.
ends_well() {
	moved=$(restore)
	: >"$case_dir/go"
	move_until "its verdict" test -e "$case_dir/result"
	assert_equal "$(<"$case_dir/result")" ok
	move_until "its end" move_gone "$moved"
	moved=
}

@test "too few huge pages are told before anything is made" {
	local nr=$POOLS/hugepages-2048kB/nr_hugepages
	local left

	pool 2048 nr_overcommit_hugepages 0
	pool 2048 nr_hugepages $(($(<$nr) - $(free_pages 2048) + 32))
	left=$(<$nr)
	stream "$MOVE_HERE/../build/victims/mem-huge" "$case_dir"
	# It has, or has reserved, 13.
	pool 2048 nr_hugepages $((left - 32 + 12))
	run restore
	assert_failure 78
	assert_output "migrate-restore: there are too few huge pages of 2048 \
KiB here, by 1: sysctl vm.nr_hugepages=$((left - 32 + 13))"
	assert_equal "$(free_pages 2048)" 12
	pool 2048 nr_overcommit_hugepages 1
	ends_well
}

@test "pages of 1 GiB" {
	[ -d $POOLS/hugepages-1048576kB ] || skip "this machine has none"
	pool 1048576 nr_hugepages 1
	cat >big.py <<-'PY'
	import mmap, os, sys, time
	size = 1 << 30
	m = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS |
	              0x40000 | 30 << 26)
	m[5:9] = b"here"
	m[size - 4:] = b"last"
	open("ready", "w").close()
	while not os.path.exists("go"):
	    time.sleep(0.01)
	good = m[5:9] == b"here" and m[size - 4:] == b"last" and m[size // 2] == 0
	open("result", "w").write("ok" if good else "spoilt")
	PY
	stream python3 "$PWD/big.py"
	pool 1048576 nr_hugepages 0
	run restore
	assert_failure 78
	assert_output --partial "too few huge pages of 1048576 KiB here, by 1: \
write 1 to $POOLS/hugepages-1048576kB/nr_hugepages"
	pool 1048576 nr_hugepages 1
	ends_well
}

@test "files of a mounted hugetlbfs, with a name and without" {
	mkdir huge
	pool 2048 nr_overcommit_hugepages 32
	mount -t hugetlbfs -o pagesize=2M none huge || skip "no mount"
	mounted=$PWD/huge
	cat >files.py <<-'PY'
	import mmap, os, sys, time
	page = 2 << 20
	def opened(name):
	    fd = os.open(sys.argv[1] + "/" + name, os.O_RDWR | os.O_CREAT)
	    os.ftruncate(fd, 2 * page)
	    return fd
	named, gone, closed = opened("named"), opened("gone"), opened("closed")
	shared = mmap.mmap(named, 2 * page, flags=mmap.MAP_SHARED)
	shared[7:11] = b"kept"
	own = mmap.mmap(named, 2 * page, flags=mmap.MAP_PRIVATE)
	own[page:page + 4] = b"mine"
	other = mmap.mmap(gone, page, flags=mmap.MAP_SHARED, offset=page)
	other[0:4] = b"gone"
	alone = mmap.mmap(closed, 2 * page, flags=mmap.MAP_SHARED)
	alone[0:5] = b"alone"
	os.close(closed)
	for name in "gone", "closed":
	    os.unlink(sys.argv[1] + "/" + name)
	open("ready", "w").close()
	while not os.path.exists("go"):
	    time.sleep(0.01)
	shared[0:1] = b"x"
	good = [shared[7:11] == b"kept", own[page:page + 4] == b"mine",
	        own[0:1] == b"x", other[0:4] == b"gone",
	        os.pread(gone, 4, page) == b"gone", alone[0:5] == b"alone",
	        os.fstat(gone).st_blksize == page,
	        os.fstat(named).st_ino == os.stat(sys.argv[1] + "/named").st_ino,
	        os.fstatvfs(gone).f_fsid == os.statvfs(sys.argv[1]).f_fsid]
	open("result", "w").write("ok" if all(good) else str(good))
	PY
	stream python3 "$PWD/files.py" "$mounted"
	ends_well
	# Elsewhere it has another file system, and the file is not there.
	rm -f "$case_dir"/{ready,go,result}
	stream python3 "$PWD/files.py" "$mounted"
	umount -l "$mounted"
	mounted=
	run restore
	assert_failure 78
	assert_output --partial "huge/named: No such file or directory"
	head -c 4M /dev/zero >huge/named
	run restore
	assert_failure 78
	assert_output --partial "huge/named is not on a file system of huge pages \
of 2048 KiB here: mount one there (mount -t hugetlbfs -o pagesize=2048K)"
}

@test "a deleted file of huge pages goes where there is no hugetlbfs" {
	mkdir huge
	pool 2048 nr_overcommit_hugepages 32
	mount -t hugetlbfs -o pagesize=2M none huge || skip "no mount"
	mounted=$PWD/huge
	cat >gone.py <<-'PY'
	import mmap, os, sys, time
	page = 2 << 20
	path = sys.argv[1] + "/gone"
	fd = os.open(path, os.O_RDWR | os.O_CREAT)
	os.ftruncate(fd, page)
	m = mmap.mmap(fd, page, flags=mmap.MAP_SHARED)
	m[0:4] = b"gone"
	os.unlink(path)
	open("ready", "w").close()
	while not os.path.exists("go"):
	    time.sleep(0.01)
	good = os.pread(fd, 4, 0) == m[0:4] == b"gone" and \
	       os.fstat(fd).st_blksize == page
	open("result", "w").write("ok" if good else "spoilt")
	PY
	stream python3 "$PWD/gone.py" "$mounted"
	umount -l "$mounted"
	mounted=
	run restore
	assert_success
	assert_output --partial "huge/gone is kept in memory"
	moved=${lines[-1]}
	: >"$case_dir/go"
	move_until "its verdict" test -e "$case_dir/result"
	assert_equal "$(<"$case_dir/result")" ok
}
