#!/usr/bin/env bash
# Published ports with real packets: from outside, from the node, by the loopback address, from pods, to nobody else.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
plugins=${PODNET_BIN:-}/cni

ranges='"ranges": [[{"subnet": "10.12.0.0/24"}], [{"subnet": "fd00:12::/112"}]]'
classic="\"isDefaultGateway\": true, \"ipMasq\": true, \"ipam\": {\"type\": \"host-local\", $ranges}"
host_mode="\"ipMasq\": true, \"ipam\": {\"type\": \"host-local\", \"addressMode\": \"host\", $ranges}"

# list [KEYS-OF-PORTMAP]: the network; `mode` is how pods are addressed.
list() {
    echo "{\"cniVersion\": \"${version:-1.1.0}\", \"name\": \"net\", \"plugins\": [
        {\"type\": \"bridge\", \"bridge\": \"br0\", ${mode:-$classic}}, {\"type\": \"portmap\"${1:+, $1}}]}"
}
# attach CONTAINER MAPPINGS [KEYS]: a pod with published ports; the result is in $work/CONTAINER.json
attach() {
    ip netns add "$1"
    runtime="{\"portMappings\": $2}" chain ADD "$1" "/run/netns/$1" eth0 <<<"$(list "${3:-}")" >"$work/$1.json" ||
        { cat "$work/$1.json"; return 1; }
    ip -n "$1" link set lo up
}
check() { runtime="{\"portMappings\": $2}" chain CHECK "$1" "/run/netns/$1" eth0 "$work/$1.json" <<<"$(list "${3:-}")"; }
detach() { runtime= chain DEL "$1" "${2-/run/netns/$1}" eth0 <<<"$(list)"; }
portmap() { # VERB CONTAINER MAPPINGS [NETNS]: the plugin alone, on top of a result that is there
    jq -n --argjson prev "$(cat "$work/$2.json")" --argjson ports "$3" '{cniVersion: "1.1.0", name: "net", type: "portmap",
        runtimeConfig: {portMappings: $ports}, prevResult: $prev}' | cni "$1" "$2" "/run/netns/${4:-$2}" eth0 portmap
}
address() { jq -r ".ips[${2:-0}].address | split(\"/\")[0]" "$work/$1.json"; }
# outside: a machine on the other side of an uplink; the node is 192.0.2.2 and 2001:db8::2 there.
outside() {
    ip netns add outside
    ip link add uplink type veth peer name eth0 netns outside
    ip addr add 192.0.2.2/24 dev uplink
    ip addr add 192.0.2.3/24 dev uplink
    ip addr add 2001:db8::2/64 dev uplink nodad
    ip link set uplink up
    ip -n outside addr add 192.0.2.1/24 dev eth0
    ip -n outside addr add 2001:db8::1/64 dev eth0 nodad
    ip -n outside link set eth0 up
    ip -n outside link set lo up
}
# Whoever has no link-local address yet asks for no IPv6 neighbour: a bridge that was just made has none for a second.
settle() { wait_until 10 eval '[ -n "$(ask outside "[2001:db8::2]:8080")" ]'; }
# Whether bridged packets pass the hooks of IP; a sysctl of the sandbox's own namespace, absent without br_netfilter.
bridge_netfilter() {
    local file
    for file in /proc/sys/net/bridge/bridge-nf-call-ip{,6}tables; do [ ! -e $file ] || echo "$1" >$file; done
}
# serve NETNS PORT [tcp|udp]: answers with its name and the client's address, in both families.
serve() {
    local kind=${3:-tcp} server=TCP6-LISTEN first=
    [ "$kind" = tcp ] || server=UDP6-LISTEN first='read line;'
    ip netns exec "$1" socat "$server:$2,fork,reuseaddr,ipv6only=0" SYSTEM:"$first echo $1 \$SOCAT_PEERADDR" &
    wait_until 20 ip netns exec "$1" sh -c "ss -ln${kind:0:1} | grep -q ':$2 '"
}
# ask NETNS TARGET [tcp|udp]: the answer, or nothing. The empty name is the node.
ask() {
    local command=(timeout 2 socat -T1)
    [ -z "$1" ] || command=(ip netns exec "$1" "${command[@]}")
    case ${3:-tcp} in
        tcp) "${command[@]}" -u "TCP:$2,connect-timeout=1" - 2>/dev/null || true ;;
        udp) echo | "${command[@]}" - "UDP:$2" 2>/dev/null || true ;;
    esac
}
web='[{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]'

