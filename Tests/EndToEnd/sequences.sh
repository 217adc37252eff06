#!/usr/bin/env bash
# The calls that runtimes make which do not run here, in their order, with their environment, capabilities and caches:
# CRI-O, cri-dockerd, nerdctl, containerd 2 below kubelet, and podman's.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/libcni.sh"
plugins=${PODNET_BIN:-}/cni
folders=$plugins:/usr/lib/cni
capabilities='{}'

# lists VERSION PLUGIN…: a network of our bridge, and those of the plugins that are ours already where the version
# is one that the reference on this machine does not know.
list() {
    local version=$1 plugin
    network=$work/$version.conflist
    jq -n --arg version "$version" --slurpfile ours "$here/conf/cni/10-podnet.conflist" '$ours[0]
        | .cniVersion = $version | .plugins = [.plugins[0]
            + {capabilities: {mac: true, ips: true, aliases: true, "io.kubernetes.cri.pod-annotations": true}}]' >"$network"
    shift
    for plugin in "$@"; do
        [ "$version" != 1.1.0 ] || [ -e "$plugins/$plugin" ] || continue
        jq --argjson plugin "$(capable "$plugin")" '.plugins += [$plugin]' "$network" >"$network.new"
        mv "$network.new" "$network"
    done
}
capable() {
    case $1 in
        portmap) echo '{"type": "portmap", "capabilities": {"portMappings": true}}' ;;
        bandwidth) echo '{"type": "bandwidth", "capabilities": {"bandwidth": true}}' ;;
        *) echo "{\"type\": \"$1\"}" ;;
    esac
}
address() { jq -r '.ips[0].address' <<<"$1"; }
# What pods own; what they share may stay.
owned() {
    ip -br link show type veth
    ip route show proto 112
    { find /var/lib/cni -type f ! -name 'last_reserved_ip*' ! -name lock 2>/dev/null || true; } | sort
    nft -j list ruleset | jq -c '.nftables[] | (.set, .map) | select(.elem) | [.name, .elem]'
}
nothing_is_left() { expect_equal "what is left" "$(owned)" ""; }

# ocicni: validates every plugin when it loads the file, asks STATUS, adds eth0, and reads the result by CHECK.
test_cri_o() {
    list 1.1.0 portmap bandwidth
    network_validate
    network_status
    ip netns add pod
    capabilities='{"bandwidth": {"ingressRate": 0, "ingressBurst": 0, "egressRate": 0, "egressBurst": 0},
        "cgroupPath": "/kubepods/pod1", "io.kubernetes.cri.pod-annotations": {"a.example/b": "c"}}'
    export CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=4f1a;K8S_POD_UID=u"
    local result
    result=$(network_add 4f1a /run/netns/pod eth0)
    expect_equal "address" "$(address "$result")" 10.11.23.2/32
    network_check 4f1a /run/netns/pod eth0
    network_check 4f1a /run/netns/pod eth0
    network_gc '[{"containerID": "4f1a", "ifname": "eth0"}]'
    network_check 4f1a /run/netns/pod eth0
    network_delete 4f1a /run/netns/pod eth0
    ip netns del pod
    network_delete 4f1a "" eth0
    nothing_is_left
    # After a restart of the node's runtime: everything is a leftover.
    ip netns add lost
    network_add lost /run/netns/lost eth0 >/dev/null
    ip netns del lost
    network_gc '[]'
    rm "$(cache_of lost eth0)"
    nothing_is_left
}

# Asks VERSION of every plugin every five seconds, gives portMappings even if there are none, ipRanges from the node's
# PodCIDR, and keeps its cache in a folder of its own.
test_cri_dockerd() {
    list 1.0.0 portmap
    jq '.plugins[0].capabilities = {ipRanges: true, dns: true}
        | .plugins[0].ipam = {type: "host-local", addressMode: "host"}' "$network" >"$network.new"
    mv "$network.new" "$network"
    capabilities='{"portMappings": [], "ipRanges": [[{"subnet": "10.244.3.0/24"}]], "bandwidth": {}, "dns": {"servers":
        ["10.96.0.10"], "searches": ["default.svc.cluster.local"], "options": ["ndots:5"]}}'
    ip netns add pod
    local pod=/proc/self/ns/net result i
    ip netns exec pod sleep 60 &
    pod=/proc/$!/ns/net
    wait_until 20 sh -c "[ \"\$(readlink $pod)\" != \"\$(readlink /proc/self/ns/net)\" ]"
    export CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=d0c"
    echo '{"cniVersion": "0.2.0", "name": "cni-loopback", "plugins": [{"type": "loopback"}]}' >"$work/lo.conflist"
    network=$work/lo.conflist network_add d0c "$pod" lo >/dev/null
    for i in 1 2 3; do network_validate; done
    result=$(network_add d0c "$pod" eth0)
    expect_equal "address" "$(address "$result")" 10.244.3.2/32
    for i in 1 2 3; do network_validate; done
    network=$work/lo.conflist network_delete d0c "$pod" lo
    # The sandbox container has ended: /proc/PID/ns/net is no more.
    kill %%
    wait
    network_delete d0c "$pod" eth0
    network_delete d0c "" eth0
    nothing_is_left
}

