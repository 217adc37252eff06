#!/usr/bin/env bash
# The bridge plugin's keys beyond addresses, and what it meets on nodes that it did not set up.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/pods.sh"
plugins=${PODNET_BIN:-}/cni
reference=${PODNET_REFERENCE_PLUGINS:-/usr/lib/cni}

host_mode='"ipam": {"type": "host-local", "addressMode": "host", "ranges": [[{"subnet": "10.11.23.0/24"}]]}'
port_of() { jq -r '.interfaces[1].name' "$work/$1.json"; }
links() { ip -j link | jq -r '.[].ifname' | sort; }

test_vlans_on_a_kernel_with_and_without_them() {
    local keys='"vlan": 100, "vlanTrunk": [{"minID": 200, "maxID": 202}]'
    ip link add probe type bridge
    if ip link set probe type bridge vlan_filtering 1 2>/dev/null; then
        ip link del probe
        attach a "$keys"
        expect_equal "VLANs" "$(bridge -j vlan show dev "$(port_of a)" | jq -c '[.[0].vlans[] | [.vlan, .vlanEnd // .vlan]]')" \
            '[[100,100],[200,202]]'
        check a "$keys"
        bridge vlan del vid 100 dev "$(port_of a)"
        expect_refusal 999 'VLANs: want native 100' check a "$keys"
    else
        ip link del probe
        ip netns add a
        snapshot >"$work/before"
        expect_refusal 999 'VLAN filtering of link br0: .*not supported' call ADD a "$keys"
        snapshot | diff "$work/before" -
    fi
}

test_bad_vlans_are_named() {
    ip netns add a
    expect_refusal 7 'invalid VLAN ID 4095 .must be between 0 and 4094.' call ADD a '"vlan": 4095'
    expect_refusal 7 'minID is greater than maxID in trunk parameter' call ADD a '"vlanTrunk": [{"minID": 3, "maxID": 2}]'
    expect_refusal 7 'cannot use IPAM when DisableContainerInterface flag is set' \
        call ADD a "\"disableContainerInterface\": true, $host_mode"
    expect_equal "links" "$(links)" lo
}

test_a_port_as_it_was_asked_for() {
    attach a '"portIsolation": true, "hairpinMode": true, "disableContainerInterface": true, "mtu": 1400'
    local port
    port=$(ip -d link show "$(port_of a)")
    expect_match "port" "$port" 'hairpin on'
    expect_match "port" "$port" 'isolated on'
    expect_match "port" "$port" 'mtu 1400'
    expect_match "pod's end" "$(ip -n a link show eth0)" 'state DOWN'
    check a '"portIsolation": true, "hairpinMode": true, "disableContainerInterface": true, "mtu": 1400'
    bridge link set dev "$(port_of a)" isolated off
    expect_refusal 999 'isolated: want true, have false' check a '"portIsolation": true, "disableContainerInterface": true'
}

test_a_bridge_that_is_there_already() {
    ip link add br0 type bridge
    ip link add uplink type veth peer name other
    ip link set uplink master br0 up
    local mac name
    mac=$(ip -j link show br0 | jq -r '.[0].address')
    attach a '"mtu": 1400'
    expect_equal "the bridge's address in the result" "$(jq -r '.interfaces[0].mac' "$work/a.json")" "$mac"
    expect_equal "MTU" "$(ip -j link show br0 | jq '.[0].mtu')" 1400
    check a '"mtu": 1400'
    for name in b c d e; do attach $name '"mtu": 1400'; done
    ip link del uplink
    for name in a c; do call DEL $name '"mtu": 1400'; done
    expect_equal "the bridge's address" "$(ip -j link show br0 | jq -r '.[0].address')" "$mac"
    ip link set br0 mtu 1500
    expect_refusal 999 'link br0 mtu: want 1400, have 1500' check b '"mtu": 1400'
}

# The reference switches it on and never off.
test_promiscuity_follows_the_configuration_where_that_names_it() {
    promiscuous() { ip -j link show br0 | jq '.[0].flags | index("PROMISC") != null'; }
    attach a '"promiscMode": true'
    expect_equal "switched on" "$(promiscuous)" true
    attach b ''
    expect_equal "not named" "$(promiscuous)" true
    expect_refusal 999 'br0 promiscuous: want false, have true' check a '"promiscMode": false'
    attach c '"promiscMode": false'
    expect_equal "switched off" "$(promiscuous)" false
    check c '"promiscMode": false'
    expect_refusal 999 'br0 promiscuous: want true, have false' check a '"promiscMode": true'
}

test_duplicate_addresses_are_found_where_that_is_asked_for() {
    local keys='"ipam": {"type": "static", "addresses": [{"address": "fd00::7/64"}]}'
    attach a "\"enabledad\": true, $keys"
    expect_equal "tentative addresses" "$(ip -n a -j addr show tentative scope global | jq -c '[.[].addr_info[]?]')" '[]'
    check a "\"enabledad\": true, $keys"
    ip netns add b
    links >"$work/before"
    expect_refusal 999 'fd00::7/64.*somebody else has it' call ADD b "\"enabledad\": true, $keys"
    links | diff "$work/before" -
    expect_equal "interfaces of b" "$(ip -n b -j link | jq -c '[.[].ifname]')" '["lo"]'
    call ADD b "$keys" >/dev/null
}