reach_everywhere() {
    outside
    attach a "$web"
    attach b '[]'
    serve a 80
    settle
    expect_equal "from outside" "$(ask outside 192.0.2.2:8080)" "a [0000:0000:0000:0000:0000:ffff:c000:0201]"
    expect_match "from outside, IPv6" "$(ask outside '[2001:db8::2]:8080')" '^a \[2001:0db8:.*:0001\]$'
    expect_match "from the node" "$(ask '' 192.0.2.2:8080)" '^a '
    # A client that seems to be the loopback address is taken for one that may do everything (CVE-2021-20199).
    expect_match "from the node's loopback" "$(ask '' 127.0.0.1:8080)" '^a \[0000:.*:ffff:0a0c:0001\]$'
    expect_match "from the node's loopback, IPv6" "$(ask '' '[::1]:8080')" '^a \[fd00:0012:.*:0001\]$'
    expect_match "from another pod" "$(ask b 192.0.2.2:8080)" '^a '
    expect_match "from another pod, IPv6" "$(ask b '[2001:db8::2]:8080')" '^a '
    expect_match "from itself" "$(ask a 192.0.2.2:8080)" '^a '
    expect_match "from itself by the gateway" "$(ask a 10.12.0.1:8080)" '^a '
    expect_match "from itself, IPv6" "$(ask a '[2001:db8::2]:8080')" '^a '
    expect_equal "route_localnet" "$(cat /proc/sys/net/ipv4/conf/{all,br0,uplink}/route_localnet | sort -u)" 0
    check a "$web"
    detach a
    expect_equal "after DEL" "$(ask outside 192.0.2.2:8080)$(ask '' 127.0.0.1:8080)" ""
}
test_a_published_port_is_reached_from_everywhere() {
    bridge_netfilter 0
    reach_everywhere
}
test_a_published_port_is_reached_from_everywhere_in_host_address_mode() {
    local all
    for all in /proc/sys/net/ipv4/conf/{all,default}/rp_filter; do echo 1 >$all; done
    bridge_netfilter 0
    mode=$host_mode
    reach_everywhere
}
# There the bridge itself sends a pod's packet back to the pod's port, which takes it in hairpin mode only.
test_a_published_port_is_reached_from_everywhere_with_br_netfilter() {
    bridge_netfilter 1
    mode="\"hairpinMode\": true, $classic"
    reach_everywhere
}
test_a_published_port_is_reached_from_everywhere_in_host_address_mode_with_br_netfilter() {
    bridge_netfilter 1
    mode="\"hairpinMode\": true, $host_mode"
    reach_everywhere
}

test_clients_keep_their_addresses_unless_their_answers_would_get_lost() {
    bridge_netfilter 0
    outside
    local mode=$host_mode
    attach a "$web"
    attach b '[]'
    serve a 80
    # Pods of a network that the node routes need no masquerading, so the pod sees who asks.
    expect_match "another pod" "$(ask b 192.0.2.2:8080)" ':0a0c:0003\]$'
    expect_match "itself" "$(ask a 192.0.2.2:8080)" ':0a0c:0001\]$'
    detach a
    ip netns del a
    attach a "$web" '"masqAll": true'
    serve a 80
    expect_match "everybody as the node" "$(ask outside 192.0.2.2:8080)" ':0a0c:0001\]$'
}

test_traffic_to_other_destinations_on_the_same_port_is_left_alone() {
    outside
    attach a "$web"
    attach b '[]'
    serve a 80
    serve outside 8080
    serve b 8080
    expect_match "outside by a pod" "$(ask b 192.0.2.1:8080)" '^outside '
    expect_match "outside by the node" "$(ask '' 192.0.2.1:8080)" '^outside '
    expect_match "another pod" "$(ask '' "$(address b):8080")" '^b '
}

test_one_address_of_the_node() {
    outside
    attach a '[{"hostPort": 80, "containerPort": 80, "protocol": "tcp", "hostIP": "192.0.2.2"}]'
    attach b '[{"hostPort": 80, "containerPort": 80, "protocol": "tcp", "hostIP": "192.0.2.3"}]'
    serve a 80
    serve b 80
    expect_match "the first address" "$(ask outside 192.0.2.2:80)" '^a '
    expect_match "the second address" "$(ask outside 192.0.2.3:80)" '^b '
    expect_equal "the loopback address" "$(ask '' 127.0.0.1:80)" ""
    expect_equal "IPv6" "$(ask outside '[2001:db8::2]:80')" ""
}

