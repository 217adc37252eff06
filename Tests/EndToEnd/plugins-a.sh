#!/usr/bin/env bash
# ptp, static, macvlan and host-device as a runtime sees them, with real packets.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/pods.sh"
plugins=${PODNET_BIN:-}/cni

# serve_peer CONTAINER PORT [OPTIONS]: tells everybody who asks who they are.
serve_peer() {
    ip netns exec "$1" socat "TCP-LISTEN:$2,fork,reuseaddr${3:+,$3}" SYSTEM:'echo $SOCAT_PEERADDR' &
    wait_until 20 ip netns exec "$1" sh -c "ss -ltn | grep -q ':$2 '"
}
outside() {
    ip netns add outside
    ip link add uplink type veth peer name eth0 netns outside
    ip addr add 192.0.2.2/24 dev uplink
    ip link set uplink up
    ip -n outside addr add 192.0.2.1/24 dev eth0
    ip -n outside link set eth0 up
}

subnet='"ipam": {"type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}'
masquerade="\"ipMasq\": true, \"mtu\": 1400, $subnet"
both='"ipMasq": true, "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1:2::/64"}]],
    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}'
host_mode='"ipMasq": true, "ipam": {"type": "host-local", "addressMode": "host",
    "ranges": [[{"subnet": "10.11.23.0/24"}], [{"subnet": "fd00:11:23::/112"}]]}'
fixed='"ipam": {"type": "static", "addresses": [{"address": "10.15.0.7/24", "gateway": "10.15.0.1"}],
    "routes": [{"dst": "0.0.0.0/0"}], "dns": {"nameservers": ["192.0.2.53"]}}'

test_ptp_every_version_adds_checks_and_deletes() {
    local plugin=ptp
    local version keys
    for version in 0.3.1 0.4.0 1.0.0 1.1.0; do
        for keys in "$subnet" "$both" "$host_mode" "$fixed"; do
            attach pod "$keys"
            expect_equal "version of the result" "$(jq -r .cniVersion "$work/pod.json")" $version
            [ $version = 0.3.1 ] || check pod "$keys"
            call DEL pod "$keys"
            call DEL pod "$keys"
            ip netns del pod
            expect_equal "links left" "$(ip -br link | awk '{print $1}')" lo
        done
    done
    for version in 0.1.0 0.2.0; do
        attach pod "$subnet"
        expect_equal "address in the oldest form" "$(jq -r .ip4.gateway "$work/pod.json")" 10.1.2.1
        call DEL pod "$subnet"
        ip netns del pod
    done
}

test_ptp_pods_reach_each_other_their_node_and_the_outside() {
    local plugin=ptp
    outside
    attach a "$masquerade"
    attach b "$masquerade"
    serve_peer b 80
    serve_peer outside 80
    socat TCP-LISTEN:81,fork,reuseaddr SYSTEM:"echo node" &
    wait_until 20 sh -c "ss -ltn | grep -q ':81 '"
    expect_equal "pod to pod, as itself" "$(ask a "$(address b)" 80)" "$(address a)"
    expect_equal "pod to node" "$(ask a 10.1.2.1 81)" node
    expect_equal "node to pod" "$(timeout 3 socat -u "TCP:$(address b):80" -)" 10.1.2.1
    expect_equal "pod to the outside, as the node" "$(ask a 192.0.2.1 80)" 192.0.2.2
    expect_match "MTU" "$(ip -n a link show eth0)" 'mtu 1400'
    expect_equal "the pod's routes" "$(ip -n a route | awk '{$1=$1; print}' | sort | tr '\n' ';')" \
        '10.1.2.0/24 via 10.1.2.1 dev eth0;10.1.2.1 dev eth0 scope link;default via 10.1.2.1 dev eth0;'
}

