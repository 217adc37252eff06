#!/usr/bin/env bash
# Session affinity with real packets: a client comes back to its endpoint, by every way in, as long as that is there.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}

# Four endpoints in pod `server` that tell which one was reached, and sixteen clients in each of the two other namespaces.
clients() {
    node
    ip -n outside route replace default via 192.0.2.2
    local number
    for number in 3 4 5; do ip -n server addr add 10.200.0.$number/24 dev eth0; done
    for number in {11..26}; do
        ip -n client addr add 10.200.1.$number/24 dev eth0
        ip -n outside addr add 192.0.2.$number/24 dev eth0
    done
    ip netns exec server socat TCP-LISTEN:8080,fork,reuseaddr,backlog=64 SYSTEM:'echo $SOCAT_SOCKADDR' &
    wait_until 20 ip netns exec server sh -c "ss -ltn | grep -q ':8080 '"
}
# sticky SECONDS POLICY ENDPOINT…: the service by every way in; 10.200.0.2 and 10.200.0.3 are on this node.
sticky() {
    local seconds=$1 policy=$2 endpoint endpoints=()
    shift 2
    for endpoint in "$@"; do
        case $endpoint in 10.200.0.[23]) endpoints+=("$endpoint here") ;; *) endpoints+=("$endpoint there") ;; esac
    done
    web_service "externalTrafficPolicy: $policy
  sessionAffinity: ClientIP
  sessionAffinityConfig: { clientIP: { timeoutSeconds: $seconds } }" "${endpoints[@]}" | put web.yaml
}
every=(10.200.0.2 10.200.0.3 10.200.0.4 10.200.0.5)
# reached NETNS SOURCE [ADDRESS PORT]: the endpoint that answers.
reached() {
    ip netns exec "$1" timeout 3 socat -u "TCP:${3:-$vip}:${4:-80},bind=$2,connect-timeout=2" - || echo nothing
}
# all_reached NETNS PREFIX [ADDRESS PORT]: the endpoints of the sixteen clients, a line each.
all_reached() {
    local number
    for number in {11..26}; do reached "$1" "$2.$number" "${@:3}"; done
}
spread() { sort -u <<<"$1" | wc -l; }
has_endpoints() { [ "$(nft list map ip podnet identities | grep -o '30080 :' | wc -l)" = "$1" ]; }
has_code() { says "30080 [^,]*: $1" nft list map ip podnet frontends; }

test_a_client_stays_and_clients_spread() {
    clients
    sticky 10800 Cluster "${every[@]}"
    start --node-name here
    applied
    local first count
    first=$(reached client 10.200.1.2)
    expect_match "an endpoint" "$first" '^10\.200\.0\.[2-5]$'
    for count in {2..20}; do expect_equal "connection $count" "$(reached client 10.200.1.2)" "$first"; done
    first=$(all_reached client 10.200.1)
    [ "$(spread "$first")" -gt 1 ] || { echo "all clients went to $first"; exit 1; }
    expect_equal "sixteen clients again" "$(all_reached client 10.200.1)" "$first"
    expect_match "what nft lists" "$(nft list map ip podnet affinity-10800)" 'flags dynamic,timeout.*timeout 3h'
    nft list ruleset >/dev/null
    nft -j list ruleset | jq -e '[.nftables[].map? | select(.name == "affinity-10800")] | length == 1' >/dev/null
    expect_match "netctl" "$(netctl services web)" 'ok'
    netctl endpoints web -o json | jq -e '[.items[] | select(.vip == "'$vip'") | .kernel.connections] | add == 52' >/dev/null ||
        { netctl endpoints web -o json; exit 1; }
}

