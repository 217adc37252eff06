#!/usr/bin/env bash
# What becomes of connections whose endpoint is gone: real packets, by every way into a service.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}

# The node's connection tracking, without what changes by itself.
flows() { sed -E 's/ +[0-9]+ (src|SYN_SENT|SYN_RECV|ESTABLISHED|COOKIE_WAIT)/ \1/; s/ use=.*//' /proc/net/nf_conntrack; }
# from PORT: the flow that somebody began from this port
from() { flows | grep " sport=$1 dport=[0-9]* " || true; }
answerer() { from "$1" | sed -E 's/.*src=([0-9.]+) dst=[0-9.]+ sport=([0-9]+).*/\1:\2/'; }
add_flow() { "$here/Tests/EndToEnd/Support/flows.py" add "$@"; }
track() { nft 'table ip track { chain c { type filter hook prerouting priority 0; ct state new counter; }; chain o { type filter hook output priority 0; ct state new counter; }; }'; }

vip=10.96.0.53
# dns ENDPOINT…: service dns by every way in; without endpoints it has none. `target` and `port` are its ports.
target=5353 port=53
dns() {
    local address transport endpoints= slice_ports= service_ports=
    for address in "$@"; do endpoints+=$'\n'"- { addresses: [$address], nodeName: here }"; done
    for transport in UDP TCP SCTP; do
        service_ports+=$'\n'"  - { name: ${transport,,}, protocol: $transport, port: $port, nodePort: 30053 }"
        slice_ports+=$'\n'"- { name: ${transport,,}, protocol: $transport, port: $target }"
    done
    put dns.yaml <<YAML
apiVersion: v1
kind: Service
metadata: { name: dns }
spec:
  type: LoadBalancer
  clusterIP: $vip
  externalIPs: [198.51.100.7]
  ports:$service_ports
status: { loadBalancer: { ingress: [{ ip: 203.0.113.7 }] } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: dns-1, labels: { kubernetes.io/service-name: dns } }
addressType: IPv4
ports:$slice_ports
endpoints:${endpoints:- []}
YAML
}
# talk POD PORT ADDRESS:PORT: one datagram from the port, and the answer.
talk() { echo q | ip netns exec "$1" timeout 3 socat -T0.7 - "UDP:$3,sourceport=$2" 2>/dev/null || true; }
cluster() {
    node
    ip -n outside route replace default via 192.0.2.2
    serve server 5353 UDP
    serve client 5353 UDP
}
# The entrances with the port that somebody outside uses for each.
entrances() { printf '%s\n' "4001 $vip:53" "4002 192.0.2.2:30053" "4003 203.0.113.7:53" "4004 198.51.100.7:53"; }
begin() { # ANSWER: a flow by each entrance
    local number address
    while read -r number address; do expect_match "by $address" "$(talk outside $number $address </dev/null)" "^$1 "; done < <(entrances)
}
# gone PORT…: nothing is remembered of these ports' flows, before long.
gone() {
    local number
    for number in "$@"; do
        wait_until 10 sh -c "! grep -v ' dst=198.18.0.1 ' /proc/net/nf_conntrack | grep -q ' sport=$number dport='" ||
            { flows | grep -v ' dst=198.18.0.1 '; cat "$work/podnetd.log"; exit 1; }
    done
}

test_udp_goes_on_with_an_endpoint_that_lives_by_every_entrance() {
    cluster
    dns 10.200.0.2
    start --node-name here
    applied $vip
    begin server
    # The same ports elsewhere, and the endpoint itself, are nobody's business.
    ip netns exec outside socat UDP-LISTEN:30053,fork SYSTEM:'read -r q; echo elsewhere' &
    wait_until 20 sh -c "ip netns exec outside ss -lun | grep -q :30053"
    expect_equal "another host's port" "$(talk client 4010 192.0.2.1:30053)" elsewhere
    expect_match "the endpoint itself" "$(talk outside 4011 10.200.0.2:5353)" '^server '
    local others
    others=$(from 4010; from 4011)
    expect_equal "flows to the first" "$(flows | grep -c 'src=10.200.0.2 .*sport=5353 dport=')" 5
    dns 10.200.1.2
    gone 4001 4002 4003 4004
    begin client
    expect_equal "others" "$(from 4010; from 4011)" "$others"
    expect_equal "counted" "$(netctl status -o json | jq '.items[0].flows | .forgotten, .failures' | xargs)" "4 0"
}

test_nothing_is_left_of_a_service_that_loses_its_endpoints_its_port_or_itself() {
    cluster
    dns 10.200.0.2
    start --node-name here
    applied $vip
    begin server
    dns
    gone 4001 4002 4003 4004
    dns 10.200.0.2
    wait_until 20 nft get element ip podnet frontends "{ $vip . udp . 53 }"
    begin server
    port=54 dns 10.200.0.2
    # The node port is as it was.
    gone 4001 4003 4004
    expect_equal "node port" "$(answerer 4002)" 10.200.0.2:5353
    dns 10.200.0.2
    wait_until 20 nft get element ip podnet frontends "{ $vip . udp . 53 }"
    begin server
    serve server 5454 UDP
    target=5454 dns 10.200.0.2
    gone 4001 4002 4003 4004
    begin server
    expect_equal "target port" "$(answerer 4001)" 10.200.0.2:5454
    echo '# nothing' | put dns.yaml
    gone 4001 4002 4003 4004
}

