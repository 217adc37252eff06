#!/usr/bin/env bash
# podnetd as a node's operator sees it: manifests in, packets through, and what the kernel has meanwhile.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}

test_a_pod_the_node_and_the_outside_reach_the_service() {
    web
    expect_equal "client pod, unmasqueraded" "$(ask client 80)" "server 10.200.1.2"
    expect_match "node" "$(ask node 80)" '^server '
    ip -n outside route add $vip via 192.0.2.2
    expect_equal "outside, masqueraded" "$(ask outside 80)" "server 10.200.0.1"
    expect_equal "hairpin, masqueraded" "$(ask server 80)" "server 10.200.0.1"
    expect_match "nft can list it" "$(nft list ruleset)" 'default/web:p80'
}

test_a_port_or_service_without_endpoints_is_refused_at_once() {
    web
    { service empty 10.96.0.9 80; } | put empty.yaml
    applied 10.96.0.9
    local target began
    for target in "81 $vip" "80 10.96.0.9"; do
        for from in client node; do
            began=${EPOCHREALTIME/./}
            if ask $from $target; then exit 1; fi
            [ $((${EPOCHREALTIME/./} - began)) -lt 700000 ] || { echo "$from $target timed out"; exit 1; }
        done
    done
    expect_match "netctl" "$(netctl endpoints empty)" 'no-endpoints|no endpoints'
}

test_broken_and_hostile_objects_leave_the_rest_working() {
    web
    put broken.yaml <<<$'apiVersion: v1\nkind: Service\nmetadata: { name: cut'
    { service evil 10.96.0.10 80; slice evil 80 p80 127.0.0.1 169.254.169.254 10.200.0.2; } | put evil.yaml
    { service big 10.96.0.11 70000; } | put big.yaml
    { service zebra $vip 80; slice zebra 1 p80 10.200.1.2; } | put zebra.yaml
    applied 10.96.0.10
    expect_equal "web" "$(ask client 80)" "server 10.200.1.2"
    wait_until 5 sh -c "'$bin/netctl' status --socket '$work/podnetd.sock' | grep -q zebra" || { netctl status; exit 1; }
    local problems
    problems=$(netctl status) || true
    expect_match "cut file" "$problems" 'broken.yaml'
    expect_match "loopback endpoint" "$problems" '127.0.0.1'
    expect_match "port" "$problems" '70000'
    expect_match "two on one VIP" "$problems" 'zebra'
    # The file is cut while it is being served: its last good version stays.
    { service web $vip 80; } | head -c 60 | put web.yaml
    wait_until 5 sh -c "'$bin/netctl' status --socket '$work/podnetd.sock' | grep -q web.yaml"
    expect_equal "web, from the last good file" "$(ask client 80)" "server 10.200.1.2"
}

test_a_source_that_vanishes_never_empties_the_kernel() {
    web
    mv "$work/services.d" "$work/elsewhere"
    sleep 0.5
    expect_equal "directory gone" "$(ask client 80)" "server 10.200.1.2"
    mv "$work/elsewhere" "$work/services.d"
    { service web $vip 82; slice web 8080 p82 10.200.0.2; } | put web.yaml
    wait_until 5 ask client 82
}

test_restarts_change_nothing_and_lose_nothing() {
    web
    (while [ ! -e "$work/stop" ]; do ask client 80 || echo lost; done) >"$work/load" 2>&1 &
    local load=$! before
    before=$(nft -j list table ip podnet | jq -S 'del(.. | .counter?)' | md5sum)
    local signal
    for signal in TERM KILL KILL; do
        kill -$signal $daemon
        wait $daemon || true
        expect_equal "after $signal" "$(ask client 80)" "server 10.200.1.2"
        start
        applied
        expect_equal "adopted after $signal" "$(nft -j list table ip podnet | jq -S 'del(.. | .counter?)' | md5sum)" "$before"
    done
    touch "$work/stop"
    wait $load
    expect_equal "lost requests" "$(grep -c lost "$work/load" || true)" 0
    [ "$(wc -l <"$work/load")" -gt 20 ]
}

test_a_second_daemon_ends_and_cleanup_removes_everything() {
    web
    local status=0
    timeout 5 "$bin/podnetd" --services-dir "$work/services.d" --socket "$work/other.sock" 2>"$work/second.log" || status=$?
    expect_equal "second daemon's status: $(cat "$work/second.log")" $status 1
    expect_equal "first one's service" "$(ask client 80)" "server 10.200.1.2"
    kill $daemon
    wait $daemon
    "$bin/podnetd" --cleanup
    expect_equal "tables" "$(nft list tables)" ""
}

test_endpoints_come_and_go_and_udp_is_served() {
    web
    serve client 8080
    { service web $vip 80; slice web 8080 p80 10.200.0.2 10.200.1.2; } | put web.yaml
    wait_until 5 sh -c "'$bin/netctl' endpoints -o json --socket '$work/podnetd.sock' | grep -q 10.200.1.2"
    local answers
    answers=$(for _ in $(seq 40); do ask node 80; done | awk '{print $1}' | sort -u | xargs)
    expect_equal "spread" "$answers" "client server"
    { service web $vip 80; slice web 8080 p80 10.200.1.2; } | put web.yaml
    wait_until 5 sh -c "! '$bin/netctl' endpoints -o json --socket '$work/podnetd.sock' | grep -q 10.200.0.2"
    answers=$(for _ in $(seq 20); do ask node 80; done | awk '{print $1}' | sort -u | xargs)
    expect_equal "after removal" "$answers" client
    serve server 5353 UDP
    { service dns 10.96.0.53 53 | sed 's/port: 53/port: 53, protocol: UDP/'
      slice dns 5353 p53 10.200.0.2 | sed 's/port: 5353/port: 5353, protocol: UDP/'; } | put dns.yaml
    applied 10.96.0.53
    expect_match "UDP" "$(echo q | ip netns exec client timeout 5 socat -t 3 - UDP:10.96.0.53:53)" '^server '
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
