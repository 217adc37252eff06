#!/usr/bin/env bash
# What users of the reference plugins complain about, where no other file has it: one case each, with the thread.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/pods.sh"
plugins=${PODNET_BIN:-}/cni

# Six addresses, of which the gateway has one.
few='"isDefaultGateway": true, "ipam": {"type": "host-local", "subnet": "10.12.0.0/29"}'
held() { find /var/lib/cni/networks/net -name '10.*' -printf '%f\n' | sort; }
bridge_address() { ip -j link show br0 | jq -r '.[0].address'; }

# A restart of the node: another boot, no namespaces, no links; what is on disk stays.
restart() {
    local pod
    for pod in "$@"; do ip netns del "$pod"; done
    wait_until 20 sh -c '[ -z "$(ip -br link show type veth)" ]'
    ip link del br0
    umount /proc/sys/kernel/random/boot_id 2>/dev/null || true
    cat /proc/sys/kernel/random/uuid >"$work/boot"
    mount --bind "$work/boot" /proc/sys/kernel/random/boot_id
}

# plugins#252, kubernetes#108121: nobody deletes the pods of before, until no address is left.
test_addresses_of_before_a_restart_are_free_again() {
    local boot pod
    for boot in 1 2 3; do
        for pod in a b c d e; do attach "$pod$boot" "$few"; done
        ip netns add late
        expect_refusal 11 '10.12.0' call ADD late "$few"
        ip netns del late
        restart {a,b,c,d,e}$boot
    done
    attach new "$few"
    expect_equal "leases" "$(held)" "$(address new)"
    # A DEL that comes late for one of them takes nothing of whoever has its address.
    for pod in a b c d e; do call DEL "${pod}3" "$few" ""; done
    check new "$few"
}

# plugins#498: a crash or a full disk left files without a name in them, which kept their addresses for ever.
test_an_empty_lease_keeps_no_address() {
    mkdir -p /var/lib/cni/networks/net
    touch /var/lib/cni/networks/net/10.12.0.{2..6}
    local pod
    for pod in a b c d e; do attach $pod "$few"; done
    expect_equal "empty leases" "$(find /var/lib/cni/networks/net -name '10.*' -empty)" ""
}

