#!/usr/bin/env bash
# STATUS, GC and CHECK of every plugin: what runtimes ask for most often, and what they do least.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/pods.sh"
bin=${PODNET_BIN:-}
plugins=$bin/cni

all_plugins() { sed -n 's/^PLUGINS *= *//p' "$here/Makefile"; }
pool='"ipam": {"type": "host-local", "subnet": "10.12.0.0/24"}'
# keys PLUGIN [IPAM]: a good configuration of it.
keys() {
    local ipam=${2:-$pool}
    case $1 in
        bridge) echo ", \"bridge\": \"br0\", \"isDefaultGateway\": true, \"ipMasq\": true, $ipam" ;;
        ptp) echo ", \"ipMasq\": true, $ipam" ;;
        macvlan) echo ", \"master\": \"uplink\", $ipam" ;;
        host-device) echo ", \"device\": \"spare\", $ipam" ;;
        host-local) echo ", $ipam" ;;
        static) echo ', "ipam": {"type": "static", "addresses": [{"address": "10.15.0.7/24"}]}' ;;
        firewall) echo ', "ingressPolicy": "isolated"' ;;
        bandwidth) echo ', "ingressRate": 8000000, "ingressBurst": 400000' ;;
        *) echo '' ;;
    esac
}
# ask_network VERB PLUGIN KEYS [COMMAND…]: a verb that is about a network and no attachment; the command runs the plugin.
ask_network() {
    local verb=$1 type=$2 text="{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"$2\"$3}"
    shift 3
    env -i CNI_COMMAND="$verb" CNI_PATH="$plugins" "$@" "$plugins/$type" <<<"$text"
}
links() {
    add_outside
    ip link add spare type veth peer name other
}

# The runtimes ask every five seconds, and for each network. What it takes is a figure, since machines are noisy; how much it
# asks the kernel is the same everywhere.
test_status_of_every_plugin_is_quick_and_changes_nothing() {
    links
    attach first "$(keys bridge | sed 's/, "bridge": "br0", //')"
    snapshot >"$work/before"
    local type fastest time start calls
    for type in $(all_plugins); do
        fastest=999999
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            start=${EPOCHREALTIME/./}
            ask_network STATUS "$type" "$(keys "$type")" >"$work/output" || { echo "$type: $(cat "$work/output")"; exit 1; }
            time=$((${EPOCHREALTIME/./} - start))
            [ $time -ge $fastest ] || fastest=$time
        done
        expect_equal "output of $type" "$(cat "$work/output")" ""
        ask_network STATUS "$type" "$(keys "$type")" strace -f -qq -o "$work/calls"
        calls=$(wc -l <"$work/calls")
        echo "FIGURE STATUS of $type: $fastest µs, starting env and the plugin included; $calls system calls"
        [ $calls -lt 100 ] || { echo "STATUS of $type makes $calls system calls"; exit 1; }
    done
    snapshot | diff "$work/before" -
}

test_status_tells_of_an_exhausted_pool() {
    links
    local type small='"ipam": {"type": "host-local", "subnet": "10.13.0.0/30"}'
    # The gateway has one of the two addresses, somebody has the other.
    mkdir -p /var/lib/cni/networks/net
    printf 'other\r\neth0' >/var/lib/cni/networks/net/10.13.0.2
    for type in host-local bridge ptp macvlan host-device; do
        expect_refusal 50 '10\.13\.0' ask_network STATUS "$type" "$(keys "$type" "$small")"
    done
}

# The kernel's answer is what one without that part gives.
test_status_tells_what_the_kernel_lacks() {
    links
    local type number
    lacking() { # PLUGIN CALL:ERROR
        ask_network STATUS "$1" "$(keys "$1")" strace -f -qq -o /dev/null -e trace="${2%%:*}" -e inject="$2"
    }
    for type in bridge ptp portmap firewall; do
        ask_network STATUS "$type" "$(keys "$type")" strace -f -qq -e trace=socket -o "$work/sockets"
        number=$(grep -m 1 -n NETLINK_NETFILTER "$work/sockets" | cut -d : -f 1)
        [ -n "$number" ] || { echo "$type does not ask for nftables"; exit 1; }
        expect_refusal 50 'the kernel has no nftables' lacking "$type" "socket:error=EPROTONOSUPPORT:when=$number"
    done
    expect_refusal 50 'the kernel has no traffic shaping' lacking bandwidth sendto:error=EOPNOTSUPP
    expect_refusal 50 'the kernel has no routing by rules' lacking sbr sendto:error=EOPNOTSUPP
}

test_status_tells_of_a_bridge_that_is_none() {
    links
    ip link add br0 type veth peer name br1
    expect_refusal 51 'br0.*wanted bridge, found veth' ask_network STATUS bridge "$(keys bridge)"
    ip link del br0
    ip link add br0 type bridge
    # The next ADD sets it up.
    ask_network STATUS bridge "$(keys bridge)"
    expect_refusal 50 'none' ask_network STATUS macvlan "$(keys macvlan | sed 's/uplink/none/')"
}