# The whole chain from an OCI hook, with the address and MAC as arguments; takes down without a namespace.
test_nerdctl() {
    list 1.0.0 portmap firewall tuning
    ip netns add pod
    capabilities='{"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": "0.0.0.0"}]}'
    export CNI_ARGS="IgnoreUnknown=1;IP=10.11.23.77;MAC=02:00:00:11:22:33;NERDCTL_CNI_DHCP_HOSTNAME=web"
    local result
    result=$(network_add default-4e7d /run/netns/pod eth0)
    expect_equal "address" "$(address "$result")" 10.11.23.77/32
    expect_equal "MAC" "$(ip -n pod -j link show eth0 | jq -r '.[0].address')" 02:00:00:11:22:33
    ip netns del pod
    network_delete default-4e7d "" eth0
    network_delete default-4e7d "" eth0
    nothing_is_left
}

# containerd 2.1: STATUS with each of kubelet's questions; loopback and eth0 at once; DEL by the cache, twice.
test_containerd_2_below_kubelet() {
    list 1.1.0 portmap bandwidth
    snapshot >"$work/before"
    local i result
    for i in $(seq 5); do network_status; done
    snapshot | diff "$work/before" -
    ip netns add cni-1
    echo '{"cniVersion": "0.3.1", "name": "cni-loopback", "plugins": [{"type": "loopback"}]}' >"$work/lo.conflist"
    capabilities='{"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}], "cgroupPath": "/kubepods/1",
        "bandwidth": {"ingressRate": 1000000, "ingressBurst": 4294967295, "egressRate": 0, "egressBurst": 0},
        "dns": {"servers": ["10.96.0.10"]}, "io.kubernetes.cri.pod-annotations": {}}'
    export CNI_ARGS="K8S_POD_INFRA_CONTAINER_ID=c0;K8S_POD_UID=u;IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0"
    (network=$work/lo.conflist network_add c0 /run/netns/cni-1 lo >/dev/null) &
    result=$(network_add c0 /run/netns/cni-1 eth0)
    wait %%
    expect_equal "result" "$(jq -c '[.cniVersion, .interfaces[.ips[0].interface].name, .ips[0].address]' <<<"$result")" \
        '["1.1.0","eth0","10.11.23.2/32"]'
    expect_equal "names on the node and in the pod" "$(jq -r '.interfaces[].name' <<<"$result" | sort | uniq -d)" ""
    expect_match "lo" "$(ip -n cni-1 link show lo)" 'LOOPBACK,UP'
    for i in $(seq 5); do network_status; done
    network_delete c0 /run/netns/cni-1 eth0
    network_delete c0 /run/netns/cni-1 eth0
    network=$work/lo.conflist network_delete c0 /run/netns/cni-1 lo
    ip netns del cni-1
    nothing_is_left
}

# A power cut empties libcni's cache: DEL comes without a previous result (containernetworking/cni#1055).
test_an_empty_cache() {
    local version
    for version in 0.3.1 0.4.0 1.0.0; do
        list $version portmap
        ip netns add pod
        network_add c1 /run/netns/pod eth0 >/dev/null
        : >"$(cache_of c1 eth0)"
        network_delete c1 /run/netns/pod eth0
        ip netns del pod
        nothing_is_left
    done
}

# Two networks of one container, as podman attaches them: one after the other, under a lock, its environment cleared.
test_podman() {
    list 0.4.0 portmap firewall tuning
    local first=$network second=$work/second.conflist
    jq '.name = "second" | .plugins[0].bridge = "br1" | .plugins[0].ipam.ranges = [[{subnet: "10.12.0.0/24"}]]' "$first" \
        >"$second"
    network_validate
    ip netns add pod
    export CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAME=web" XDG_RUNTIME_DIR=
    capabilities='{"aliases": {"podnet": ["web", "4f1a"]}, "portMappings": [{"hostPort": 8080, "containerPort": 80,
        "protocol": "tcp", "hostIP": ""}]}'
    network_add 4f1a /run/netns/pod eth0 >/dev/null
    capabilities='{"aliases": {"second": ["web"]}}'
    network=$second network_add 4f1a /run/netns/pod eth1 >/dev/null
    expect_equal "addresses" "$(ip -n pod -4 -j addr show scope global | jq -r '.[].addr_info[].local' | xargs)" \
        "10.11.23.2 10.12.0.2"
    network=$second network_delete 4f1a /run/netns/pod eth1
    network_delete 4f1a /run/netns/pod eth0
    ip netns del pod
    nothing_is_left
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
