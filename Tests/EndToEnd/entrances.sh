#!/usr/bin/env bash
# Node ports, load balancers' addresses and external IPs, with real packets: from a pod, from the node, from outside.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"

outside() {
    node
    ip -n outside route add default via 192.0.2.2 2>/dev/null || ip -n outside route replace default via 192.0.2.2
    serve server 8080
}
# entrances POLICY RANGES ENDPOINTS…: a service by every way in; the endpoint 10.200.0.2 is on this node.
entrances() {
    local policy=$1 ranges=$2 endpoint endpoints=()
    shift 2
    for endpoint in "$@"; do endpoints+=("$endpoint $([ "$endpoint" = 10.200.0.2 ] && echo here || echo there)"); done
    web_service "externalTrafficPolicy: $policy
  externalIPs: [198.51.100.7]
  loadBalancerSourceRanges: [$ranges]" "${endpoints[@]}" | put web.yaml
}
reaches() { expect_equal "$1 → $3:$2" "$(ask "$1" "$2" "$3" || echo nothing)" "$4"; }

test_every_entrance_from_everywhere() {
    outside
    entrances Cluster '' 10.200.0.2
    start --node-name here
    applied
    # The endpoint sees the node's address in its own network: nobody else may come straight back to.
    reaches outside 30080 192.0.2.2 "server 10.200.0.1"
    reaches outside 80 198.51.100.7 "server 10.200.0.1"
    reaches outside 80 203.0.113.7 "server 10.200.0.1"
    reaches node 30080 192.0.2.2 "server 10.200.0.1"
    reaches client 30080 192.0.2.2 "server 10.200.0.1"
    reaches client 80 203.0.113.7 "server 10.200.0.1"
    reaches client 80 $vip "server 10.200.1.2"
    # Loopback and the node's other addresses are not open.
    if ask node 30080 127.0.0.1 >/dev/null 2>&1; then echo "open on loopback"; exit 1; fi
    if ask client 30080 10.200.1.1 >/dev/null 2>&1; then echo "open at the pods' gateway"; exit 1; fi
    nft list ruleset >/dev/null
    nft -j list ruleset >/dev/null
}

test_local_traffic_keeps_the_clients_address() {
    outside
    entrances Local '' 10.200.0.2
    start --node-name here
    applied
    reaches outside 30080 192.0.2.2 "server 192.0.2.1"
    reaches outside 80 203.0.113.7 "server 192.0.2.1"
    reaches client 80 203.0.113.7 "server 10.200.1.2"
    reaches node 80 203.0.113.7 "server 10.200.0.1"
    # With endpoints elsewhere only, the outside is left to another node: no answer, not a refusal.
    entrances Local '' 10.99.9.9
    wait_until 20 sh -c "nft list map ip podnet here | grep -q elements && exit 1 || nft get element ip podnet everywhere '{ 203.0.113.7 . tcp . 80 }'"
    local begun=$SECONDS
    if ask outside 80 203.0.113.7 >/dev/null 2>&1; then echo "answered"; exit 1; fi
    [ $((SECONDS - begun)) -ge 1 ] || { echo "refused at once"; exit 1; }
}

test_source_ranges_close_the_load_balancer_only() {
    outside
    entrances Cluster '"192.0.2.128/25"' 10.200.0.2
    start --node-name here
    applied
    if ask outside 80 203.0.113.7 >/dev/null 2>&1; then echo "open to everybody"; exit 1; fi
    reaches outside 30080 192.0.2.2 "server 10.200.0.1"
    entrances Cluster '"192.0.2.0/25", "10.0.0.0/8"' 10.200.0.2
    wait_until 20 nft get element ip podnet allowed-25 '{ 203.0.113.7 . tcp . 80 . 192.0.2.0 }'
    reaches outside 80 203.0.113.7 "server 10.200.0.1"
    reaches client 80 203.0.113.7 "server 10.200.0.1"
}

test_without_endpoints_every_entrance_refuses_at_once() {
    outside
    entrances Cluster ''
    start --node-name here
    applied
    local begun=${EPOCHREALTIME/./} address
    for address in 198.51.100.7:80 203.0.113.7:80 192.0.2.2:30080; do
        if ask outside "${address#*:}" "${address%:*}" >/dev/null 2>&1; then echo "$address answered"; exit 1; fi
    done
    [ $((${EPOCHREALTIME/./} - begun)) -lt 1500000 ] || { echo "refusals took too long"; exit 1; }
}

test_node_ports_follow_the_nodes_addresses() {
    outside
    entrances Cluster '' 10.200.0.2
    start --node-name here --nodeport-addresses 192.0.2.0/24
    applied
    ip address add 192.0.2.9/24 dev outside
    wait_until 20 nft get element ip podnet frontends '{ 192.0.2.9 . tcp . 30080 }'
    reaches outside 30080 192.0.2.9 "server 10.200.0.1"
    ip address del 192.0.2.9/24 dev outside
    wait_until 20 sh -c "! nft get element ip podnet frontends '{ 192.0.2.9 . tcp . 30080 }' 2>/dev/null"
}

test_a_restart_changes_nothing() {
    outside
    entrances Local '"192.0.2.0/25"' 10.200.0.2
    start --node-name here
    applied
    nft -s list table ip podnet >"$work/before"
    stop TERM
    start --node-name here
    wait_until 20 sh -c "'$bin/netctl' services -o json --socket '$work/podnetd.sock' | grep -q '\"web\"'"
    nft -s list table ip podnet | diff "$work/before" -
    expect_equal "kernel" "$("$bin/netctl" services --no-headers --socket "$work/podnetd.sock" | awk '{ print $(NF - 1) }')" ok
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
