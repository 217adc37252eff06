#!/usr/bin/env bash
# Routing by source: which way packets of a pod with two interfaces take, with real packets.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
plugins=${PODNET_BIN:-}/cni

# list NETWORK SUBNET KEYS-OF-SBR: a network of its own bridge, all of whose pods' traffic goes by it.
list() {
    local routes='{"dst": "0.0.0.0/0"}'
    [[ $2 != *fd00:* ]] || routes+=', {"dst": "::/0"}'
    echo "{\"cniVersion\": \"${version:-1.1.0}\", \"name\": \"$1\", \"plugins\": [
    {\"type\": \"bridge\", \"bridge\": \"br-$1\", \"isGateway\": true, \"ipam\": {\"type\": \"host-local\", \"ranges\": [$2],
     \"routes\": [$routes]}}$3]}"
}
main() { list main '[{"subnet": "10.1.0.0/24"}]' ''; }
side() { list side "${2:-"[{\"subnet\": \"10.2.0.0/24\"}], [{\"subnet\": \"fd00:2::/64\"}]"}" ", {\"type\": \"sbr\"${1:-}}"; }
run() { chain "$1" pod "${4-/run/netns/pod}" "$2" ${5:-} <<<"$3"; }
attach() { # KEYS-OF-SBR [RANGES]
    ip netns add pod
    ip -n pod link set lo up
    run ADD eth0 "$(main)" >"$work/main.json" || { cat "$work/main.json"; return 1; }
    run ADD net1 "$(side "$@")" >"$work/side.json" || { cat "$work/side.json"; return 1; }
}
# way SOURCE: by which link the pod reaches what is far away.
way() { ip -n pod route get 192.0.2.1 ${1:+from "$1"} | sed -n 's/.* dev \([^ ]*\).*/\1/p'; }

test_packets_leave_by_the_interface_whose_address_they_have() {
    attach
    expect_equal "without a source" "$(way)" eth0
    expect_equal "from eth0" "$(way 10.1.0.2)" eth0
    expect_equal "from net1" "$(way 10.2.0.2)" net1
    expect_equal "rules" "$(ip -n pod rule | grep -c 'lookup 10')" 1
    # A client behind the main network's gateway is answered by the interface that it has asked.
    ip addr add 192.0.2.1/32 dev lo
    ip netns exec pod socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:'echo $SOCAT_SOCKADDR' &
    wait_until 20 ip netns exec pod sh -c "ss -ltn | grep -q ':80 '"
    expect_equal "answer of net1" "$(timeout 3 socat -u TCP:10.2.0.2:80,bind=192.0.2.1 -)" 10.2.0.2
    # Neighbours of IPv6 are still found, by their link-local addresses, too.
    expect_equal "fe80::/64 in main" "$(ip -n pod -6 route show table main dev net1 | grep -c fe80::/64)" 1
    run CHECK net1 "$(side)" /run/netns/pod "$work/side.json"
    run CHECK eth0 "$(main)" /run/netns/pod "$work/main.json"
}

test_check_tells_what_is_wrong_and_delete_leaves_nothing() {
    attach
    local rules
    ip -n pod route del default table 100
    expect_refusal 999 'default via 10.2.0.1 dev net1 .*: missing' run CHECK net1 "$(side)" /run/netns/pod "$work/side.json"
    ip -n pod route add default via 10.2.0.1 table 100
    ip -n pod rule del from 10.2.0.2
    expect_refusal 999 'rule from 10.2.0.2/32' run CHECK net1 "$(side)" /run/netns/pod "$work/side.json"
    ip -n pod rule add from 10.2.0.2 table 100
    run CHECK net1 "$(side)" /run/netns/pod "$work/side.json"
    ip -n pod rule add from 10.77.0.1 table 77
    run DEL net1 "$(side)"
    run DEL net1 "$(side)"
    rules=$(ip -n pod rule | grep -v 'lookup main\|lookup local\|lookup default')
    expect_match "rules left" "$rules" '^[0-9]+:.from 10.77.0.1 lookup 77 ?$'
    expect_equal "rules of IPv6 left" "$(ip -n pod -6 rule | grep -vc 'lookup main\|lookup local')" 0
    expect_equal "tables left" "$(ip -n pod route show table 100 2>/dev/null)" ""
    expect_equal "interfaces left" "$(ip -n pod -br link | awk '{print $1}' | sed 's/@.*//' | xargs)" "lo eth0"
}

# Of a namespace that is gone nothing is left, and nothing is made where its path was.
test_delete_without_a_namespace() {
    attach
    ip netns del pod
    run DEL net1 "$(side)"
    run DEL net1 "$(side)" ""
    expect_equal "path of the namespace" "$(find /run/netns -name pod)" ""
    expect_equal "leases" "$(find /var/lib/cni/networks/side -name '10.2.*')" ""
}

test_tables_gateways_and_hints() {
    attach ', "gateways": ["10.2.0.254"], "addSourceHints": true' '[{"subnet": "10.2.0.0/24"}]'
    expect_equal "table 100" "$(ip -n pod route show table 100 | sed 's/ *$//' | sort | xargs)" \
        "10.2.0.0/24 dev net1 proto kernel scope link src 10.2.0.2 default via 10.2.0.254 dev net1"
    expect_equal "hint" "$(ip -n pod route show table main dev net1 | sed 's/ *$//')" "10.2.0.0/24 proto kernel scope link src 10.2.0.2"
    run DEL net1 "$(side)"
    ip netns exec pod ip rule add from 10.88.0.1 table 100
    side ', "table": 5001' '[{"subnet": "10.2.0.0/24"}]' >"$work/named"
    run ADD net1 "$(cat "$work/named")" >"$work/side.json"
    expect_match "rules" "$(ip -n pod rule)" 'from 10.2.0.[0-9]* lookup 5001'
    expect_equal "table 5001 is somebody else's to fill" "$(ip -n pod route show table 5001 2>/dev/null)" ""
    run CHECK net1 "$(cat "$work/named")" /run/netns/pod "$work/side.json"
    run DEL net1 "$(cat "$work/named")"
}

test_interfaces_at_once_get_tables_of_their_own() {
    local i pids=() failed=0
    ip netns add pod
    one() { list "n$1" "[{\"subnet\": \"10.$1.0.0/24\"}]" ', {"type": "sbr"}'; }
    for i in $(seq 11 20); do run ADD "net$i" "$(one "$i")" >"$work/$i.json" & pids+=($!); done
    for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
    expect_equal "failed" $failed 0
    expect_equal "tables" "$(ip -n pod rule | grep -o 'lookup 1[01][0-9]' | sort -u | wc -l)" 10
    for i in $(seq 11 20); do
        expect_equal "way from 10.$i.0.2" "$(way "10.$i.0.2")" "net$i"
        run CHECK "net$i" "$(one "$i")" /run/netns/pod "$work/$i.json"
    done
}

test_what_the_reference_has_made_is_removed() {
    local reference=${PODNET_REFERENCE_PLUGINS:-/usr/lib/cni} ours=$plugins version=1.0.0
    mkdir "$work/theirs"
    ln -s "$ours"/{bridge,host-local} "$work/theirs/"
    ln -s "$reference/sbr" "$work/theirs/"
    plugins=$work/theirs attach
    expect_match "rules of the reference" "$(ip -n pod rule)" 'from 10.2.0.2 lookup 100'
    expect_equal "from net1" "$(way 10.2.0.2)" net1
    run DEL net1 "$(side)"
    expect_equal "rules left" "$(ip -n pod rule | grep -vc 'lookup main\|lookup local\|lookup default')" 0
}

test_bad_input_is_named_and_nothing_changes() {
    attach
    ip -n pod rule >"$work/before"
    ip -n pod route show table all >>"$work/before"
    sbr() { echo "{\"cniVersion\": \"1.1.0\", \"name\": \"side\", \"type\": \"sbr\", \"prevResult\": ${2:-$(cat "$work/side.json")}$1}" |
        cni ADD pod /run/netns/pod "${3:-net1}" sbr; }
    expect_refusal 7 'table: 0 is not between' sbr ', "table": 0'
    expect_refusal 7 'gateways list contains multiple IPv6 addresses: fd00::1 and fd00::2' sbr ', "gateways": ["fd00::1", "fd00::2"]'
    expect_refusal 7 "gateways\[0\]: 'nowhere'" sbr ', "gateways": ["nowhere"]'
    expect_refusal 7 "did you mean 'addSourceHints'" sbr ', "addSourceHint": true'
    expect_refusal 7 'No IP addresses supplied on interface: net1' sbr '' '{"cniVersion": "1.1.0", "ips": []}'
    expect_refusal 7 'chained plugin' sh -c "echo '{\"cniVersion\": \"1.1.0\", \"name\": \"n\", \"type\": \"sbr\"}' |
        CNI_COMMAND=ADD CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod CNI_IFNAME=net1 CNI_PATH=$plugins $plugins/sbr"
    expect_refusal 999 'Cannot find network interface net9' sbr '' '{"cniVersion": "1.1.0", "ips": [{"address": "10.9.0.2/24"}]}' net9
    { ip -n pod rule; ip -n pod route show table all; } | diff "$work/before" -
    echo '{"cniVersion": "1.1.0", "name": "side", "type": "sbr"}' | env -i CNI_COMMAND=STATUS CNI_PATH="$plugins" "$plugins/sbr"
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