test_the_other_versions_of_the_specification() {
    local version keys='"ISGATEWAY": true, "ipam": {"type": "host-local", "subnet": "10.12.0.0/24"}'
    for version in 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
        CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAME=web;MAC=02:00:00:00:00:42" attach a "$keys"
        expect_equal "version" "$(jq -r .cniVersion "$work/a.json")" $version
        case $version in
            0.1.0 | 0.2.0) expect_match "address" "$(jq -r .ip4.ip "$work/a.json")" '^10.12.0.' ;;
            0.3.* | 0.4.0) expect_equal "family" "$(jq -r '.ips[0].version' "$work/a.json")" 4 ;;
            *) expect_equal "family" "$(jq -r '.ips[0].version' "$work/a.json")" null ;;
        esac
        expect_match "the pod's address" "$(ip -n a link show eth0)" '02:00:00:00:00:42'
        call DEL a "$keys"
        ip netns del a
    done
    version=0.2.0
    ip netns add a
    expect_refusal 1 'cannot convert: no valid IP addresses' call ADD a '"mtu": 1400'
    expect_equal "links" "$(links | grep -v br0)" lo
}

test_an_earlier_plugins_result_is_kept() {
    ip netns add a
    local earlier='{"cniVersion": "1.1.0", "interfaces": [{"name": "tap0"}], "ips": [{"address": "192.0.2.9/24", "interface": 0}]}'
    call ADD a "$host_mode, \"prevResult\": $earlier" >"$work/a.json"
    expect_equal "interfaces" "$(jq -c '[.interfaces[].name] | [.[0], .[1], .[3]]' "$work/a.json")" '["tap0","br0","eth0"]'
    expect_equal "addresses" "$(jq -c '[.ips[] | [.address, .interface]]' "$work/a.json")" \
        '[["192.0.2.9/24",0],["10.11.23.2/32",3]]'
    check a "$host_mode"
}

# A pod that the reference plugins added, and that podnet deletes after the node has changed over.
test_what_the_reference_plugins_left_goes_with_the_pod() {
    local keys='"isGateway": true, "ipMasq": true, "ipam": {"type": "host-local", "subnet": "10.12.0.0/24"}' version=1.0.0 name
    ip netns add before
    iptables-nft -t nat -A POSTROUTING -s 192.0.2.0/24 -j ACCEPT
    for name in a b; do
        ip netns add $name
        plugins=$reference call ADD $name "$keys" >"$work/$name.json"
    done
    expect_equal "their chains" "$(iptables-nft-save -t nat | grep -c '^:CNI-')" 2
    by_hand a
    by_hand b
    call DEL a "$keys"
    expect_equal "their chains after one DEL" "$(iptables-nft-save -t nat | grep -c '^:CNI-')" 1
    expect_equal "others' rules" "$(iptables-nft-save -t nat | grep -c '192.0.2.0/24')" 1
    expect_match "the masquerade rule of b" "$(nft list table inet cni_plugins_masquerade)" 'id: b'
    expect_equal "that of a" "$(nft list table inet cni_plugins_masquerade | grep -c 'id: a' || true)" 0
    expect_equal "chains of macspoofchk" "$(nft list table bridge nat | grep -o 'chain cni[^ ]*' | tr '\n' ' ')" \
        'chain cni-br-iface-b-eth0-mac chain cni-br-iface-b-eth0 '
    expect_equal "calls of them" "$(nft list chain bridge nat PREROUTING | grep -c jump)" 1
    call DEL b "$keys"
    expect_equal "their chains in the end" "$(iptables-nft-save -t nat | grep -c '^:CNI-' || true)" 0
    expect_equal "leases" "$(find /var/lib/cni -name '10.12*')" ""
}
# What releases later than Debian's leave, as they write it.
by_hand() {
    local network instance
    network=$(printf net | sha512sum | cut -c1-16) instance=$(printf 'eth0:%s' "$1" | sha512sum | cut -c1-16)
    nft -f - <<EOF
table inet cni_plugins_masquerade {
    chain masq_checks {
        ip saddr 10.12.0.9 ip daddr != 10.12.0.0/24 masquerade comment "$network-$instance, net: net, if: eth0, id: $1"
    }
}
table bridge nat {
    chain cni-br-iface-$1-eth0-mac { ether saddr 02:00:00:00:00:01 return; drop; }
    chain cni-br-iface-$1-eth0 { jump cni-br-iface-$1-eth0-mac; }
    chain PREROUTING { type filter hook prerouting priority -300; iifname "veth$1" jump cni-br-iface-$1-eth0; }
}
EOF
}

# The reference drops what a route says of MTU and segment size.
test_a_route_is_as_the_network_says_and_check_sees_when_not() {
    local keys='"isGateway": true, "ipam": {"type": "host-local", "subnet": "10.12.0.0/24", "routes": [
        {"dst": "10.98.0.0/16", "gw": "10.12.0.1", "mtu": 1300, "advmss": 1200, "priority": 10},
        {"dst": "10.99.0.0/16", "gw": "10.12.0.1", "table": 77},
        {"dst": "10.97.0.0/16", "scope": 253}]}'
    attach a "$keys"
    expect_match "route" "$(ip -n a route show 10.98.0.0/16)" 'via 10.12.0.1 .*metric 10 .*mtu 1300 advmss 1200'
    expect_match "another table" "$(ip -n a route show table 77)" '10.99.0.0/16 via 10.12.0.1'
    expect_match "on the link" "$(ip -n a route show 10.97.0.0/16)" '^10.97.0.0/16 dev eth0 scope link'
    check a "$keys"
    ip -n a route change 10.98.0.0/16 via 10.12.0.1 dev eth0 metric 10 mtu 1400 advmss 1200
    expect_refusal 999 'route 10.98.0.0/16.*1[34]00' check a "$keys"
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
