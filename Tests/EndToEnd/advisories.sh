#!/usr/bin/env bash
# Published advisories against CNI plugins and runtimes, and faults that they are called with: one case each, named by the
# advisory. docs/advisories.md has all of them, and what each case was seen to fail on.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/pods.sh"
plugins=${PODNET_BIN:-}/cni

keys='"isDefaultGateway": true, "ipMasq": true, "ipam": {"type": "host-local", "subnet": "10.12.0.0/24"}'
all_plugins() { sed -n 's/^PLUGINS *= *//p' "$here/Makefile"; }

# libcni before 0.8.1 ran any program that a type led to.
test_cve_2021_20206_a_type_runs_nothing_outside_of_the_folder() {
    node
    mkdir "$work/bin" "$work/bin/folder"
    ln -s "$plugins/bridge" "$work/bin/bridge"
    printf '#!/bin/sh\ntouch %s/ran\n' "$work" | tee "$work/evil" >"$work/bin/not-executable"
    chmod 0755 "$work/evil"
    local type
    for type in ../evil "$work/evil" ./../evil folder/../../evil . .. folder not-executable '../../bin/true'; do
        with_type() { plugins=$work/bin call ADD pod "\"ipam\": {\"type\": \"$1\"}"; }
        expect_refusal 7 . with_type "$type"
        expect_equal "programs that $type ran" "$(find "$work" -name ran)" ""
    done
    expect_refusal 6 'ipam.type: holds a NUL' with_type 'evil\u0000'
    # Nor what everybody may have put there.
    install -m 0757 "$work/evil" "$work/bin/open"
    install -m 0755 "$work/evil" "$work/bin/closed"
    expect_refusal 7 'bin/open can be written by everybody' with_type open
    chmod o+w "$work/bin"
    expect_refusal 7 'bin/closed can be written by everybody' with_type closed
    chmod o-w "$work/bin"
    expect_equal "programs that ran" "$(find "$work" -name ran)" ""
    conf '"ipam": {"type": "../evil"}' | env -i CNI_COMMAND=ADD CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod CNI_IFNAME=eth0 \
        CNI_PATH="$work/bin" strace -f -qq -e trace=execve -o "$work/trace" "$plugins/bridge" >/dev/null || true
    expect_equal "programs started" "$(grep -c execve "$work/trace")" 1
    unchanged
}

# runc's descriptors were open in what it started.
test_cve_2024_21626_a_delegate_gets_three_descriptors() {
    mkdir "$work/bin"
    cp "$plugins/bridge" "$work/bin/bridge"
    cat >"$work/bin/spy" <<'SPY'
#!/bin/sh
open=
for file in /proc/$$/fd/*; do open="$open ${file##*/}"; done
echo $open >"$SPY_FILE.$CNI_COMMAND"
cat >/dev/null
[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion": "1.1.0", "ips": [{"address": "10.12.0.9/24"}]}'
SPY
    chmod 0755 "$work/bin/spy"
    ip netns add pod
    export SPY_FILE=$work/fds
    # 7 is one that the runtime has left open.
    run_spied() { conf '"ipam": {"type": "spy"}' | env CNI_COMMAND="$1" CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod \
        CNI_IFNAME=eth0 CNI_PATH="$work/bin" "$work/bin/bridge" >/dev/null 7</etc/passwd; }
    run_spied ADD
    run_spied DEL
    local verb
    for verb in ADD DEL; do
        # The shell keeps its script open, and 3 is the folder that it reads: one more of ours would be another number.
        expect_equal "descriptors at $verb" "$(sed 's/ \(10\|255\)$//; s/ 10 / /' "$work/fds.$verb")" "0 1 2 3"
    done
}

# What runs in a container's mount namespace runs the container's files.
test_cve_2019_5736_no_namespace_of_a_pod_is_entered_but_its_networks() {
    ip netns add pod
    local verb result=null
    for verb in ADD CHECK DEL; do
        conf "$keys" | jq --argjson result "$result" '. + if $result then {prevResult: $result} else {} end' |
            env -i CNI_COMMAND=$verb CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod CNI_IFNAME=eth0 CNI_PATH="$plugins" \
                strace -f -qq -A -o "$work/trace" -e trace=setns,unshare,chroot,pivot_root,clone,clone3,fork,vfork \
                "$plugins/bridge" >"$work/output" || { cat "$work/output"; exit 1; }
        [ $verb != ADD ] || result=$(cat "$work/output")
    done
    [ -s "$work/trace" ]
    expect_equal "calls" "$(grep -vE 'setns\([0-9]+, CLONE_NEWNET\) += 0$' "$work/trace" || true)" ""
}