test_ptp_both_families_and_addresses_of_their_own() {
    local plugin=ptp
    local keys
    for keys in "$both" "$host_mode"; do
        attach a "$keys"
        attach b "$keys"
        serve_peer b 80
        serve_peer b 81 pf=ip6
        expect_equal "pod to pod" "$(ask a "$(address b)" 80)" "$(address a)"
        expect_match "pod to pod over IPv6" "$(ask a "[$(address b 1)]" 81)" '2'
        expect_equal "tentative addresses" "$(ip -n a addr show tentative scope global)" ""
        check a "$keys"
        for pod in a b; do call DEL $pod "$keys"; ip netns del $pod; done
    done
    expect_equal "elements left" "$(nft list ruleset | grep -c comment.*net/ || true)" 0
}

test_ptp_pair_without_addresses() {
    local plugin=ptp
    attach a ''
    check a '"mtu": 0'
    expect_equal "interfaces" "$(jq -r '.interfaces[1].name' "$work/a.json")" eth0
    expect_match "the pod's link" "$(ip -n a link show eth0)" 'LOWER_UP'
    call DEL a ''
    expect_equal "links left" "$(ip -br link | awk '{print $1}')" lo
}

test_ptp_delete_needs_neither_namespace_nor_result_nor_the_same_configuration() {
    local plugin=ptp
    attach first "$masquerade"
    call DEL first "$masquerade"
    ip netns del first
    snapshot | grep -v last_reserved >"$work/before"
    local way
    for way in empty-netns missing-netns changed-configuration own-netns; do
        attach pod "$masquerade"
        case $way in
            empty-netns) ip netns del pod; call DEL pod "$masquerade" "" ;;
            missing-netns) ip netns del pod; call DEL pod "$masquerade" ;;
            changed-configuration) call DEL pod "$subnet"; ip netns del pod ;;
            own-netns) ip netns del pod; call DEL pod "$masquerade" /proc/self/ns/net ;;
        esac
        snapshot | grep -v last_reserved | diff "$work/before" -
    done
}

# The reference makes a route that leads nowhere.
test_ptp_without_a_gateway_is_an_error_that_leaves_nothing() {
    local plugin=ptp
    ip netns add a
    snapshot >"$work/before"
    expect_refusal 7 'there is none for 10.15.0.7/24' call ADD a "${fixed/, \"gateway\": \"10.15.0.1\"/}"
    snapshot | diff "$work/before" -
    expect_equal "interfaces" "$(ip -n a -br link | wc -l)" 1
}

test_ptp_check_tells_what_is_wrong() {
    local plugin=ptp
    attach a "$masquerade"
    local veth
    veth=$(jq -r '.interfaces[0].name' "$work/a.json")
    ip route del 10.1.2.2
    expect_refusal 999 "route 10.1.2.2/32 dev $veth proto 112: missing" check a "$masquerade"
    ip route add 10.1.2.2 dev "$veth" proto 112
    check a "$masquerade"
    ip addr del 10.1.2.1/32 dev "$veth"
    expect_refusal 999 "address 10.1.2.1/32 dev $veth: missing" check a "$masquerade"
}

test_ptp_garbage_collection() {
    local plugin=ptp
    attach a "$masquerade"
    attach b "$masquerade"
    ip netns del b
    gc() { conf "$masquerade, \"cni.dev/valid-attachments\": $1" |
        env -i CNI_COMMAND=GC CNI_PATH="$plugins" "$plugins/ptp"; }
    gc '[{"containerID": "a", "ifname": "eth0"}]'
    check a "$masquerade"
    expect_equal "leases" "$(find /var/lib/cni -name '10.*' -printf '%f\n')" "$(address a)"
    gc '[]'
    expect_equal "links" "$(ip -br link | awk '{print $1}')" lo
    expect_equal "tables" "$(nft list tables)" ""
}