test_a_port_on_the_loopback_address_is_the_nodes_own() {
    outside
    attach a '[{"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": "127.0.0.1"}]'
    attach b '[]'
    serve a 80
    expect_match "the node" "$(ask '' 127.0.0.1:8080)" '^a '
    expect_equal "outside" "$(ask outside 192.0.2.2:8080)" ""
    expect_equal "another pod" "$(ask b 10.12.0.1:8080)" ""
    # What moby and Kubernetes were open to: a neighbour on the wire sends to 127.0.0.1 by way of the node.
    ip -n outside addr del 127.0.0.1/8 dev lo
    ip -n outside route add 127.0.0.1 via 192.0.2.2 dev eth0 src 192.0.2.1
    ip netns exec outside sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet'
    expect_equal "a forged destination" "$(ask outside 127.0.0.1:8080)" ""
    socat TCP-LISTEN:9090,bind=127.0.0.1,fork,reuseaddr SYSTEM:"echo secret" &
    wait_until 20 eval '[ "$(ask "" 127.0.0.1:9090)" = secret ]'
    expect_equal "a service on the node's loopback" "$(ask outside 127.0.0.1:9090)" ""
    # The neighbour does it right: a node that is open answers.
    echo 1 >/proc/sys/net/ipv4/conf/uplink/route_localnet
    expect_equal "with route_localnet" "$(ask outside 127.0.0.1:9090)" secret
}

test_udp_and_its_flows() {
    outside
    local dns='[{"hostPort": 5353, "containerPort": 53, "protocol": "udp"}]'
    # A flow to a port that nobody has yet, from one source port for good.
    talk() { echo | ip netns exec outside timeout 2 socat -T0.5 - "UDP:192.0.2.2:5353,bind=192.0.2.1:4000" || true; }
    # Only where somebody translates does the node remember flows.
    attach first "$web"
    talk >/dev/null 2>&1
    expect_match "a flow that leads nowhere yet" "$(flows "sport=4000 dport=5353")" 'dst=192.0.2.2'
    # And one of a pod's to the same port elsewhere.
    echo | ip netns exec first timeout 2 socat -T0.5 - UDP:192.0.2.1:5353,bind=:4001 >/dev/null 2>&1 || true
    elsewhere() { expect_match "flow to another destination, $1" "$(flows "dst=192.0.2.1 sport=4001 dport=5353")" udp; }
    elsewhere "at first"
    attach a "$dns"
    elsewhere "after ADD"
    serve a 53 udp
    expect_match "after ADD" "$(talk)" '^a '
    expect_match "by the loopback address" "$(ask '' 127.0.0.1:5353 udp)" '^a '
    expect_match "by the loopback address, IPv6" "$(ask '' '[::1]:5353' udp)" '^a '
    detach a
    attach b "$dns"
    serve b 53 udp
    expect_match "after DEL and ADD of another pod" "$(talk)" '^b '
    expect_match "loopback, too" "$(ask '' 127.0.0.1:5353 udp)" '^b '
    # Another pod's flow by a port of its own is not forgotten when b's go.
    detach b
    expect_equal "flows to b" "$(flows "src=$(address b) ")" ""
    elsewhere "after DEL"
}
flows() { grep "$1" /proc/net/nf_conntrack || true; }

test_a_port_has_one_owner() {
    attach a "$web"
    ip netns add b
    (mode=$classic; runtime= chain ADD b /run/netns/b eth0 <<<"$(list)") >"$work/b.json"
    snapshot >"$work/before"
    expect_refusal 110 '8080/tcp is taken by net/a/eth0' portmap ADD b "$web"
    snapshot | diff "$work/before" -
    portmap DEL b '[]'
    snapshot | diff "$work/before" -
    detach a
    portmap ADD b "$web" >/dev/null
}

test_fifty_adds_of_one_port_have_one_winner() {
    local i pids=() won=0
    attach a '[]'
    for i in $(seq 50); do cp "$work/a.json" "$work/c$i.json"; sed -i "s/10.12.0.2/10.12.0.$((i + 10))/" "$work/c$i.json"; done
    for i in $(seq 50); do portmap ADD "c$i" "$web" a >/dev/null & pids+=($!); done
    for i in "${pids[@]}"; do wait "$i" && won=$((won + 1)); done
    expect_equal "winners" $won 1
    expect_equal "elements" "$(nft list map inet podnet-cni hostports-any-ip | grep -c 'tcp . 8080')" 1
    expect_equal "rules" "$(nft list chain inet podnet-cni hostports | grep -c dnat)" 2
}

test_delete_needs_nothing_and_garbage_collection_only_the_list() {
    outside
    attach first "$web"
    detach first
    ip netns del first
    snapshot >"$work/before"
    attach a "$web"
    ip netns del a
    detach a ""
    diff <(grep -v last_reserved "$work/before") <(snapshot | grep -v last_reserved)
    attach a "$web"
    attach b '[{"hostPort": 81, "containerPort": 80, "protocol": "tcp"}]'
    # The plugin alone takes back what it has published, by a configuration without ports.
    portmap DEL a '[]'
    expect_refusal 999 'hostports-any-ip' check a "$web"
    expect_equal "elements by which its ports are found" "$(nft list map inet podnet-cni hostports-any-ip | grep -c net/a/eth0)" 0
    portmap ADD a "$web" >/dev/null
    gc() { echo "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"portmap\", \"cni.dev/valid-attachments\": $1}" |
        env -i CNI_COMMAND=GC CNI_PATH="$plugins" "$plugins/portmap"; }
    gc null
    check a "$web"
    gc '[{"containerID": "b", "ifname": "eth0"}]'
    expect_refusal 999 'hostports-any-ip' check a "$web"
    check b '[{"hostPort": 81, "containerPort": 80, "protocol": "tcp"}]'
}

