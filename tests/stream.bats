# SPDX-License-Identifier: MIT
#
# stream.bats - the format, its page and its tables say the same

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
}

@test "what the page allows is read, what it does not is refused" {
	run "$BATS_TEST_DIRNAME/cddl/check"
	assert_success
}

@test "every rule of the page is printed by extract" {
	run "$BATS_TEST_DIRNAME/cddl/extract"
	assert_success
	assert_line --partial 'header = #6.55799'
	assert_line --partial 'end = [type: 1'
}