# plugins#510: dozens of programs for each pod, each of which waits for one lock.
test_no_plugin_starts_a_program() {
    local list="{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"plugins\": [
        {\"type\": \"bridge\", \"ipMasq\": true, \"macspoofchk\": true, $few}, {\"type\": \"portmap\"},
        {\"type\": \"firewall\", \"ingressPolicy\": \"same-bridge\"}, {\"type\": \"tuning\", \"mtu\": 1400}, {\"type\": \"sbr\"},
        {\"type\": \"bandwidth\", \"ingressRate\": 8000000, \"ingressBurst\": 400000, \"egressRate\": 8000000, \"egressBurst\": 400000}]}"
    export runtime='{"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}'
    cni() {
        env -i CNI_COMMAND="$1" CNI_CONTAINERID="$2" CNI_NETNS="$3" CNI_IFNAME="$4" CNI_PATH="$plugins" \
            strace -f -qq -e trace=execve,execveat -o "$work/trace.$1.$5" "$plugins/$5"
    }
    ip netns add pod
    chain ADD pod /run/netns/pod eth0 <<<"$list" >"$work/pod.json"
    chain CHECK pod /run/netns/pod eth0 "$work/pod.json" <<<"$list"
    chain DEL pod /run/netns/pod eth0 "$work/pod.json" <<<"$list"
    expect_equal "calls" "$(find "$work" -name 'trace.*' | wc -l)" 18
    local trace
    for trace in "$work"/trace.*; do expect_equal "programs of ${trace##*/}" "$(grep -c 'exec.* = 0' "$trace")" 1; done
}

# cni#285, kubernetes#30783: with every pod the bridge, the gateway of all others, had another hardware address.
test_a_bridges_hardware_address_is_for_good() {
    local keys='"isGateway": true, "ipam": {"type": "host-local", "subnet": "10.12.0.0/24"}' pod mac seen
    for keys in "$keys" ''; do
        attach first "$keys"
        mac=$(bridge_address)
        seen=$mac
        for pod in a b c d e f; do attach $pod "$keys"; seen+=" $(bridge_address)"; done
        for pod in first a b c d e f; do call DEL $pod "$keys"; ip netns del $pod; seen+=" $(bridge_address)"; done
        ip link del br0
        attach again "$keys"
        seen+=" $(bridge_address)"
        expect_equal "addresses of the bridge" "$(xargs -n 1 <<<"$seen" | sort -u)" "$mac"
        call DEL again "$keys"
        ip netns del again
        ip link del br0
    done
}

# plugins#756, moby#36069: for a while others sent to the hardware address of who had had the IP address.
test_who_gets_an_address_again_is_reached_at_once() {
    local keys mode pod target
    # pool LAST: of both families, with one address each.
    pool() { echo "\"isGateway\": true, \"ipam\": {\"type\": \"host-local\"$mode, \"ranges\": [
        [{\"subnet\": \"10.12.0.0/24\", \"rangeStart\": \"10.12.0.$1\", \"rangeEnd\": \"10.12.0.$1\"}],
        [{\"subnet\": \"fd00:12::/112\", \"rangeStart\": \"fd00:12::$1\", \"rangeEnd\": \"fd00:12::$1\"}]]}"; }
    for mode in '' ', "addressMode": "host"'; do
        attach client "$(pool 9)"
        for pod in former latter; do
            attach $pod "$(pool 5)"
            ip netns exec $pod socat TCP6-LISTEN:80,fork,reuseaddr,ipv6only=0 SYSTEM:"echo $pod" &
            wait_until 20 ip netns exec $pod sh -c "ss -ltn | grep -q ':80 '"
            for target in 10.12.0.5 '[fd00:12::5]'; do
                expect_equal "who has $target for the node" "$(timeout 2 socat -u "TCP:$target:80,connect-timeout=0.9" - || true)" $pod
                expect_equal "who has $target for a pod" \
                    "$(ip netns exec client timeout 2 socat -u "TCP:$target:80,connect-timeout=0.9" - || true)" $pod
            done
            call DEL $pod "$(pool 5)"
        done
        call DEL client "$(pool 9)"
        for pod in former latter client; do ip netns del $pod; done
        ip link del br0
    done
}

# plugins#369, podman#12306: the bridge has the gateway of another subnet.
test_a_bridge_with_another_gateway_is_named_and_stays() {
    local keys="$few"
    node
    local other='"isDefaultGateway": true, "ipam": {"type": "host-local", "subnet": "10.77.0.0/24"}'
    expect_refusal 999 '"br0" already has an IP address different from 10.77.0.1/24: 10.12.0.1/29' call ADD pod "$other"
    snapshot | grep -v last_reserved | diff <(grep -v last_reserved "$work/before") -
    check first "$few"
    call ADD pod "\"forceAddress\": true, $other" >/dev/null
    expect_equal "the bridge's addresses" "$(ip -4 -j addr show br0 | jq -r '.[0].addr_info[].local')" 10.77.0.1
}

# plugins#680, kubernetes#54651: two seconds until an IPv6 address could be used.
test_an_ipv6_address_is_usable_when_add_returns() {
    local keys='"isGateway": true, "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.12.0.0/24"}], [{"subnet": "fd00:12::/64"}]]}'
    local plugin
    for plugin in bridge ptp; do
        attach a "$keys"
        expect_equal "tentative addresses of a pod of $plugin" "$(ip -n a -6 addr show tentative scope global)" ""
        # Bound at once, so it is not only there.
        ip netns exec a timeout 1 socat -u OPEN:/dev/null "UDP-SENDTO:[fd00:12::1]:9,bind=[$(address a 1)]"
        call DEL a "$keys"
        ip netns del a
    done
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
