#!/usr/bin/env bash
# Taking over from kube-proxy: its tables go in the transaction that makes ours complete, under load.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}

# What kube-proxy has in nftables mode for one service, $vip:80 and node port 30080, with the endpoint 10.200.0.2:8080.
kube_proxy() {
    nft -f - <<NFT
table ip kube-proxy {
    comment "rules for kube-proxy"
    set cluster-ips { type ipv4_addr; elements = { $vip } }
    set nodeport-ips { type ipv4_addr; elements = { 192.0.2.2 } }
    set hairpin-connections {
        type ipv4_addr . ipv4_addr . inet_proto . inet_service
        elements = { 10.200.0.2 . 10.200.0.2 . tcp . 8080 }
    }
    map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
    map service-nodeports { type inet_proto . inet_service : verdict; }
    map no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict; }
    map no-endpoint-nodeports { type inet_proto . inet_service : verdict; }
    map firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
    chain filter-prerouting-pre-dnat { type filter hook prerouting priority -110; ct state new jump firewall-check; }
    chain filter-output-pre-dnat { type filter hook output priority -110; ct state new jump firewall-check; }
    chain nat-prerouting { type nat hook prerouting priority -100; jump services; }
    chain nat-output { type nat hook output priority -100; jump services; }
    chain filter-input { type filter hook input priority 0; ct state new jump nodeport-endpoints-check; ct state new jump service-endpoints-check; }
    chain filter-forward { type filter hook forward priority 0; ct state new jump service-endpoints-check; ct state new jump cluster-ips-check; }
    chain filter-output { type filter hook output priority 0; ct state new jump service-endpoints-check; ct state new jump cluster-ips-check; }
    chain nat-postrouting { type nat hook postrouting priority 100; jump masquerading; }
    chain services {
        ip daddr @cluster-ips ip saddr != 10.200.0.0/16 mark set mark or 0x4000
        ip daddr . meta l4proto . th dport vmap @service-ips
        ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
    }
    chain masquerading {
        mark and 0x4000 != 0 mark set mark xor 0x4000 masquerade fully-random
        ct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random
    }
    chain reject-chain { reject; }
    chain firewall-check { ip daddr . meta l4proto . th dport vmap @firewall-ips; }
    chain service-endpoints-check { ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }
    chain nodeport-endpoints-check { ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports; }
    chain cluster-ips-check { ip daddr @cluster-ips reject; ip daddr { 10.96.0.0/16 } drop; }
    chain service-EC6J6Q7L-default/web/tcp/p80 {
        meta l4proto tcp dnat ip addr . port to numgen random mod 1 map { 0 : 10.200.0.2 . 8080 }
    }
    chain external-EC6J6Q7L-default/web/tcp/p80 { mark set mark or 0x4000; goto service-EC6J6Q7L-default/web/tcp/p80; }
}
add element ip kube-proxy service-ips { $vip . tcp . 80 : goto service-EC6J6Q7L-default/web/tcp/p80 }
add element ip kube-proxy service-nodeports { tcp . 30080 : goto external-EC6J6Q7L-default/web/tcp/p80 }
table ip6 kube-proxy { chain nat-prerouting { type nat hook prerouting priority -100; }; }
NFT
}
manifest() {
    { service web $vip 80 | sed 's/^spec:/spec:\n  type: NodePort/; s/port: 80/port: 80, nodePort: 30080/'
      slice web 8080 p80 10.200.0.2; } | put web.yaml
}
by_kube_proxy() {
    node
    serve server 8080
    kube_proxy
    expect_equal "by kube-proxy" "$(ask client 80)" "server 10.200.1.2"
    expect_equal "its node port" "$(ask outside 30080 192.0.2.2)" "server 10.200.0.1"
}
# load FROM PORT ADDRESS: new connections, one after the other, until $work/stop is there
load() {
    while [ ! -e "$work/stop" ]; do if ask "$@" >/dev/null; then echo well; else echo lost; fi; done >"$work/load-$1"
}

