#!/usr/bin/env bash
# The plugins as a runtime sees them: environment, stdin, stdout, and what the kernel has afterwards.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/pods.sh"
plugins=${PODNET_BIN:-}/cni

host_mode='"ipMasq": true, "hairpinMode": true,
    "ipam": {"type": "host-local", "addressMode": "host", "ranges": [[{"subnet": "10.11.23.0/24"}]]}'
classic='"isDefaultGateway": true, "ipMasq": true, "ipam": {"type": "host-local", "subnet": "10.12.0.0/24"}'
dual='"ipam": {"type": "host-local", "addressMode": "host",
    "ranges": [[{"subnet": "10.11.23.0/24"}], [{"subnet": "fd00:11:23::/112"}]]}'

test_every_version_adds_checks_and_deletes() {
    local version keys
    for version in 0.3.1 0.4.0 1.0.0 1.1.0; do
        for keys in "$host_mode" "$dual" "\"forceAddress\": true, $classic"; do
            attach pod "$keys"
            expect_equal "version of the result" "$(jq -r .cniVersion "$work/pod.json")" $version
            if [ $version = 0.3.1 ]; then
                expect_refusal 1 'does not allow CHECK' check pod "$keys"
            else
                check pod "$keys"
            fi
            call DEL pod "$keys"
            call DEL pod "$keys"
            ip netns del pod
        done
    done
}

test_pods_reach_each_other_and_their_node() {
    bridge_netfilter 0
    attach a "$host_mode"
    attach b "$host_mode"
    serve b 80
    socat TCP-LISTEN:81,fork,reuseaddr SYSTEM:"echo node" &
    wait_until 20 sh -c "ss -ltn | grep -q ':81 '"
    expect_equal "pod to pod" "$(ask a "$(address b)" 80)" b
    expect_equal "pod to node" "$(ask a 10.11.23.1 81)" node
    expect_equal "node to pod" "$(timeout 3 socat -u "TCP:$(address b):80" -)" b
    expect_equal "prefix of the pod's address" "$(jq -r '.ips[0].address' "$work/a.json")" 10.11.23.2/32
    # No frame goes from pod to pod without the host: the ports are isolated, so their traffic is routed.
    expect_match "port" "$(ip -d link show "$(jq -r '.interfaces[1].name' "$work/a.json")")" 'isolated on'
    expect_equal "neighbours of a" "$(ip -n a neigh show nud permanent | awk '{print $1}')" 10.11.23.1
}

test_both_families_in_host_address_mode() {
    attach a "$dual"
    attach b "$dual"
    serve b 80 pf=ip6
    expect_equal "addresses" "$(jq -c '[.ips[].address]' "$work/a.json")" '["10.11.23.2/32","fd00:11:23::2/128"]'
    expect_equal "pod to pod over IPv6" "$(ask a '[fd00:11:23::3]' 80)" b
    expect_equal "tentative addresses" "$(ip -n a addr show tentative scope global)" ""
}

test_masquerade_shows_the_nodes_address_outside_and_the_pods_inside() {
    add_outside
    attach a "$host_mode"
    attach b "$host_mode"
    ip netns exec outside socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR' &
    ip netns exec b socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR' &
    wait_until 20 ip netns exec outside sh -c "ss -ltn | grep -q ':80 '"
    wait_until 20 ip netns exec b sh -c "ss -ltn | grep -q ':80 '"
    expect_equal "seen outside" "$(ask a 192.0.2.1 80)" 192.0.2.2
    expect_equal "seen by another pod" "$(ask a "$(address b)" 80)" 10.11.23.2
}

