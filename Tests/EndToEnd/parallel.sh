#!/usr/bin/env bash
# Calls at the same time, calls again, and calls while others change links, hold locks or take the namespace away.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/pods.sh"
bin=${PODNET_BIN:-}
plugins=$bin/cni

host_mode='"ipMasq": true, "ipam": {"type": "host-local", "addressMode": "host", "subnet": "10.11.0.0/16"}'
leases() { find /var/lib/cni -name '10.*' -printf '%f\n' | sort; }
veths() { ip -br link show type veth; }

# A network for each: in both families, with a default route that all but the first pod interface have in vain.
dual() {
    echo "\"ipMasq\": true, \"ipam\": {\"type\": \"host-local\", \"addressMode\": \"host\",
        \"ranges\": [[{\"subnet\": \"10.11.$1.0/24\"}], [{\"subnet\": \"fd00:11:$1::/64\"}]]}"
}
test_ten_interfaces_of_one_container_at_once() {
    ip netns add pod
    local i pids=()
    for i in $(seq 10); do
        call ADD pod "$(dual "$i")" /run/netns/pod "net$i" >"$work/net$i.json" &
        pids+=($!)
    done
    local pid failed=0
    for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
    expect_equal "failed: $(cat "$work"/net*.json)" $failed 0
    expect_equal "addresses" "$(jq -r '.ips[0].address' "$work"/net*.json | sort -u | wc -l)" 10
    expect_equal "interfaces" "$(ip -n pod -br link | grep -c '^net')" 10
    for i in $(seq 10); do
        conf "$(dual "$i"), \"prevResult\": $(cat "$work/net$i.json")" | cni CHECK pod /run/netns/pod "net$i" bridge
    done
    call DEL pod "$(dual 3)" /run/netns/pod net3
    expect_equal "interfaces" "$(ip -n pod -br link | grep -c '^net')" 9
    expect_equal "leases" "$(leases | wc -l)" 9
}

test_an_add_and_a_delete_of_one_attachment_at_once() {
    local i
    for i in $(seq 30); do
        ip netns add pod
        call ADD pod "$host_mode" >"$work/add.json" &
        local add=$!
        call DEL pod "$host_mode" &
        local del=$!
        wait $del
        wait $add || true
        call DEL pod "$host_mode"
        expect_equal "round $i: links" "$(veths)" ""
        expect_equal "round $i: leases" "$(leases)" ""
        ip netns del pod
    done
    expect_equal "routes" "$(ip route show proto 112)" ""
}

test_two_adds_of_one_attachment_at_once() {
    local i won
    for i in $(seq 20); do
        ip netns add pod
        call ADD pod "$host_mode" >"$work/one.json" &
        local one=$!
        call ADD pod "$host_mode" >"$work/two.json" &
        local two=$!
        won=0
        if wait $one; then won=$((won + 1)); fi
        if wait $two; then won=$((won + 1)); fi
        expect_equal "round $i: winners: $(cat "$work/one.json" "$work/two.json")" $won 1
        expect_equal "round $i: leases" "$(leases | wc -l)" 1
        expect_equal "round $i: links" "$(veths | wc -l)" 1
        call DEL pod "$host_mode"
        ip netns del pod
    done
    expect_equal "leases" "$(leases)" ""
}

test_two_deletes_of_one_attachment_at_once() {
    local i
    for i in $(seq 20); do
        attach pod "$host_mode"
        call DEL pod "$host_mode" &
        local one=$!
        call DEL pod "$host_mode"
        wait $one
        expect_equal "round $i: links" "$(veths)" ""
        expect_equal "round $i: leases" "$(leases)" ""
        ip netns del pod
    done
}

# One DEL waits before the call that it is at, and meanwhile another one has done all: what is gone is no error.
test_a_delete_that_another_one_overtakes() {
    local kernel_call number count slow
    for kernel_call in sendto; do
        count=1
        for ((number = 1; number <= count; number += 1)); do
            attach pod "$host_mode"
            conf "$host_mode" | env -i CNI_COMMAND=DEL CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod CNI_IFNAME=eth0 \
                CNI_PATH="$plugins" strace -qq -o "$work/calls" -e trace=$kernel_call \
                -e inject="$kernel_call:delay_enter=150000:when=$number" "$plugins/bridge" &
            slow=$!
            sleep 0.05
            call DEL pod "$host_mode"
            wait $slow || { echo "DEL that waited at $kernel_call $number"; exit 1; }
            [ $number != 1 ] || count=$(wc -l <"$work/calls")
            expect_equal "links after $kernel_call $number" "$(veths)" ""
            expect_equal "leases" "$(leases)" ""
            expect_equal "routes" "$(ip route show proto 112)" ""
            ip netns del pod
        done
    done
}

