# Source this last in a file of test cases: functions whose names begin with test_. Each runs in a sandbox of its own.
#
#     Tests/EndToEnd/cni.sh               all cases
#     Tests/EndToEnd/cni.sh test_name…    these

run_cases() {
    local file=$1 name passed=0 failed=0
    shift
    if [ "${1:-}" = --inside ]; then
        enter_sandbox "$@"
        assert_sandboxed
        set -euo pipefail
        "$2"
        return
    fi
    build
    if [ -n "${sandbox_cgroup:-}" ]; then export sandbox_cgroup=podnet-test-$$; fi
    local names=("$@")
    [ ${#names[@]} -gt 0 ] || mapfile -t names < <(declare -F | sed -n 's/^declare -f \(test_\)/\1/p')
    for name in "${names[@]}"; do
        local log
        log=$(mktemp)
        if timeout 120 bash "$file" --inside "$name" >"$log" 2>&1 </dev/null; then
            passed=$((passed + 1))
            ok "${name#test_}"
            # What a case has measured.
            sed -n 's/^FIGURE /       /p' "$log"
        else
            failed=$((failed + 1))
            printf '  %sFAIL%s %s\n' "$red" "$plain" "${name#test_}"
            sed 's/^/       /' "$log" | tail -n 40
        fi
        rm -f "$log"
        if [ -n "${sandbox_cgroup:-}" ]; then remove_cgroup "$sandbox_cgroup" || failed=$((failed + 1)); fi
    done
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}

# expect_equal WHAT ACTUAL EXPECTED
expect_equal() {
    [ "$2" = "$3" ] || { printf '%s: got\n%s\nexpected\n%s\n' "$1" "$2" "$3"; exit 1; }
}
# first_bytes BYTES: the first bytes of stdin, which is read to its end: with `head` alone, who writes it may get SIGPIPE,
# and the case fails by `pipefail`, once in a hundred times.
first_bytes() {
    local whole
    whole=$(mktemp)
    cat >"$whole"
    head -c "$1" "$whole"
    rm "$whole"
}
# says PATTERN COMMAND…: the command prints something that matches, whatever its status.
says() {
    local pattern=$1
    shift
    [[ $("$@" 2>&1) =~ $pattern ]]
}
# expect_match WHAT ACTUAL PATTERN (an extended regular expression)
expect_match() {
    [[ $2 =~ $3 ]] || { printf '%s: got\n%s\nwhich does not match\n%s\n' "$1" "$2" "$3"; exit 1; }
}
# expect_refusal CODE PATTERN COMMAND…: the command fails with one JSON error of this code that matches.
expect_refusal() {
    local code=$1 pattern=$2 output status=0
    shift 2
    output=$("$@") || status=$?
    [ $status != 0 ] || { echo "no error from: $*"; exit 1; }
    expect_equal "documents on stdout of $*" "$(jq -s length <<<"$output")" 1
    expect_match "error of $*" "$(jq -r '"\(.msg) \(.details)"' <<<"$output")" "$pattern"
    expect_equal "code of $*: $output" "$(jq .code <<<"$output")" "$code"
}