test_delete_needs_neither_namespace_nor_result_nor_the_same_configuration() {
    attach first "$host_mode"
    call DEL first "$host_mode"
    ip netns del first
    snapshot >"$work/before"
    local way
    for way in empty-netns missing-netns plain-file changed-configuration gone-ranges own-netns; do
        attach pod "$host_mode"
        case $way in
            empty-netns) ip netns del pod; call DEL pod "$host_mode" "" ;;
            missing-netns) ip netns del pod; call DEL pod "$host_mode" ;;
            plain-file) ip netns del pod; echo no >"$work/file"; call DEL pod "$host_mode" "$work/file" ;;
            changed-configuration)
                call DEL pod '"mtu": 1400, "ipam": {"type": "host-local", "subnet": "10.99.0.0/24"}'
                ip netns del pod ;;
            gone-ranges) call DEL pod '"ipam": {"type": "host-local"}'; ip netns del pod ;;
            own-netns) ip netns del pod; call DEL pod "$host_mode" /proc/self/ns/net ;;
        esac
        snapshot | grep -v last_reserved >"$work/after"
        diff <(grep -v last_reserved "$work/before") "$work/after"
    done
    expect_match "lo of the node" "$(ip link show lo)" 'UP'
}

test_an_exhausted_pool_says_so_and_recovers() {
    local small='"ipam": {"type": "host-local", "addressMode": "host", "subnet": "10.13.0.0/30"}'
    attach a "$small"
    ip netns add b
    expect_refusal 11 '10.13.0' call ADD b "$small"
    local status=0
    conf "$small" | env -i CNI_COMMAND=STATUS CNI_PATH="$plugins" "$plugins/bridge" >"$work/status" || status=$?
    expect_equal "STATUS" "$status $(jq .code "$work/status")" "1 50"
    call DEL a "$small"
    call ADD b "$small" >/dev/null
    conf "$small" | sed 's/30"/29"/' | env -i CNI_COMMAND=STATUS CNI_PATH="$plugins" "$plugins/bridge"
}

test_a_full_disk_fails_the_add_and_not_the_delete() {
    mkdir "$work/full"
    mount -t tmpfs -o size=16k,nr_inodes=16 tmpfs "$work/full"
    local keys="\"ipam\": {\"type\": \"host-local\", \"subnet\": \"10.14.0.0/24\", \"dataDir\": \"$work/full\"}"
    attach a "$keys"
    dd if=/dev/zero of="$work/full/filler" bs=4k 2>/dev/null || true
    find "$work/full/net" | sort >"$work/before"
    ip netns add b
    expect_refusal 5 "$work/full.*[Nn]o space" call ADD b "$keys"
    find "$work/full/net" | sort | diff "$work/before" -
    expect_equal "interfaces of b" "$(ip -n b -br link | wc -l)" 1
    # A lease that cannot be removed is an error, so that the runtime asks again; what else the pod had is gone.
    mount -o remount,ro "$work/full"
    expect_refusal 5 "$work/full.*Read-only" call DEL a "$keys"
    expect_equal "interfaces of a" "$(ip -n a -br link | wc -l)" 1
    mount -o remount,rw "$work/full"
    call DEL a "$keys"
    expect_equal "leases" "$(find "$work/full/net" -name '10.*')" ""
}

test_a_hundred_adds_at_once_get_a_hundred_addresses() {
    local i pids=() failed=0
    for i in $(seq 100); do ip netns add "p$i"; done
    for i in $(seq 100); do call ADD "p$i" "$host_mode" >"$work/p$i.json" & pids+=($!); done
    for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
    expect_equal "failed" $failed 0
    expect_equal "addresses" "$(jq -r '.ips[0].address' "$work"/p*.json | sort -u | wc -l)" 100
    expect_equal "rules" "$(nft list chain inet podnet-cni nat-postrouting | grep -c masquerade-)" 1
    serve p7 80
    expect_equal "p100 to p7" "$(ask p100 "$(address p7)" 80)" p7
    for i in 1 50 100; do check "p$i" "$host_mode"; done
    pids=()
    for i in $(seq 100); do call DEL "p$i" "$host_mode" & pids+=($!); done
    for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
    expect_equal "failed" $failed 0
    expect_equal "links left" "$(ip -br link show type veth)" ""
    expect_equal "leases left" "$(find /var/lib/cni -name '10.*')" ""
    expect_equal "elements left" "$(nft -j list set inet podnet-cni pods-ip | jq '.nftables[1].set.elem // [] | length')" 0
}