test_static_gives_what_it_is_told_and_nothing_stays() {
    local plugin=ptp
    attach a "$fixed"
    expect_equal "address" "$(jq -r '.ips[0] | .address + " " + .gateway' "$work/a.json")" "10.15.0.7/24 10.15.0.1"
    expect_equal "name server" "$(jq -r '.dns.nameservers[0]' "$work/a.json")" 192.0.2.53
    expect_match "in the pod" "$(ip -n a addr show eth0)" 'inet 10.15.0.7/24'
    # The second pod is told the same address: it is refused, and the first one keeps what it has.
    ip netns add b
    expect_refusal 999 'add route 10.15.0.7/32' call ADD b "$fixed"
    call DEL b "$fixed"
    check a "$fixed"
    static() { jq -n --argjson ipam "{${fixed}}" --argjson prev "$1" \
        '{cniVersion: "1.0.0", name: "net", type: "static", prevResult: $prev} + $ipam' | cni CHECK a /run/netns/a eth0 static; }
    static "$(cat "$work/a.json")"
    expect_refusal 999 '10.15.0.7 is configured and not in prevResult' \
        static '{"cniVersion": "1.0.0", "ips": [{"address": "10.15.0.8/24", "gateway": "10.15.0.1"}]}'
    call DEL a "$fixed"
    expect_equal "links left" "$(ip -br link | awk '{print $1}')" lo
}

on_uplink='"master": "uplink", "ipam": {"type": "host-local", "subnet": "192.0.2.0/24", "rangeStart": "192.0.2.20",
    "gateway": "192.0.2.1", "routes": [{"dst": "0.0.0.0/0"}]}'

test_macvlan_pods_are_on_their_masters_network() {
    local plugin=macvlan
    outside
    ip route add default via 192.0.2.1
    attach a "$on_uplink"
    attach b "${on_uplink/\"master\": \"uplink\", /}"
    serve_peer b 80
    serve_peer outside 80
    expect_equal "pod to pod" "$(ask a "$(address b)" 80)" "$(address a)"
    expect_equal "pod to the outside, as itself" "$(ask a 192.0.2.1 80)" "$(address a)"
    expect_equal "mode" "$(ip -n a -d -j link show eth0 | jq -r '.[0].linkinfo.info_data.mode')" bridge
    expect_equal "hardware address" "$(ip -n a -j link show eth0 | jq -r '.[0].address')" \
        "$(jq -r '.interfaces[0].mac' "$work/a.json")"
    check a "$on_uplink"
    check b "$on_uplink"
    for pod in a b; do call DEL $pod "$on_uplink"; call DEL $pod "$on_uplink"; done
    expect_equal "interfaces of a" "$(ip -n a -br link | awk '{print $1}')" lo
    expect_equal "leases" "$(find /var/lib/cni -name '192.*')" ""
}

test_macvlan_every_mode_and_version_adds_checks_and_deletes() {
    local plugin=macvlan version mode keys
    outside
    for version in 0.4.0 1.0.0 1.1.0; do
        for mode in bridge private vepa passthru; do
            keys="\"mode\": \"$mode\", \"mtu\": 1400, \"bcqueuelen\": 200, $on_uplink"
            attach pod "$keys"
            expect_match "link" "$(ip -n pod -d link show eth0)" "mtu 1400.*macvlan mode $mode"
            check pod "$keys"
            call DEL pod "$keys"
            call DEL pod "$keys"
            ip netns del pod
        done
    done
}

test_macvlan_without_addresses_in_the_pods_namespace_and_with_a_requested_mac() {
    local plugin=macvlan
    ip netns add pod
    ip -n pod link add inner type veth peer name other
    local keys='"master": "inner", "linkInContainer": true, "runtimeConfig": {"mac": "02:00:00:00:00:aa"}'
    call ADD pod "$keys" >"$work/pod.json"
    expect_match "link" "$(ip -n pod link show eth0)" '02:00:00:00:00:aa'
    check pod "$keys"
    call DEL pod "$keys"
    expect_equal "interfaces" "$(ip -n pod -br link | awk '{print $1}' | sort | tr '\n' ' ')" "inner@other lo other@inner "
}