# A pod's forged router advertisement gave its node and its neighbours a route.
dual='"isDefaultGateway": true, "ipam": {"type": "host-local",
    "ranges": [[{"subnet": "10.12.0.0/24"}], [{"subnet": "fd00:12::/112"}]]}'
# Nodes that route take no advertisement by the kernel's default; by this one they do.
believe_by_default() { echo 2 >/proc/sys/net/ipv6/conf/default/accept_ra; }
test_cve_2020_10749_nobody_believes_a_router_advertisement() {
    believe_by_default
    attach a "$dual"
    expect_equal "the pod" "$(ip netns exec a cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" 0
    expect_equal "the bridge" "$(cat /proc/sys/net/ipv6/conf/br0/accept_ra)" 0
    plugin=ptp attach b '"ipam": {"type": "host-local", "ranges": [[{"subnet": "10.13.0.0/24"}], [{"subnet": "fd00:13::/112"}]]}'
    expect_equal "a ptp pod" "$(ip netns exec b cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" 0
    expect_equal "its end on the node" "$(cat "/proc/sys/net/ipv6/conf/$(jq -r '.interfaces[0].name' "$work/b.json")/accept_ra")" 0
}
# advertise TIMES: pod a tells everybody on its link of itself as router, of a network and of an MTU.
advertise() {
    ip netns exec a python3 - "$1" <<'ADVERTISEMENT'
import socket, struct, sys
message = bytes([134, 0, 0, 0, 64, 0]) + struct.pack("!HII", 1800, 0, 0)
message += bytes([3, 4, 64, 0xC0]) + struct.pack("!III", 7200, 7200, 0) + socket.inet_pton(socket.AF_INET6, "fd00:66::")
message += bytes([5, 1, 0, 0]) + struct.pack("!I", 1300)
link = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
for _ in range(int(sys.argv[1])):
    try:
        link.sendto(message, ("ff02::1", 0, 0, socket.if_nametoindex("eth0")))
    except OSError:
        pass
ADVERTISEMENT
}
# believed [NAMESPACE]: what came of an advertisement, on the node or in a pod.
believed() {
    ip ${1:+-n "$1"} -6 route show proto ra
    ip ${1:+-n "$1"} -6 addr show dynamic
}
test_cve_2020_10749_an_advertisement_that_arrives_changes_nothing() {
    believe_by_default
    attach a "$dual"
    attach b "$dual"
    advertise 3
    sleep 0.5
    expect_equal "on the node" "$(believed)" ""
    expect_equal "in the pod beside it" "$(believed b)" ""
    # It is a good one: who wants it, takes it.
    ip netns exec b sysctl -qw net.ipv6.conf.eth0.accept_ra=2
    advertise 1
    wait_until 20 eval '[ -n "$(believed b)" ]'
}
# The setting came after the link was up (plugins#160).
test_cve_2020_10749_no_advertisement_is_believed_in_a_pods_first_moment() {
    local i
    attach a "$dual"
    advertise 100000000 &
    ip netns add b
    for i in $(seq 20); do
        call ADD b "$dual" >"$work/b.json"
        expect_equal "in pod $i" "$(believed b)" ""
        call DEL b "$dual"
    done
    kill %1
    i=$(ip netns exec b awk '/^Icmp6InRouterAdvertisements/ { print $2 }' /proc/net/snmp6)
    [ "$i" -gt 20 ] || { echo "only $i advertisements came to the pod"; exit 1; }
}

# IPv6 was live in networks that have none.
test_cve_2024_32473_no_ipv6_on_a_network_without() {
    attach a "$keys"
    local veth
    veth=$(jq -r '.interfaces[1].name' "$work/a.json")
    expect_equal "the pod" "$(ip netns exec a cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6)" 1
    expect_equal "its addresses" "$(ip -n a -6 addr show dev eth0)" ""
    expect_equal "addresses of its end on the node" "$(ip -6 addr show dev "$veth")" ""
    plugin=ptp attach b '"ipam": {"type": "host-local", "subnet": "10.13.0.0/24"}'
    veth=$(jq -r '.interfaces[0].name' "$work/b.json")
    expect_equal "a ptp pod" "$(ip netns exec b cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6)" 1
    expect_equal "its end on the node" "$(cat "/proc/sys/net/ipv6/conf/$veth/disable_ipv6")" 1
    expect_equal "addresses of a ptp pod" "$(ip -n b -6 addr show dev eth0; ip -6 addr show dev "$veth")" ""
}