test_an_add_again_after_a_timeout_says_so_and_changes_nothing() {
    attach pod "$host_mode"
    snapshot >"$work/before"
    local status=0
    call ADD pod "$host_mode" >"$work/again.json" || status=$?
    expect_equal "documents" "$(jq -s length "$work/again.json")" 1
    [ $status != 0 ] || { echo "a second ADD succeeded: $(cat "$work/again.json")"; exit 1; }
    diff "$work/before" <(snapshot)
}

test_a_stopped_lock_holder_is_waited_for_and_then_told_of() {
    attach a "$host_mode"
    ip netns add b
    (exec 9>/var/lib/cni/networks/net/lock && flock 9 && exec sleep 60) &
    local holder=$!
    wait_until 20 sh -c '! flock -n /var/lib/cni/networks/net/lock true'
    local started=$SECONDS
    expect_refusal 11 'lock' call ADD b "$host_mode"
    [ $((SECONDS - started)) -le 15 ] || { echo "waited for $((SECONDS - started)) s"; exit 1; }
    expect_equal "interfaces of b" "$(ip -n b -br link | wc -l)" 1
    kill $holder
    wait $holder || true
    call ADD b "$host_mode" >/dev/null
}

test_links_that_come_and_go_meanwhile() {
    (while [ ! -e "$work/stop" ]; do
        ip link add churn0 type veth peer name churn1
        ip link del churn0
    done) &
    local churn=$! i
    for i in $(seq 20); do
        attach "p$i" "$host_mode"
        conf "$host_mode, \"prevResult\": $(cat "$work/p$i.json")" | cni CHECK "p$i" "/run/netns/p$i" eth0 bridge
    done
    conf "$host_mode, \"cni.dev/valid-attachments\": [{\"containerID\": \"p1\", \"ifname\": \"eth0\"}]" |
        env -i CNI_COMMAND=GC CNI_PATH="$plugins" "$plugins/bridge"
    touch "$work/stop"
    wait $churn
    expect_equal "leases" "$(leases | wc -l)" 1
    expect_equal "links" "$(veths | wc -l)" 1
}

# An ADD takes a while before the call that it is at, and there its namespace vanishes: it fails and leaves nothing, or it
# succeeds, for it has the namespace open, and DEL leaves nothing.
test_a_namespace_that_vanishes_between_any_two_steps_of_an_add() {
    attach first "$host_mode"
    state() { snapshot | grep -v last_reserved; }
    as_before() { state | diff -q "$work/before" -; }
    state >"$work/before"
    slowly() { # CALL NUMBER
        conf "$host_mode" | env -i CNI_COMMAND=ADD CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod CNI_IFNAME=eth0 CNI_PATH="$plugins" \
            strace -qq -o "$work/calls" -e trace="$1" -e inject="$1:delay_enter=60000:when=$2" "$plugins/bridge"
    }
    local kernel_call number count status outcomes=
    for kernel_call in openat newfstatat setns linkat sendto; do
        count=1
        for ((number = 1; number <= count; number += 1 + count / 15)); do
            ip netns add pod
            slowly $kernel_call $number >"$work/add.json" &
            local add=$!
            sleep 0.04
            ip netns del pod
            status=0
            wait $add || status=$?
            [ $number != 1 ] || count=$(wc -l <"$work/calls")
            expect_equal "documents" "$(jq -s length "$work/add.json")" 1
            if [ $status = 0 ]; then call DEL pod "$host_mode" ""; else expect_match "code" "$(jq .code "$work/add.json")" '^[0-9]+$'; fi
            wait_until 20 as_before || { echo "ADD at $kernel_call $number: status $status"; cat "$work/add.json"; state | diff "$work/before" -; exit 1; }
            outcomes+=$status
        done
    done
    # There must have been some of both.
    expect_match "outcomes" "$outcomes" '0.*1|1.*0'
    check first "$host_mode"
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
