#!/usr/bin/env bash
# Sysctls of a pod's namespace and properties of its interface, set and put back.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
plugins=${PODNET_BIN:-}/cni

list() { echo "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"plugins\": [
    {\"type\": \"bridge\", \"isDefaultGateway\": true, \"ipam\": {\"type\": \"host-local\", \"subnet\": \"10.12.0.0/24\"}},
    {\"type\": \"tuning\", $1}]}"; }
everything='"mac": "02:00:00:00:00:77", "mtu": 1400, "promisc": true, "allmulti": true, "txQLen": 500,
    "sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1", "net/ipv4/ip_local_port_range": "20000 30000",
        "net.ipv6.conf.IFNAME.accept_ra": "0", "net.core.somaxconn": "500"}'
attach() { # KEYS
    ip netns add pod
    chain ADD c1 /run/netns/pod eth0 <<<"$(list "$1")" >"$work/result" || { cat "$work/result"; return 1; }
}
inside() { ip netns exec pod sysctl -n "$@"; }
sysctls_of_the_node() { { sysctl -a 2>/dev/null || true; } | grep '^net\.' | grep -v 'nf_conntrack_count' | sort; }
tuned() {
    ip -n pod -j -d link show eth0 | jq -c '.[0] | [.address, .mtu, .promiscuity, .allmulti, .txqlen]'
    inside net.ipv4.conf.eth0.arp_filter net.ipv4.ip_local_port_range net.ipv6.conf.eth0.accept_ra net.core.somaxconn
}

test_everything_is_set_checked_and_put_back() {
    attach '"promisc": false'
    local before after
    before=$(tuned)
    sysctls_of_the_node >"$work/node"
    tuning() { jq -c --slurpfile result "$work/result" '{cniVersion, name} + .plugins[1] + {prevResult: $result[0]}' \
        <<<"$(list "$everything")" | cni "$1" c1 /run/netns/pod eth0 tuning; }
    tuning ADD >"$work/tuned"
    after=$(tuned)
    expect_equal "link" "$(head -n 1 <<<"$after" | jq -c '[.[0], .[1], .[4]]')" '["02:00:00:00:00:77",1400,500]'
    expect_match "flags" "$(ip -n pod link show eth0)" 'ALLMULTI,PROMISC|PROMISC.*ALLMULTI'
    expect_equal "sysctls" "$(tail -n 4 <<<"$after" | xargs)" "1 20000 30000 0 500"
    expect_equal "result" "$(jq -c '.interfaces[] | select(.sandbox) | [.mac, .mtu]' "$work/tuned")" '["02:00:00:00:00:77",1400]'
    tuning CHECK
    tuning ADD >/dev/null
    ip netns exec pod sysctl -q net.core.somaxconn=600
    expect_refusal 999 'core/somaxconn' tuning CHECK
    ip netns exec pod sysctl -q net.core.somaxconn=500
    expect_equal "backups" "$(ls /run/cni/tuning)" c1_eth0.json
    tuning DEL
    tuning DEL
    expect_equal "after DEL" "$(tuned)" "$before"
    expect_equal "backups" "$(ls /run/cni/tuning)" ""
    sysctls_of_the_node | diff "$work/node" -
}

test_a_tuned_pod_still_speaks_and_leaves_nothing() {
    attach "$everything"
    socat TCP-LISTEN:81,fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR' &
    wait_until 20 sh -c "ss -ltn | grep -q ':81 '"
    expect_equal "answer" "$(ip netns exec pod timeout 3 socat -u TCP:10.12.0.1:81 -)" 10.12.0.2
    chain CHECK c1 /run/netns/pod eth0 "$work/result" <<<"$(list "$everything")"
    ip netns del pod
    chain DEL c1 "" eth0 <<<"$(list "$everything")"
    expect_equal "backups" "$(ls /run/cni/tuning)" ""
}

test_what_an_administrator_does_not_allow_is_refused_and_nothing_stays() {
    mount -t tmpfs tmpfs /etc
    mkdir -p /etc/cni/tuning
    echo '^net\.ipv4\.conf\.IFNAME\.[a-z_]*$' >/etc/cni/tuning/allowlist.conf
    attach '"sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1"}'
    expect_equal "sysctl" "$(inside net.ipv4.conf.eth0.arp_filter)" 1
    tuning() { jq -c --slurpfile result "$work/result" '{cniVersion, name} + .plugins[1] + {prevResult: $result[0]}' \
        <<<"$(list "$1")" | cni ADD c2 /run/netns/pod eth0 tuning; }
    expect_refusal 7 'net.core.somaxconn is not allowed' tuning '"sysctl": {"net.core.somaxconn": "500"}'
    expect_equal "sysctl" "$(ls /run/cni/tuning)" c1_eth0.json
}

test_bad_input_is_named() {
    ip netns add pod
    tuning() { echo "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"tuning\", $1}" |
        cni ADD c1 "${2:-/run/netns/pod}" "${3:-eth0}" tuning; }
    local prev='"prevResult": {"cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "sandbox": "/run/netns/pod"}]}'
    expect_refusal 7 'Required prevResult missing' tuning '"mtu": 1400'
    expect_refusal 7 'invalid net sysctl key: "kernel.panic"' tuning "\"sysctl\": {\"kernel.panic\": \"1\"}, $prev"
    expect_refusal 7 'invalid net sysctl key' tuning "\"sysctl\": {\"net/../kernel/panic\": \"1\"}, $prev"
    expect_refusal 7 'invalid net sysctl key' tuning "\"sysctl\": {\"net.ipv4.ip_forward=1+net.core.somaxconn\": \"1\"}, $prev"
    expect_refusal 7 'invalid net sysctl key' tuning "\"sysctl\": {\"net.ipv4.ip_forward = 1\\nkernel.panic\": \"1\"}, $prev"
    expect_refusal 7 'duplicated' tuning "\"sysctl\": {\"net.core.somaxconn\": \"1\", \"net/core/somaxconn\": \"2\"}, $prev"
    expect_refusal 7 'no sysctl' tuning "\"sysctl\": {\"net.ipv4.none\": \"1\"}, $prev"
    expect_refusal 999 'no interface eth0' tuning "\"mtu\": 1400, $prev"
    # The node's own namespace is nobody's to tune.
    expect_refusal 8 '/proc/self/ns/net' tuning "\"sysctl\": {\"net.core.somaxconn\": \"77\"}, $prev" /proc/self/ns/net
    expect_equal "node" "$([ "$(sysctl -n net.core.somaxconn)" != 77 ] && echo untouched)" untouched
    [ ! -e /run/cni/tuning ] || expect_equal "backups" "$(ls /run/cni/tuning)" ""
}

# runc wrote to what a container had put in the place of a file below /proc.
test_cve_2025_52881_what_lies_over_a_sysctl_is_not_written_to() {
    attach '"promisc": false'
    echo untouched >"$work/file"
    nsenter --net=/run/netns/pod mount --bind "$work/file" /proc/sys/net/core/somaxconn
    expect_equal "what is there" "$(inside net.core.somaxconn)" untouched
    tuning() { jq -c --slurpfile result "$work/result" '{cniVersion, name} + .plugins[1] + {prevResult: $result[0]}' \
        <<<"$(list '"sysctl": {"net.core.somaxconn": "500"}')" | cni ADD c1 /run/netns/pod eth0 tuning; }
    expect_refusal 999 'net/core/somaxconn .container.: not a file of procfs' tuning
    expect_equal "the file" "$(cat "$work/file")" untouched
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
