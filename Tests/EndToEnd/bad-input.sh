#!/usr/bin/env bash
# What a plugin does with input that is wrong: one error that names field and value, nothing changed, everything else
# goes on. What podnetd does is in proxy.sh and daemon.sh.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/pods.sh"
plugins=${PODNET_BIN:-}/cni

keys='"ipMasq": true, "ipam": {"type": "host-local", "addressMode": "host", "ranges": [[{"subnet": "10.11.23.0/24"}]]}'
with_id() { conf "$keys" | cni ADD "$1" /run/netns/pod eth0; }
raw() { cni ADD pod /run/netns/pod eth0 <<<"$1"; }

test_unknown_and_mistyped_keys() {
    node
    expect_refusal 7 'isGatway.*isGateway' call ADD pod "\"isGatway\": true, $keys"
    expect_refusal 7 "mtu: .*1500x" call ADD pod "\"mtu\": \"1500x\", $keys"
    expect_refusal 7 "mtu: .*-1" call ADD pod "\"mtu\": -1, $keys"
    expect_refusal 7 "ipMasq: .*yes" call ADD pod "\"ipMasq\": \"yes\", \"ipam\": {\"type\": \"host-local\", \"subnet\": \"10.1.0.0/24\"}"
    expect_refusal 7 "ipam.addressMode: .*guest" call ADD pod \
        '"ipam": {"type": "host-local", "addressMode": "guest", "subnet": "10.1.0.0/24"}'
    unchanged
}

test_malformed_addresses() {
    node
    expect_refusal 7 "10.0.0.0/33" call ADD pod '"ipam": {"type": "host-local", "subnet": "10.0.0.0/33"}'
    expect_refusal 7 "10.0.0.300" call ADD pod \
        '"ipam": {"type": "host-local", "subnet": "10.0.0.0/24", "rangeStart": "10.0.0.300"}'
    expect_refusal 7 "10.9.0.1" call ADD pod \
        '"ipam": {"type": "host-local", "subnet": "10.0.0.0/24", "rangeStart": "10.9.0.1"}'
    expect_refusal 7 "gateway.*10.0.0.x|10.0.0.x" call ADD pod \
        '"ipam": {"type": "host-local", "subnet": "10.0.0.0/24", "gateway": "10.0.0.x"}'
    expect_refusal 7 "runtimeConfig.mac.*02:00" call ADD pod "\"runtimeConfig\": {\"mac\": \"02:00\"}, $keys"
    expect_refusal 7 "01:00:5e:00:00:01" call ADD pod "\"runtimeConfig\": {\"mac\": \"01:00:5e:00:00:01\"}, $keys"
    unchanged
}

test_interface_names() {
    node
    local name
    for name in sixteen-bytes-xy . .. a/b 'a b'; do
        expect_refusal 4 'CNI_IFNAME' call ADD pod "$keys" /run/netns/pod "$name"
    done
    expect_refusal 4 CNI_IFNAME sh -c "echo {} | CNI_COMMAND=ADD CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod CNI_PATH=$plugins $plugins/bridge"
    expect_refusal 7 'bridge.*sixteen-bytes-xy' raw "$(conf "$keys" | sed 's/"br0"/"sixteen-bytes-xy"/')"
    unchanged
}

test_container_ids() {
    node
    local id
    for id in ../x ../../etc/passwd 'a/b' '' 'a b' "$(printf 'x\ny')"; do expect_refusal 4 'CNI_CONTAINERID|containerID' with_id "$id"; done
    expect_refusal 4 '\.\./x' with_id ../x
    unchanged
}

test_namespaces_that_are_none() {
    node
    echo no >"$work/file"
    expect_refusal 8 '/proc/self/ns/net' call ADD pod "$keys" /proc/self/ns/net
    expect_refusal 8 "$work/file" call ADD pod "$keys" "$work/file"
    expect_refusal 8 '/run/netns/none' call ADD pod "$keys" /run/netns/none
    expect_refusal 8 '/proc/self/ns/mnt' call ADD pod "$keys" /proc/self/ns/mnt
    expect_refusal 8 '/run' call ADD pod "$keys" /run
    expect_refusal 4 'CNI_NETNS' call ADD pod "$keys" ''
    unchanged
}

test_an_interface_that_is_there_already() {
    node
    expect_refusal 999 'eth0.*already exists' call ADD first "$keys"
    ip -n pod link add eth0 type bridge
    expect_refusal 999 'eth0.*already exists' call ADD pod "$keys"
    expect_match "it stays as it was" "$(ip -n pod -d link show eth0)" ' bridge '
    unchanged
}

test_input_that_is_no_configuration() {
    node
    expect_refusal 6 'stdin' raw '{'
    expect_refusal 6 'stdin' raw ''
    expect_refusal 6 '.' raw '[]'
    expect_refusal 1 '9\.9\.9' raw "$(conf "$keys" 9.9.9)"
    expect_refusal 7 'name' raw "$(conf "$keys" | sed 's/"net"/"..\/net"/')"
    expect_refusal 4 'CNI_COMMAND.*DANCE|DANCE' sh -c "CNI_COMMAND=DANCE CNI_PATH=$plugins $plugins/bridge </dev/null"
    unchanged
}

test_ipam_plugins_that_are_not_there() {
    node
    expect_refusal 7 'none-such' call ADD pod '"ipam": {"type": "none-such"}'
    expect_refusal 7 '\.\./host-local' call ADD pod '"ipam": {"type": "../host-local", "subnet": "10.1.0.0/24"}'
    unchanged
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