test_half_open_tcp_and_sctp_are_forgotten_and_established_tcp_is_not() {
    cluster
    ip netns exec server socat TCP-LISTEN:5353,fork,reuseaddr SYSTEM:'while read -r line; do echo "$line"; done' &
    wait_until 20 sh -c "ip netns exec server ss -ltn | grep -q :5353"
    dns 10.200.0.2
    start --node-name here
    applied $vip
    mkfifo "$work/in"
    ip netns exec client socat - "TCP:$vip:53,sourceport=4020" <>"$work/in" >"$work/out" &
    echo one >"$work/in"
    wait_until 20 grep -q one "$work/out"
    # Nobody has 10.200.0.77: its clients wait for an answer.
    dns 10.200.0.77
    wait_until 20 sh -c "nft list map ip podnet endpoints | grep -q '10.200.0.77 . 5353'"
    ip netns exec outside timeout 0.3 socat - "TCP:192.0.2.2:30053,sourceport=4021" </dev/null 2>/dev/null || true
    expect_match "half-open" "$(from 4021)" 'SYN_SENT.*UNREPLIED.*src=10.200.0.77'
    add_flow sctp 192.0.2.1:4022 203.0.113.7:53 10.200.0.77:5353
    add_flow sctp 192.0.2.1:4023 203.0.113.7:53 10.200.1.2:5353
    dns 10.200.1.2
    gone 4021 4022
    expect_equal "a living endpoint's" "$(answerer 4023)" 10.200.1.2:5353
    expect_match "established" "$(from 4020)" 'ESTABLISHED.*src=10.200.0.2'
    echo two >"$work/in"
    wait_until 20 grep -q two "$work/out"
}

test_what_began_before_there_were_rules_is_led_to_an_endpoint() {
    cluster
    track
    dns 10.200.0.2
    local number address
    ip -n outside address add 203.0.113.7/32 dev lo
    ip -n outside route add local 198.51.100.7 dev lo
    ip route add 203.0.113.7 via 192.0.2.1
    while read -r number address; do expect_equal "$address" "$(talk client $number $address </dev/null)" ""; done < <(entrances)
    # A load balancer that answers keeps its client.
    ip netns exec outside socat UDP-LISTEN:53,bind=203.0.113.7,fork SYSTEM:'read -r q; echo balancer' &
    wait_until 20 sh -c "ip netns exec outside ss -lun | grep -q 203.0.113.7:53"
    expect_equal "the balancer" "$(talk client 4005 203.0.113.7:53)" balancer
    expect_equal "untranslated" "$(from 4001 | grep -c "UNREPLIED.*src=$vip ")" 1
    start --node-name here
    applied $vip
    gone 4001 4002 4003 4004
    while read -r number address; do expect_match "$address" "$(talk client $number $address </dev/null)" '^server '; done < <(entrances)
    expect_equal "the balancer's client" "$(answerer 4005)" 203.0.113.7:53
}

test_after_downtime_only_what_leads_to_vanished_endpoints_is_forgotten() {
    cluster
    dns 10.200.0.2 10.200.1.2
    start --node-name here
    applied $vip
    add_flow udp 192.0.2.1:4030 $vip:53 10.200.0.2:5353
    add_flow udp 192.0.2.1:4031 $vip:53 10.200.1.2:5353
    add_flow tcp 192.0.2.1:4032 $vip:53 10.200.0.2:5353
    # To an endpoint that went before the end: the daemon was killed between its transaction and this.
    add_flow udp 192.0.2.1:4033 192.0.2.2:30053 10.200.0.66:5353
    add_flow udp 192.0.2.1:4034 8.8.8.8:53 10.200.0.66:5353
    local kept
    kept=$(from 4031; from 4034)
    stop KILL || true
    dns 10.200.1.2
    start --node-name here
    gone 4030 4032 4033
    expect_equal "the rest" "$(from 4031; from 4034)" "$kept"
    # Nothing has changed at the next start.
    add_flow udp 192.0.2.1:4035 203.0.113.7:53 10.200.1.2:5353
    kept=$(flows | sort)
    stop TERM
    start --node-name here
    sleep 0.3
    expect_equal "after a restart" "$(flows | sort)" "$kept"
}

test_a_table_of_200000_other_flows_is_not_read() {
    cluster
    dns 10.200.0.2 10.200.1.2
    start --node-name here
    applied $vip
    "$here/Tests/EndToEnd/Support/flows.py" fill 200000
    expect_match "flows" "$(cat /proc/sys/net/netfilter/nf_conntrack_count)" '^20[0-9]{4}$'
    add_flow udp 192.0.2.1:4040 $vip:53 10.200.0.2:5353
    # Bytes that the kernel hands to the daemon while an endpoint goes, and while a restart looks at everything.
    strace -f -qq -e trace=recvfrom,recvmsg -o "$work/trace" -p $daemon &
    local tracer=$!
    wait_until 20 test -e "$work/trace"
    sleep 0.3
    dns 10.200.1.2
    gone 4040
    kill $tracer
    wait $tracer || true
    local bytes
    bytes=$(awk '/ = [0-9]+$/ && !/ENOENT/ { sum += $NF } END { print sum + 0 }' "$work/trace")
    echo "an endpoint goes: $bytes bytes from the kernel"
    [ "$bytes" -gt 0 ] && [ "$bytes" -lt 100000 ] || { tail "$work/trace"; exit 1; }
    stop TERM
    add_flow udp 192.0.2.1:4041 $vip:53 10.200.0.66:5353
    start --node-name here
    gone 4041
    grep 'forgot' "$work/podnetd.log"
    expect_equal "the others" "$(awk '/dst=198.18.0.1 /' /proc/net/nf_conntrack | wc -l)" 200000
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