test_bad_input_is_named_and_changes_nothing() {
    attach a '[]'
    snapshot >"$work/before"
    expect_refusal 7 'Invalid host port number: 0' portmap ADD a '[{"hostPort": 0, "containerPort": 80, "protocol": "tcp"}]'
    expect_refusal 7 "icmp" portmap ADD a '[{"hostPort": 1, "containerPort": 80, "protocol": "icmp"}]'
    expect_refusal 7 'must be called as chained plugin' sh -c "echo '{\"cniVersion\": \"1.1.0\", \"name\": \"net\",
        \"type\": \"portmap\"}' | CNI_COMMAND=ADD CNI_CONTAINERID=x CNI_NETNS=/run/netns/a CNI_IFNAME=eth0 \
        CNI_PATH=$plugins $plugins/portmap"
    snapshot | diff "$work/before" -
}

test_a_large_transfer_by_the_loopback_address_is_whole() {
    attach a "$web"
    head -c 50M /dev/urandom >"$work/data"
    ip netns exec a socat -u "OPEN:$work/data" TCP-LISTEN:80,reuseaddr &
    wait_until 20 ip netns exec a sh -c "ss -ltn | grep -q ':80 '"
    timeout 30 socat -u TCP:127.0.0.1:8080 - | cmp - "$work/data"
}

# Pods whose ports the reference plugins published, and that podnet deletes after the node has changed over.
test_what_the_reference_published_goes_with_the_pod() {
    local version=1.0.0 ours=$plugins name tool
    plugins=${PODNET_REFERENCE_PLUGINS:-/usr/lib/cni}
    iptables-nft -t nat -N CNI-DN-others
    iptables-nft -t nat -A CNI-DN-others -s 192.0.2.9 -j ACCEPT
    attach a '[{"hostPort": 8081, "containerPort": 80, "protocol": "tcp"}, {"hostPort": 53, "containerPort": 53, "protocol": "udp"}]'
    attach b '[{"hostPort": 8082, "containerPort": 80, "protocol": "tcp"}]'
    by_hand a "$(address a)"
    by_hand b "$(address b)"
    plugins=$ours
    chains() { for tool in iptables-nft-save ip6tables-nft-save; do $tool -t nat | grep -c '^:CNI-DN-[0-9a-f]* ' || true; done | xargs; }
    calls() { iptables-nft-save -t nat | grep -c -- '-A CNI-HOSTPORT-DNAT' || true; }
    comments() { nft list table ip cni_hostport | grep -c "comment \"$1\"" || true; }
    expect_equal "their chains and calls" "$(chains), $(calls)" "2 2, 3"
    chain DEL a /run/netns/a eth0 "$work/a.json" <<<"$(list)"
    expect_equal "after a DEL with a result" "$(chains), $(calls)" "1 1, 1"
    # The comment is the container's; what leads to another address is another network's.
    expect_equal "rules of a and b" "$(comments a) $(comments b)" "1 4"
    chain DEL a "" eth0 <<<"$(list)"
    expect_equal "after one without" "$(comments a) $(comments b), $(chains)" "0 4, 1 1"
    chain DEL b "" eth0 <<<"$(list)"
    expect_equal "in the end" "$(comments b), $(chains), $(calls)" "0, 0 0, 0"
    expect_equal "others' chain" "$(iptables-nft-save -t nat | grep -c -- '-A CNI-DN-others')" 1
    expect_equal "chains that all pods share" "$(iptables-nft-save -t nat | grep -c '^:CNI-HOSTPORT-')" 3
}
# by_hand CONTAINER ADDRESS: what releases later than Debian's leave, as they write it; 10.99.0.9 is by another network.
by_hand() {
    nft -f - <<EOF
table ip cni_hostport {
    chain hostports {
        tcp dport 8081 dnat to $2:80 comment "$1"
        ip daddr 192.0.2.2 tcp dport 8083 dnat to $2:80 comment "$1"
        tcp dport 8084 dnat to 10.99.0.9:80 comment "$1"
    }
    chain masquerading {
        type nat hook postrouting priority 100;
        ip saddr $2 ip daddr $2 masquerade comment "$1"
    }
}
EOF
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