# A list that is absent is none, and no list of nothing.
test_gc_without_a_list_destroys_nothing_and_with_one_all_others() {
    links
    local network='"isDefaultGateway": true, "ipMasq": true, "ipam": {"type": "host-local", "subnet": "10.12.0.0/24"}'
    local list="{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"plugins\": [{\"type\": \"bridge\", \"bridge\": \"br0\", $network},
        {\"type\": \"tuning\", \"sysctl\": {\"net.core.somaxconn\": \"500\"}}, {\"type\": \"portmap\"},
        {\"type\": \"firewall\", \"ingressPolicy\": \"same-bridge\"},
        {\"type\": \"bandwidth\", \"ingressRate\": 8000000, \"ingressBurst\": 400000, \"egressRate\": 8000000,
            \"egressBurst\": 400000}]}" pod port=8000
    for pod in a b; do
        ip netns add $pod
        port=$((port + 1))
        runtime="{\"portMappings\": [{\"hostPort\": $port, \"containerPort\": 80, \"protocol\": \"tcp\"}]}" \
            chain ADD $pod /run/netns/$pod eth0 <<<"$list" >"$work/$pod.json"
    done
    snapshot >"$work/before"
    local type valid
    for type in $(all_plugins); do
        for valid in '' ', "cni.dev/valid-attachments": null'; do
            ask_network GC "$type" "$(keys "$type")$valid"
            snapshot | diff "$work/before" - || { echo "GC of $type with '$valid'"; exit 1; }
        done
        # Those who are listed stay, too.
        ask_network GC "$type" "$(keys "$type"), \"cni.dev/valid-attachments\": [{\"containerID\": \"a\", \"ifname\": \"eth0\"},
            {\"containerID\": \"b\", \"ifname\": \"eth0\"}]"
        snapshot | diff "$work/before" - || { echo "GC of $type with both"; exit 1; }
    done
    ip netns del b
    for type in bandwidth firewall portmap tuning bridge; do
        ask_network GC $type "$(keys $type), \"cni.dev/valid-attachments\": [{\"containerID\": \"a\", \"ifname\": \"eth0\"}]"
    done
    expect_equal "leases" "$(find /var/lib/cni -name '10.12.*' -printf '%f\n')" "$(address a)"
    expect_equal "devices that shape" "$(ip -br link show type ifb | wc -l)" 1
    expect_equal "pairs, uplink aside" "$(ip -br link show type veth | grep -vc 'uplink\|spare\|other')" 1
    expect_equal "elements of b" "$(nft list ruleset | grep -c 'net/b/eth0')" 0
    expect_match "elements of a" "$(nft list ruleset)" 'net/a/eth0'
    runtime='{"portMappings": [{"hostPort": 8001, "containerPort": 80, "protocol": "tcp"}]}' \
        chain CHECK a /run/netns/a eth0 "$work/a.json" <<<"$list"
}

# spoil COMMAND PATTERN REPAIR…: CHECK names what the command has broken, and passes once it is repaired.
spoil() {
    local command=$1 pattern=$2 repair=$3
    eval "$command"
    expect_refusal 999 "$pattern" check pod "$network"
    eval "$repair"
    check pod "$network" || { echo "CHECK after repairing '$command'"; exit 1; }
}

test_check_names_every_object_of_a_bridge_that_was_broken() {
    bridge_netfilter 0
    local network='"isDefaultGateway": true, "ipMasq": true, "hairpinMode": true, "macspoofchk": true, "mtu": 1400,
        "ipam": {"type": "host-local", "subnet": "10.12.0.0/24", "routes": [{"dst": "10.99.0.0/16"}]}}'
    network=${network%\}}
    attach pod "$network"
    check pod "$network"
    local veth mac
    veth=$(jq -r '.interfaces[1].name' "$work/pod.json")
    mac=$(jq -r '.interfaces[2].mac' "$work/pod.json")
    spoil 'ip -n pod link set eth0 down' 'eth0.*(up|down)' 'ip -n pod link set eth0 up
        ip -n pod route replace default via 10.12.0.1 dev eth0; ip -n pod route replace 10.99.0.0/16 via 10.12.0.1 dev eth0'
    spoil 'ip -n pod route del 10.99.0.0/16' 'route 10.99.0.0/16' 'ip -n pod route add 10.99.0.0/16 via 10.12.0.1 dev eth0'
    spoil 'ip -n pod route del default' 'route (0.0.0.0/0|default)' 'ip -n pod route add default via 10.12.0.1 dev eth0'
    spoil 'ip -n pod link set eth0 address 02:00:00:00:00:99' '02:00:00:00:00:99' "ip -n pod link set eth0 address $mac"
    spoil 'ip -n pod link set eth0 mtu 1300' 'mtu.*1400.*1300' 'ip -n pod link set eth0 mtu 1400'
    spoil "ip link set $veth down" "$veth.*(up|down)" "ip link set $veth up"
    spoil "ip link set $veth nomaster" "$veth.*(master|bridge)" "ip link set $veth master br0; bridge link set dev $veth hairpin on"
    spoil "bridge link set dev $veth hairpin off" 'hairpin' "bridge link set dev $veth hairpin on"
    spoil 'ip link set br0 down' 'br0.*(up|down)' 'ip link set br0 up'
    spoil 'ip addr del 10.12.0.1/24 dev br0' 'address 10.12.0.1/24' 'ip addr add 10.12.0.1/24 dev br0'
    spoil 'echo 0 >/proc/sys/net/ipv4/ip_forward' 'ip_forward' 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    spoil 'ip -n pod addr del 10.12.0.2/24 dev eth0' 'address 10.12.0.2/24' 'ip -n pod addr add 10.12.0.2/24 dev eth0
        ip -n pod route replace default via 10.12.0.1 dev eth0; ip -n pod route replace 10.99.0.0/16 via 10.12.0.1 dev eth0'
    local table
    for table in 'inet podnet-cni' 'bridge podnet-cni'; do
        nft delete table $table
        expect_refusal 999 'podnet-cni' check pod "$network"
        call DEL pod "$network"
        call ADD pod "$network" >"$work/pod.json"
        check pod "$network"
    done
    rm "/var/lib/cni/networks/net/$(address pod)"
    expect_refusal 999 'Failed to find|lease|10.12.0.2|host-local' check pod "$network"
}

test_check_names_every_neighbour_and_route_in_host_address_mode() {
    bridge_netfilter 0
    local network='"ipMasq": true, "ipam": {"type": "host-local", "addressMode": "host", "subnet": "10.11.23.0/24"}' entry
    attach pod "$network"
    entry=$(ip -n pod neigh show nud permanent | sed -n 1p)
    [ -n "$entry" ]
    spoil 'ip -n pod neigh del 10.11.23.1 dev eth0' 'neighbo.?r 10.11.23.1' "ip -n pod neigh replace ${entry/PERMANENT/nud permanent}"
    entry=$(ip neigh show 10.11.23.2 nud permanent)
    [ -z "$entry" ] || spoil "ip neigh del 10.11.23.2 dev br0" 'neighbo.?r 10.11.23.2' \
        "ip neigh replace ${entry/PERMANENT/nud permanent}"
    spoil 'ip route del 10.11.23.2' 'route 10.11.23.2/32' 'ip route add 10.11.23.2 dev br0 proto 112 scope link'
}

test_check_names_a_queueing_discipline_and_a_sysctl_and_an_element() {
    local list="{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"plugins\": [{\"type\": \"bridge\"$(keys bridge)},
        {\"type\": \"tuning\", \"sysctl\": {\"net.core.somaxconn\": \"500\"}}, {\"type\": \"portmap\"},
        {\"type\": \"firewall\", \"ingressPolicy\": \"same-bridge\"},
        {\"type\": \"bandwidth\", \"ingressRate\": 8000000, \"ingressBurst\": 400000, \"egressRate\": 8000000,
            \"egressBurst\": 400000}]}" veth ifb
    export runtime='{"portMappings": [{"hostPort": 8001, "containerPort": 80, "protocol": "tcp"}]}'
    ip netns add pod
    chain ADD pod /run/netns/pod eth0 <<<"$list" >"$work/pod.json"
    check() { chain CHECK pod /run/netns/pod eth0 "$work/pod.json" <<<"$list"; }
    # `spoil` asks this, whatever it says of the network.
    local network=
    check
    veth=$(jq -r '.interfaces[1].name' "$work/pod.json")
    ifb=$(ip -j link show type ifb | jq -r '.[0].ifname')
    spoil 'ip netns exec pod sysctl -qw net.core.somaxconn=128' 'somaxconn' 'ip netns exec pod sysctl -qw net.core.somaxconn=500'
    local shaping
    for shaping in "$veth" "$ifb"; do
        tc qdisc del dev "$shaping" root
        expect_refusal 999 "$shaping" check
        tc qdisc add dev "$shaping" root tbf rate 1mbit burst 50k latency 25ms
        expect_refusal 999 "$shaping" check
        chain DEL pod /run/netns/pod eth0 <<<"$list"
        chain ADD pod /run/netns/pod eth0 <<<"$list" >"$work/pod.json"
        check
    done
    nft -j list table inet podnet-cni | jq -r '.nftables[] | (.set // .map) | select(.elem) | .name' >"$work/sets"
    [ "$(wc -l <"$work/sets")" -ge 3 ]
    local set
    while read -r set; do
        nft flush set inet podnet-cni "$set" 2>/dev/null || nft flush map inet podnet-cni "$set"
        expect_refusal 999 "$set" check
        chain DEL pod /run/netns/pod eth0 <<<"$list"
        chain ADD pod /run/netns/pod eth0 <<<"$list" >"$work/pod.json"
        check
    done <"$work/sets"
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
