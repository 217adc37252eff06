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

# refused FILE PATTERN: the manifest on stdin is a problem that netctl names, and what was served before still is.
refused() {
    put "$1"
    wait_until 20 says "$2" netctl status || { netctl status; exit 1; }
    expect_equal "web, beside $1" "$(ask client 80)" "server 10.200.1.2"
}

test_a_file_that_is_cut_keeps_its_last_good_version() {
    web
    refused broken.yaml 'broken.yaml:[0-9]+: not YAML' <<<$'apiVersion: v1\nkind: Service\nmetadata: { name: cut'
    local bytes
    for bytes in 5 25 60 90 130; do
        { service web $vip 80; slice web 8080 p80 10.200.0.2; } | first_bytes $bytes | refused web.yaml 'web.yaml.*last good version'
    done
    rm "$work/services.d/broken.yaml"
    web_again() { { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml; }
    web_again
    wait_until 20 netctl status
}

test_an_endpoint_on_the_nodes_own_loopback() {
    web
    { service evil 10.96.0.10 80; slice evil 80 p80 127.0.0.1 10.200.0.2; } |
        refused evil.yaml "evil.yaml:[0-9]+: EndpointSlice default/evil-1: endpoints\\[0\\].addresses\\[0\\]: '127.0.0.1'"
    { service evil 10.96.0.10 80; slice evil 80 p80 169.254.169.254; } | refused evil.yaml "'169.254.169.254'"
    expect_equal "not in the kernel" "$(nft list map ip podnet endpoints | grep -cE '127.0.0.1|169.254')" 0
}

test_a_port_beyond_65535() {
    web
    service big 10.96.0.11 70000 | refused big.yaml "big.yaml:1: Service default/big: spec.ports\\[0\\].port: '70000'"
    slice web 70000 p80 10.200.0.2 | sed 's/web-1/web-2/' | refused slice.yaml "slice.yaml:1: EndpointSlice default/web-2: .*'70000'"
}

test_two_services_on_one_address_and_port() {
    web
    { service zebra $vip 80; slice zebra 1 p80 10.200.1.2; } |
        refused zebra.yaml "Service default/zebra spec.clusterIP: $vip:80/tcp belongs to default/web"
    expect_match "row" "$(netctl endpoints zebra)" "invalid +absent +$vip:80/tcp belongs to default/web"
    # The one that gives way leaves; the other is not touched.
    rm "$work/services.d/zebra.yaml"
    wait_until 20 netctl status
    expect_equal "web" "$(ask client 80)" "server 10.200.1.2"
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

test_endpoints_come_and_go_and_udp_is_served() {
    web
    serve client 8080
    { service web $vip 80; slice web 8080 p80 10.200.0.2 10.200.1.2; } | put web.yaml
    wait_until 20 sh -c "'$bin/netctl' endpoints -o json --socket '$work/podnetd.sock' | grep -q 10.200.1.2"
    local answers
    answers=$(for _ in $(seq 40); do ask node 80; done | awk '{print $1}' | sort -u | xargs)
    expect_equal "spread" "$answers" "client server"
    { service web $vip 80; slice web 8080 p80 10.200.1.2; } | put web.yaml
    wait_until 20 sh -c "! '$bin/netctl' endpoints -o json --socket '$work/podnetd.sock' | grep -q 10.200.0.2"
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