test_every_entrance() {
    clients
    sticky 10800 Cluster "${every[@]}"
    start --node-name here
    applied
    local entrance first
    for entrance in "$vip 80" "192.0.2.2 30080" "203.0.113.7 80"; do
        first=$(all_reached outside 192.0.2 $entrance)
        [ "$(spread "$first")" -gt 1 ] || { echo "$entrance: all clients went to $first"; exit 1; }
        expect_equal "$entrance, again" "$(all_reached outside 192.0.2 $entrance)" "$first"
    done
    # From the outside to endpoints of this node only; pods go to every one.
    sticky 10800 Local "${every[@]}"
    wait_until 20 nft list chain ip podnet stick-here-10800-2
    for entrance in "192.0.2.2 30080" "203.0.113.7 80"; do
        first=$(all_reached outside 192.0.2 $entrance)
        expect_equal "$entrance: endpoints elsewhere" "$(grep -c '\.[45]$' <<<"$first")" 0
        [ "$(spread "$first")" -gt 1 ] || { echo "$entrance, Local: all clients went to $first"; exit 1; }
        expect_equal "$entrance, Local, again" "$(all_reached outside 192.0.2 $entrance)" "$first"
        first=$(all_reached client 10.200.1 $entrance)
        expect_match "$entrance, from pods" "$first" '\.[45]'
        expect_equal "$entrance, from pods, again" "$(all_reached client 10.200.1 $entrance)" "$first"
    done
    nft list ruleset >/dev/null
    nft -j list ruleset >/dev/null
}

test_a_client_is_forgotten_after_the_timeout() {
    clients
    sticky 2 Cluster "${every[@]}"
    start --node-name here
    applied
    local first count before
    first=$(reached client 10.200.1.2)
    # Every connection is another two seconds.
    for count in 1 2 3; do
        sleep 1.2
        expect_equal "after $count times 1.2 s" "$(reached client 10.200.1.2)" "$first"
    done
    before=$(all_reached client 10.200.1)
    sleep 2.5
    expect_equal "clients that are remembered" "$(nft list map ip podnet affinity-2 | grep -c expires || true)" 0
    [ "$(all_reached client 10.200.1)" != "$before" ] || { echo "sixteen clients drew the same again"; exit 1; }
}

test_a_vanished_endpoint_is_picked_anew_at_once() {
    clients
    sticky 10800 Cluster "${every[@]}"
    start --node-name here
    applied
    local before after rest lost
    before=$(all_reached client 10.200.1)
    lost=$(head -n 1 <<<"$before")
    rest=$(printf '%s\n' "${every[@]}" | grep -vxF "$lost")
    sticky 10800 Cluster $rest
    wait_until 20 has_endpoints 3
    after=$(all_reached client 10.200.1)
    expect_equal "clients of $lost that are still sent there, or nowhere" "$(grep -cxE "$lost|nothing" <<<"$after" || true)" 0
    expect_equal "clients of others" "$(paste <(echo "$before") <(echo "$after") | awk -v lost="$lost" '$1 != lost && $1 != $2' | wc -l)" 0
    expect_equal "and they stay" "$(all_reached client 10.200.1)" "$after"
    # It comes back: who was moved stays where he is now.
    sticky 10800 Cluster "${every[@]}"
    wait_until 20 has_endpoints 4
    expect_equal "when it is back" "$(all_reached client 10.200.1)" "$after"
}

test_a_killed_daemon_forgets_no_client() {
    clients
    sticky 10800 Local "${every[@]}"
    start --node-name here
    applied
    local pods others
    pods=$(all_reached client 10.200.1)
    others=$(all_reached outside 192.0.2 203.0.113.7 80)
    nft -s list table ip podnet | sed 's/ expires [^ :,]*//' >"$work/before"
    kill -9 $daemon
    wait $daemon || true
    expect_equal "without a daemon" "$(all_reached client 10.200.1)" "$pods"
    start --node-name here
    wait_until 20 sh -c "'$bin/netctl' services -o json --socket '$work/podnetd.sock' | grep -q '\"web\"'"
    nft -s list table ip podnet | sed 's/ expires [^ :,]*//' | diff "$work/before" -
    expect_equal "from pods" "$(all_reached client 10.200.1)" "$pods"
    expect_equal "from outside" "$(all_reached outside 192.0.2 203.0.113.7 80)" "$others"
    expect_equal "changes since the start" "$(netctl status -o json | jq '.items[0].lastSync.changes // 0')" 2
}