# kube-proxy and portmap made 127.0.0.1 reachable for neighbours.
test_cve_2020_8558_no_route_to_loopback_is_opened() {
    local file before
    routes() { for file in /proc/sys/net/ipv4/conf/*/route_localnet; do echo "$(cat "$file")"; done | sort -u; }
    before=$(routes)
    ip netns add pod
    runtime='{"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}' \
        chain ADD pod /run/netns/pod eth0 >/dev/null <<<"{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"plugins\": [
            {\"type\": \"bridge\", $keys}, {\"type\": \"portmap\"}]}"
    expect_equal "route_localnet" "$(routes)" "$before"
    expect_equal "before" "$before" 0
}

# A pod's wish for an address took another's.
test_cve_2022_28224_addresses_that_are_not_to_be_had() { refuses_wishes "$keys"; }
test_cve_2022_28224_nor_in_host_address_mode() {
    refuses_wishes '"ipMasq": true, "ipam": {"type": "host-local", "addressMode": "host", "subnet": "10.12.0.0/24"}'
}
# The network, the gateway, the broadcast address, another pod's, others' networks, the node's own, groups, none; a wish
# can come in three ways.
refuses_wishes() {
    local keys=$1 address way
    add_outside
    node
    wish() { conf "$keys${extra:-}" | cni ADD pod /run/netns/pod eth0; }
    for address in 10.12.0.0 10.12.0.1 10.12.0.255 "$(address first)" 10.99.0.7 192.0.2.1 192.0.2.2 127.0.0.1 224.0.0.1 0.0.0.0; do
        for way in 'CNI_ARGS' '"args": {"cni": {"ips": ["%s"]}}' '"runtimeConfig": {"ips": ["%s/24"]}'; do
            local CNI_ARGS='' extra=''
            if [ "$way" = CNI_ARGS ]; then CNI_ARGS="IgnoreUnknown=1;IP=$address"; else extra=", ${way/\%s/$address}"; fi
            wish >"$work/output" && { echo "ADD with $way $address: $(cat "$work/output")"; exit 1; }
            expect_match "error of $way" "$(jq -r '"\(.msg) \(.details)"' "$work/output")" "${address//./\\.}"
            snapshot | grep -v last_reserved | diff <(grep -v last_reserved "$work/before") -
        done
    done
    check first "$keys"
    # A good one is given.
    expect_match "a free address" "$(extra=', "runtimeConfig": {"ips": ["10.12.0.77"]}' wish)" '"10\.12\.0\.77/'
}

# After a restart of the node the number of a pod's process was another's, and DEL worked in the node's own namespace.
test_k8s_100648_a_process_number_that_is_another_s_by_now() {
    node
    local pid now
    ip netns exec pod sleep 60 &
    pid=$!
    wait_until 20 sh -c "[ \"\$(readlink /proc/$pid/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
    call ADD pod "$keys" "/proc/$pid/ns/net" >"$work/pod.json"
    kill "$pid"
    wait "$pid" || true
    ip netns del pod
    # Its number again, in the node's namespace.
    for now in $(seq 50); do
        echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
        sleep 60 &
        now=$!
        [ $now != "$pid" ] || break
        kill $now
    done
    expect_equal "process number" "$now" "$pid"
    call DEL pod "$keys" "/proc/$pid/ns/net"
    echo '{"cniVersion": "1.0.0", "name": "lo", "type": "loopback"}' | cni DEL pod "/proc/$pid/ns/net" lo loopback
    kill "$now"
    expect_match "lo of the node" "$(ip link show lo)" ',UP'
    snapshot | grep -v 'last_reserved\|^pod$' | diff <(grep -v 'last_reserved\|^pod$' "$work/before") -
    check first "$keys"
}

# everything_of POD: what the node has, and the pod. Link-local addresses are the kernel's to make, some time after a link is up.
everything_of() {
    snapshot | grep -v '"fe80:'
    ip -n "$1" -j -d link | jq -c '.[] | [.ifname, .address, .mtu, (.flags | index("UP") != null), .link_index]'
    ip -n "$1" -j addr | jq -c '.[].addr_info[] | select(.scope != "link") | [.local, .prefixlen]'
    ip -n "$1" route show table all | grep -v fe80: || true
    ip -n "$1" rule
    { find /var/lib/cni -type f -exec md5sum {} + 2>/dev/null || true; } | sort
}

# A runtime asks again when it has not heard the answer: the pod that works must go on working.
test_fault_15_an_add_again_changes_nothing() {
    add_outside
    ip link add spare type veth peer name other
    local pool='"ipam": {"type": "host-local", "subnet": "10.12.0.0/24"}' plugin keys
    while IFS='|' read -r plugin keys; do
        attach pod "$keys"
        everything_of pod >"$work/before"
        expect_refusal 999 'already exists' call ADD pod "$keys"
        everything_of pod | diff "$work/before" - || { echo "after a second ADD of $plugin $keys"; exit 1; }
        call DEL pod "$keys"
        ip netns del pod
    done <<NETWORKS
bridge|
bridge|"isDefaultGateway": true, "ipMasq": true, "macspoofchk": true, $pool
bridge|"ipMasq": true, ${pool/local\"/local\", \"addressMode\": \"host\"}
ptp|"ipMasq": true, $pool
macvlan|"master": "uplink", $pool
host-device|"device": "spare", $pool
NETWORKS
    plugin=host-local
    ip netns add pod
    call ADD pod "$pool" >/dev/null
    everything_of pod >"$work/before"
    expect_refusal 11 'allocated to pod, duplicate allocation' call ADD pod "$pool"
    everything_of pod | diff "$work/before" -
}

# flannel handed what a node's annotation said to a shell.
test_ghsa_vchx_5pr6_ffx2_no_name_reaches_a_shell() {
    local name type calls=0
    mkdir "$work/bin" "$work/here"
    cd "$work/here"
    cp "$plugins/bridge" "$work/bin/bridge"
    ip netns add pod
    # traced VERB PLUGIN: every program that is started is noted.
    traced() {
        calls=$((calls + 1))
        env -i PATH="$PATH" CNI_COMMAND="$1" CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod CNI_IFNAME="$name" \
            CNI_PATH="${3:-$plugins}" strace -f -qq -A -o "$work/trace" -e trace=execve "${3:-$plugins}/$2"
    }
    name=eth0
    for type in 'x;touch ran' 'x$(touch ran)' 'x`touch ran`' 'x|touch ran' "x' touch ran '" 'x" touch ran "' $'x\ntouch ran'; do
        printf '#!/bin/sh\ntouch %s/good\necho "{\\"ips\\": [{\\"address\\": \\"10.12.0.9/24\\"}]}"\n' "$work" >"$work/bin/$type"
        chmod 0755 "$work/bin/$type"
        jq -n --arg type "$type" '{cniVersion: "1.0.0", name: "net", type: "bridge", bridge: "br0", ipam: {type: $type}}' >"$work/conf"
        traced ADD bridge "$work/bin" <"$work/conf" >"$work/output" || { cat "$work/output"; exit 1; }
        traced DEL bridge "$work/bin" <"$work/conf"
        rm "$work/good"
        expect_equal "files of $type" "$(find "$work" -name '*ran' -not -path "$work/bin/*")" ""
    done
    calls=0
    : >"$work/trace"
    for name in 'e;id>ran' 'e$(id>ran)' 'e`id>ran`' "e'id>ran'"; do
        life "$name"
        expect_equal "files of $name" "$(ls -A "$work/here")" ""
    done
    expect_equal "programs started" "$(grep -c execve "$work/trace")" $calls
}
# life IFNAME: every verb of bridge, portmap, firewall, tuning, with the name for the bridge, too.
life() {
    local result= verb type
    for verb in ADD CHECK DEL; do
        for type in bridge portmap firewall tuning; do
            jq -n --arg type $type --arg name "$1" --argjson result "${result:-null}" '{cniVersion: "1.1.0", name: "net",
                type: $type, bridge: "b\($name)", isGateway: true, ipMasq: true, ipam: {type: "host-local", subnet: "10.12.0.0/24"},
                ingressPolicy: "same-bridge", sysctl: {"net/ipv4/conf/IFNAME/arp_filter": "1"},
                runtimeConfig: {portMappings: [{hostPort: 8080, containerPort: 80, protocol: "tcp"}]}}
                | if $type != "bridge" then del(.bridge, .ipam, .isGateway, .ipMasq) else . end
                | if $result then .prevResult = $result else . end' >"$work/conf"
            traced $verb $type <"$work/conf" >"$work/output" || { cat "$work/conf" "$work/output"; exit 1; }
            [ $verb != ADD ] || result=$(cat "$work/output")
        done
    done
}

# A reload of the node's firewall took the rules of container engines along, and brought back a part of them.
test_cve_2025_54410_a_reload_of_the_firewall_takes_nothing_and_a_flush_is_told() {
    local runtime='{"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}' plugin
    list() {
        echo '{"cniVersion": "1.1.0", "name": "net", "plugins": [
            {"type": "bridge", "bridge": "br0", "ipMasq": true, "ipam": {"type": "host-local", "addressMode": "host",
                "ranges": [[{"subnet": "10.12.0.0/24"}], [{"subnet": "fd00:12::/112"}]]}},
            {"type": "portmap"}, {"type": "firewall", "ingressPolicy": "same-bridge"}]}'
    }
    life_of_a() { chain "$1" a /run/netns/a eth0 ${2:+"$2"} <<<"$(list)"; }
    alone() { jq -c --arg type "$1" --argjson runtime "$runtime" --argjson result "$(cat "$work/a.json")" '{cniVersion, name}
        + (.plugins[] | select(.type == $type)) + {runtimeConfig: $runtime, prevResult: $result}' <<<"$(list)" |
        cni CHECK a /run/netns/a eth0 "$1"; }
    # Sorted: tables are listed in the order in which they were made.
    rules() { nft list ruleset | sed 's/counter packets [0-9]* bytes [0-9]*/counter/' | sort; }
    firewall() { nft 'table inet firewalld { chain filter_FORWARD { type filter hook forward priority 10; }; }'; }
    # As firewalld does it, with its tables of nftables and with those of iptables.
    reload() {
        local tool table
        nft delete table inet firewalld
        for tool in iptables-nft ip6tables-nft; do
            for table in filter nat mangle raw; do
                $tool -t $table -F
                $tool -t $table -X
            done
        done
        firewall
    }
    firewall
    reload
    ip netns add a
    life_of_a ADD >"$work/a.json"
    rules >"$work/before"
    reload
    rules | diff "$work/before" -
    life_of_a CHECK "$work/a.json"
    # One that takes everybody's: whoever asks is told what each pod lacks, and the pod's next ADD brings back all of it.
    nft flush ruleset
    for plugin in bridge portmap firewall; do expect_refusal 999 'missing' alone $plugin; done
    firewall
    life_of_a DEL "$work/a.json"
    life_of_a ADD >"$work/a.json"
    life_of_a CHECK "$work/a.json"
}

# Rows of faults that a runtime brings: what is deleted was never there.
test_fault_16_delete_of_what_was_never_added() {
    node
    local type netns
    for type in $(all_plugins); do
        for netns in "" /run/netns/pod /run/netns/none /proc/self/ns/net; do
            echo "{\"cniVersion\": \"1.0.0\", \"name\": \"net\", \"type\": \"$type\", \"device\": \"none\"}" |
                cni DEL never "$netns" eth0 "$type" >"$work/output" || { echo "$type '$netns': $(cat "$work/output")"; exit 1; }
        done
    done
    unchanged
}

# A process number that is another pod's by now: that pod's interface, rules and settings are not this attachment's.
test_fault_18_a_namespace_that_is_another_pods() {
    node
    local type
    ip -n first rule add from "$(address first)" table 100
    mkdir -p /run/cni/tuning
    for type in $(all_plugins); do
        [ "$type" != loopback ] || continue
        echo '{"network": "net", "mtu": 1300}' >/run/cni/tuning/other_eth0.json
        everything_of first >"$work/before"
        echo "{\"cniVersion\": \"1.0.0\", \"name\": \"net\", \"type\": \"$type\", \"device\": \"uplink\"}" |
            cni DEL other /run/netns/first eth0 "$type" >"$work/output" || { echo "$type: $(cat "$work/output")"; exit 1; }
        everything_of first | diff "$work/before" - || { echo "after DEL of $type"; exit 1; }
    done
    expect_refusal 999 'eth0.*already exists' call ADD other "$keys" /run/netns/first
    everything_of first | diff "$work/before" -
    check first "$keys"
}

test_fault_20_names_that_could_lead_elsewhere() {
    node
    local id name
    for id in "$(head -c 4096 /dev/zero | tr '\0' x)" ünïcode %d -x .hidden; do
        with_id() { conf "$keys" | cni ADD "$1" /run/netns/pod eth0; }
        [ ${#id} -gt 255 ] || expect_refusal 4 'containerID' with_id "$id"
    done
    # These are IDs as good as any.
    for id in lock last_reserved_ip.0 "$(head -c 200 /dev/zero | tr '\0' x)"; do
        conf "$keys" | cni ADD "$id" /run/netns/pod eth0 >/dev/null
        conf "$keys" | cni DEL "$id" /run/netns/pod eth0
    done
    for name in %d eth%d a:b "$(printf 'a\tb')"; do expect_refusal 4 CNI_IFNAME call ADD pod "$keys" /run/netns/pod "$name"; done
    settings() { ip netns exec pod bash -c 'grep -s . /proc/sys/net/ipv[46]/conf/{all,default}/*' || true; }
    settings >"$work/sysctls"
    [ "$(wc -l <"$work/sysctls")" -gt 100 ]
    for name in all default; do expect_refusal 4 "'$name' is reserved" call ADD pod "$keys" /run/netns/pod "$name"; done
    expect_refusal 999 '"lo".*already exists' call ADD pod "$keys" /run/netns/pod lo
    settings | diff "$work/sysctls" -
    for name in ../x a/b '' .. 'a b'; do
        with_network() { conf "$keys" | sed "s|\"net\"|\"$1\"|" | cni ADD pod /run/netns/pod eth0; }
        expect_refusal 7 'network name' with_network "$name"
    done
    snapshot | grep -v last_reserved | diff <(grep -v last_reserved "$work/before") -
}

test_fault_21_input_without_end_or_sense() {
    node
    local text code words start
    raw() { cni ADD pod /run/netns/pod eth0 <"$1"; }
    head -c 100000000 /dev/zero >"$work/zeros"
    { conf "$keys" | head -c -2; printf ', "x": "'; head -c 8000000 /dev/zero | tr '\0' x; echo '"}'; } >"$work/large"
    head -c 200000 /dev/zero | tr '\0' '[' >"$work/deep"
    conf "$keys" | iconv -t UTF-16 >"$work/utf16"
    conf "$keys" | first_bytes 40 >"$work/cut"
    conf "$keys" | sed 's/"br0"/"br\xff0"/' >"$work/not-utf8"
    while read -r text code words; do
        start=${EPOCHREALTIME/./}
        expect_refusal "$code" "$words" raw "$text"
        [ $((${EPOCHREALTIME/./} - start)) -lt 2000000 ] || { echo "$text took long"; exit 1; }
    done <<TEXTS
/dev/zero 5 too large
$work/zeros 5 too large
$work/large 5 too large
$work/deep 6 at most 128 levels
$work/utf16 6 not JSON
$work/cut 6 not JSON
$work/not-utf8 6 expected UTF-8
TEXTS
    # Nobody writes, and nobody closes; or what is written is whole, and nobody closes.
    (sleep 30 | cni ADD pod /run/netns/pod eth0 >"$work/nothing") &
    ({ conf "$keys"; sleep 30; } | cni ADD pod /run/netns/pod eth0 >"$work/open") &
    wait_until 9 test -s "$work/nothing"
    wait_until 9 test -s "$work/open"
    for text in nothing open; do
        expect_equal "code of $text" "$(jq .code "$work/$text")" 5
        expect_match "error of $text" "$(jq -r .details "$work/$text")" 'timed out'
    done
    # Of two equal keys the runtime may have read the other one.
    expect_refusal 6 'the key "mtu" twice' call ADD pod "$keys, \"mtu\": 70, \"mtu\": 1400"
    snapshot | grep -v last_reserved | diff <(grep -v last_reserved "$work/before") -
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