test_macvlan_fails_without_a_trace_and_deletes_without_master_or_namespace() {
    local plugin=macvlan
    outside
    ip netns add pod
    expect_refusal 7 'invalid MTU 1600, must be \[0, master MTU\(1500\)\]' call ADD pod "\"mtu\": 1600, $on_uplink"
    expect_refusal 7 'failed to lookup master "none"' call ADD pod "${on_uplink/uplink/none}"
    expect_refusal 999 'add route' call ADD pod "${on_uplink/0.0.0.0\/0\"/0.0.0.0\/0\", \"gw\": \"203.0.113.1\"}"
    expect_equal "interfaces" "$(ip -n pod -br link | awk '{print $1}')" lo
    expect_equal "leases" "$(find /var/lib/cni -name '192.*')" ""
    call ADD pod "$on_uplink" >"$work/pod.json"
    expect_refusal 999 '"eth0" already exists' call ADD pod "$on_uplink"
    call DEL pod "${on_uplink/uplink/none}"
    expect_equal "interfaces" "$(ip -n pod -br link | awk '{print $1}')" lo
    call ADD pod "$on_uplink" >"$work/pod.json"
    ip netns del pod
    call DEL pod "$on_uplink" ""
    expect_equal "leases" "$(find /var/lib/cni -name '192.*')" ""
}

taken='"device": "uplink", "ipam": {"type": "host-local", "subnet": "192.0.2.0/24", "rangeStart": "192.0.2.20",
    "gateway": "192.0.2.1", "routes": [{"dst": "0.0.0.0/0"}]}'

test_host_device_goes_into_the_pod_and_comes_back() {
    local plugin=host-device way keys mac
    outside
    serve_peer outside 80
    mac=$(ip -j link show uplink | jq -r '.[0].address')
    ip link property add dev uplink altname other-name 2>/dev/null || true
    for keys in "$taken" "${taken/\"device\": \"uplink\"/\"hwaddr\": \"$mac\"}"; do
        attach pod "$keys"
        expect_equal "links of the host" "$(ip -br link | awk '{print $1}')" lo
        expect_equal "pod to the outside" "$(ask pod 192.0.2.1 80)" "$(address pod)"
        expect_equal "hardware address" "$(jq -r '.interfaces[0].mac' "$work/pod.json")" "$mac"
        check pod "$keys"
        call DEL pod "$keys"
        call DEL pod "$keys"
        expect_match "the device at home" "$(ip link show uplink)" "$mac"
        expect_equal "its alias" "$(ip -j link show uplink | jq -r '.[0].ifalias // ""')" ""
        expect_equal "leases" "$(find /var/lib/cni -name '192.*')" ""
        ip netns del pod
    done
}

test_host_device_is_left_as_it_was_when_the_add_fails() {
    local plugin=host-device
    outside
    # Link-local addresses are the kernel's to make, some time after a link is up.
    state() { snapshot | grep -v '/var/lib/cni\|"fe80:'; }
    state >"$work/before"
    ip netns add pod
    expect_refusal 999 'add route' call ADD pod "${taken/0.0.0.0\/0\"/0.0.0.0\/0\", \"gw\": \"203.0.113.1\"}"
    expect_equal "interfaces of the pod" "$(ip -n pod -br link | awk '{print $1}')" lo
    expect_refusal 7 'specify either "device", "hwaddr", "kernelpath" or "pciBusID"' call ADD pod ''
    ip netns del pod
    state | diff "$work/before" -
    expect_equal "leases" "$(find /var/lib/cni -name '192.*')" ""
}

test_host_device_delete_without_namespace_gives_the_address_back() {
    local plugin=host-device
    outside
    attach pod "$taken"
    ip netns del pod
    call DEL pod "$taken" ""
    expect_equal "leases" "$(find /var/lib/cni -name '192.*')" ""
    call DEL pod "$taken"
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