test_without_ownership_packets_are_no_foreign_change() {
    clients
    sticky 10800 Cluster "${every[@]}"
    start --node-name here --no-own-tables
    applied
    local pods
    pods=$(all_reached client 10.200.1)
    nft add table ip somebody # makes the daemon read its tables again
    sleep 0.5
    expect_equal "clients" "$(all_reached client 10.200.1)" "$pods"
    expect_equal "repairs" "$(netctl status -o json | jq '.items[0].driftRepaired')" 0
}

test_a_full_map_keeps_nobody_out() {
    clients
    sticky 10800 Cluster "${every[@]}"
    start --node-name here --session-affinity-clients 4
    applied
    local first again
    first=$(all_reached client 10.200.1)
    again=$(all_reached client 10.200.1)
    expect_equal "remembered" "$(nft list map ip podnet affinity-10800 | grep -o expires | wc -l)" 4
    expect_equal "the first four" "$(head -n 4 <<<"$again")" "$(head -n 4 <<<"$first")"
    expect_equal "connections that went nowhere" "$(grep -c nothing <<<"$first$again" || true)" 0
}

test_another_timeout_and_none_at_all() {
    clients
    sticky 10800 Cluster "${every[@]}"
    start --node-name here
    applied
    local first
    sticky 60 Cluster "${every[@]}"
    wait_until 20 nft list map ip podnet affinity-60
    first=$(all_reached client 10.200.1)
    expect_equal "by the new timeout" "$(all_reached client 10.200.1)" "$first"
    expect_match "in the kernel" "$(nft list map ip podnet affinity-60)" 'timeout 1m'
    sticky 60 Cluster "${every[@]}"
    sed -i 's/ClientIP/None/; /sessionAffinityConfig/d' "$work/services.d/web.yaml"
    wait_until 20 has_code 0:4
    expect_equal "numbers of endpoints" "$(nft list map ip podnet identities | grep -c elements || true)" 0
    [ "$(all_reached client 10.200.1)" != "$first" ] || { echo "still kept"; exit 1; }
}

test_version_6() {
    clients
    local number
    ip addr add fd00:200::1/64 dev server nodad
    ip addr add fd00:201::1/64 dev client nodad
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    for number in 2 3 4 5; do ip -n server addr add fd00:200::$number/64 dev eth0 nodad; done
    for number in {11..26}; do ip -n client addr add fd00:201::$number/64 dev eth0 nodad; done
    ip -n server -6 route add default via fd00:200::1
    ip -n client -6 route add default via fd00:201::1
    ip netns exec server socat TCP6-LISTEN:8086,fork,reuseaddr,backlog=64 SYSTEM:'echo $SOCAT_SOCKADDR' &
    wait_until 20 ip netns exec server sh -c "ss -ltn | grep -q ':8086 '"
    # Neighbours may take a moment to be found.
    for number in {11..26}; do
        wait_until 9 ip netns exec client timeout 1 socat -u "TCP:[fd00:200::2]:8086,bind=[fd00:201::$number]" -
    done
    for number in 2 3 4; do wait_until 9 ip netns exec client timeout 1 socat -u "TCP:[fd00:200::$number]:8086" -; done
    put six.yaml <<YAML
apiVersion: v1
kind: Service
metadata: { name: six }
spec:
  clusterIP: fd00:96::7
  sessionAffinity: ClientIP
  ports: [{ name: http, port: 80 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: six-1, labels: { kubernetes.io/service-name: six } }
addressType: IPv6
ports: [{ name: http, port: 8086 }]
endpoints: [{ addresses: ["fd00:200::2"] }, { addresses: ["fd00:200::3"] }, { addresses: ["fd00:200::4"] }]
YAML
    start --pod-cidr fd00:200::/56 --node-name here
    wait_until 20 nft get element ip6 podnet cluster-ips '{ fd00:96::7 }'
    six() { for number in {11..26}; do reached client "[fd00:201::$number]" "[fd00:96::7]" 80; done; }
    local first
    first=$(six)
    [ "$(spread "$first")" -gt 1 ] || { echo "all clients went to $first"; exit 1; }
    expect_equal "connections that went nowhere" "$(grep -c nothing <<<"$first" || true)" 0
    expect_equal "again" "$(six)" "$first"
    nft list ruleset >/dev/null
    nft -j list ruleset >/dev/null
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