test_garbage_collection_keeps_what_is_listed_and_nothing_else() {
    attach a "$host_mode"
    attach b "$host_mode"
    ip netns del b
    gc() {
        conf "$host_mode, \"cni.dev/valid-attachments\": $1" |
            env -i CNI_COMMAND=GC CNI_PATH="$plugins" "$plugins/bridge"
    }
    gc null
    expect_equal "leases after a GC without a list" "$(find /var/lib/cni -name '10.*' | wc -l)" 2
    gc '[{"containerID": "a", "ifname": "eth0"}]'
    check a "$host_mode"
    expect_equal "leases" "$(find /var/lib/cni -name '10.*' -printf '%f\n')" "$(address a)"
    expect_equal "routes" "$(ip route show proto 112 | wc -l)" 1
    gc '[]'
    expect_equal "links" "$(ip -br link | awk '{print $1}')" lo
    expect_equal "tables" "$(nft list tables)" ""
}

test_check_tells_what_is_wrong() {
    bridge_netfilter 0
    attach a "$host_mode"
    local veth
    veth=$(jq -r '.interfaces[1].name' "$work/a.json")
    nft delete element inet podnet-cni pods-ip '{ 10.11.23.2 }'
    expect_refusal 999 'pods-ip.*missing|missing.*pods-ip' check a "$host_mode"
    nft add element inet podnet-cni pods-ip "{ 10.11.23.2 comment \"net/a/eth0\" }"
    check a "$host_mode"
    ip route del 10.11.23.2
    expect_refusal 999 'route 10.11.23.2/32' check a "$host_mode"
    ip route add 10.11.23.2 dev br0 proto 112 scope link
    bridge link set dev "$veth" isolated off
    expect_refusal 999 'isolated: want true, have false' check a "$host_mode"
    bridge link set dev "$veth" isolated on
    ip -n a addr del 10.11.23.2/32 dev eth0
    expect_refusal 999 'address 10.11.23.2/32 dev eth0' check a "$host_mode"
}

test_others_ipam_and_our_ipam_for_others() {
    local reference=${PODNET_REFERENCE_PLUGINS:-/usr/lib/cni} static
    mkdir "$work/bin"
    ln "$plugins/podnet-cni" "$work/bin/bridge" 2>/dev/null || cp "$bin/podnet-cni" "$work/bin/bridge"
    cp "$reference/static" "$work/bin/static"
    static='"ipam": {"type": "static", "addresses": [{"address": "10.15.0.7/24", "gateway": "10.15.0.1"}]}'
    local version=1.0.0
    plugins=$work/bin attach a "$static"
    expect_equal "address by another's static" "$(address a)" 10.15.0.7
    plugins=$work/bin check a "$static"
    plugins=$work/bin call DEL a "$static"
    mkdir "$work/theirs"
    cp "$reference/bridge" "$work/theirs/bridge"
    cp "$bin/podnet-cni" "$work/theirs/host-local"
    local theirs='"ipam": {"type": "host-local", "subnet": "10.16.0.0/24"}'
    ip netns add b
    plugins=$work/theirs call ADD b "$theirs" >"$work/b.json"
    expect_equal "address by our host-local" "$(address b)" 10.16.0.2
    plugins=$work/theirs call DEL b "$theirs"
    expect_equal "leases" "$(find /var/lib/cni -name '10.16*')" ""
}

test_loopback() {
    ip netns add a
    loopback() { echo '{"cniVersion": "0.3.1", "name": "cni-loopback", "type": "loopback"}' |
        cni "$1" a /run/netns/a lo loopback; }
    loopback ADD >"$work/lo.json"
    expect_match "lo" "$(ip -n a link show lo)" 'LOWER_UP'
    expect_equal "result" "$(jq -c '[.ips[].address]' "$work/lo.json")" '["127.0.0.1/8","::1/128"]'
    loopback DEL
    ip netns del a
    loopback DEL
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