test_no_connection_is_lost_while_podnetd_takes_over() {
    by_kube_proxy
    ip netns exec server socat TCP-LISTEN:9090,fork,reuseaddr SYSTEM:'while read -r line; do echo "$line"; done' &
    nft add chain ip kube-proxy long '{ meta l4proto tcp dnat to 10.200.0.2:9090; }'
    nft add element ip kube-proxy service-ips "{ $vip . tcp . 81 : goto long }"
    mkfifo "$work/in"
    ip netns exec client socat - "TCP:$vip:81" <>"$work/in" >"$work/out" &
    wait_until 20 sh -c "echo one >'$work/in'; grep -q one '$work/out'"
    load client 80 $vip & local loads=$!
    load outside 30080 192.0.2.2 & loads+=" $!"
    load node 80 $vip & loads+=" $!"
    stdbuf -oL nft monitor >"$work/monitor" &
    wait_until 20 sh -c "[ \$(cat '$work'/load-* | wc -l) -gt 30 ]"
    manifest
    # Like this one, kube-proxy's service of port 81 has endpoints.
    { service long 10.96.14.21 81; slice long 9090 p81 10.200.0.2; } | put long.yaml
    start --take-over
    wait_until 20 sh -c "! nft list table ip kube-proxy"
    expect_equal "tables" "$(nft list tables | sort | xargs)" "table ip podnet table ip6 podnet"
    local known
    known=$(cat "$work"/load-* | wc -l)
    wait_until 10 sh -c "[ \$(cat '$work'/load-* | wc -l) -gt $((known + 60)) ]"
    touch "$work/stop"
    wait $loads
    expect_equal "lost connections" "$(cat "$work"/load-* | grep -c lost || true)" 0
    echo two >"$work/in"
    wait_until 20 grep -q two "$work/out"
    expect_match "log" "$(cat "$work/podnetd.log")" 'took over from kube-proxy removed="?ip kube-proxy, ip6 kube-proxy'
    # One transaction has both: between two numbers of the ruleset.
    awk '/^# new generation/ { if (ours && theirs) both = 1; ours = theirs = 0 }
         /^add table ip podnet/ { ours = 1 } /^delete table ip kube-proxy/ { theirs = 1 } END { exit !both }' "$work/monitor" ||
        { grep -nE 'table|generation' "$work/monitor"; exit 1; }
}

test_without_the_flag_both_stay_and_the_log_says_so() {
    by_kube_proxy
    manifest
    start
    applied
    wait_until 20 grep -q "kube-proxy's tables are there: stop it, and start podnetd with --take-over" "$work/podnetd.log"
    expect_match "kube-proxy's" "$(nft list tables)" 'table ip kube-proxy'
    expect_equal "answers" "$(ask client 80)" "server 10.200.1.2"
    # A second daemon takes nothing over.
    expect_status 1 timeout 5 "$bin/podnetd" --services-dir "$work/services.d" --socket "$work/other.sock" --take-over
    expect_match "kube-proxy's, still" "$(nft list tables)" 'table ip kube-proxy'
    stop
    # --cleanup is for what is ours.
    expect_status 0 "$bin/podnetd" --cleanup
    expect_equal "tables" "$(nft list tables | sort | xargs)" "table ip kube-proxy table ip6 kube-proxy"
    expect_equal "by kube-proxy again" "$(ask client 80)" "server 10.200.1.2"
}

test_a_source_that_is_not_there_takes_nothing_over() {
    by_kube_proxy
    "$bin/podnetd" --services-dir "$work/missing" --socket "$work/podnetd.sock" --take-over 2>"$work/podnetd.log" &
    daemon=$!
    wait_until 20 says missing netctl status || { netctl status; cat "$work/podnetd.log"; exit 1; }
    sleep 0.5
    expect_equal "by kube-proxy" "$(ask client 80)" "server 10.200.1.2"
    mkdir -p "$work/missing"
    manifest
    mv "$work/services.d/web.yaml" "$work/missing/"
    wait_until 10 sh -c "! nft list table ip kube-proxy"
    expect_equal "by podnetd" "$(ask client 80)" "server 10.200.1.2"
}

test_rules_of_iptables_mode_are_named_and_left_alone() {
    node
    nft 'table ip nat { chain KUBE-SERVICES { }; chain KUBE-SVC-AAAA { }; chain KUBE-FIREWALL { }; chain DOCKER { }; }'
    serve server 8080
    manifest
    start --take-over
    applied
    wait_until 20 grep -qE "iptables mode.*chains=2 table=\"?ip nat\"?" "$work/podnetd.log" || { cat "$work/podnetd.log"; exit 1; }
    expect_equal "its chains" "$(nft list table ip nat | grep -c chain)" 4
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
