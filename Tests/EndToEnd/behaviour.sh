#!/usr/bin/env bash
# What kube-proxy promises of services, with real packets: who may come in where, which endpoint it gets, and whose address
# the endpoint sees. EntranceTests walks the same table through the packet tracer.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"

# A third pod, 10.200.2.2, that is told to be on another node; and the way from outside to virtual addresses.
cluster() {
    node
    neighbour far 10.200.2.1 10.200.2.2
    serve server 8080
    serve far 8080
}

# web_service makes it with both.
with_dns=yes
local_endpoint='10.200.0.2 here' far_endpoint='10.200.2.2 there'

# fresh FLAG…: a daemon that starts from nothing with the manifests as they are.
fresh() {
    "$bin/podnetd" --cleanup >/dev/null 2>&1
    launch --node-name here "$@"
    applied
}

# answers FROM ADDRESS PORT WANTED: "pod seen-address" of connections, one after the other, until everything that is wanted
# has come; but six at least, and sixty at most.
answers() {
    local from=() program='
        trap "" PIPE
        while read -r line; do wanted[${#wanted[@]}]=$line; done <<<"$3"
        declare -A seen
        for i in $(seq 60); do
            line=nothing
            exec 3<>"/dev/tcp/$1/$2" && { read -r -t 2 line <&3; exec 3>&-; }
            seen[$line]=1
            [ $i -lt 6 ] || [ ${#seen[@]} -lt ${#wanted[@]} ] || break
        done 2>/dev/null
        printf "%s\n" "${!seen[@]}" | sort'
    [ "$1" = node ] || from=(ip netns exec "$1")
    "${from[@]}" timeout 30 bash -c "$program" answers "$2" "$3" "$4"
}

# kube-proxy's own matrix (TestInternalExternalMasquerade): policies, client, entrance, and where connections end up: at
# both endpoints or the one that is here, masqueraded or as they come. Then the same where nothing is known of pods, and
# where everything to virtual addresses is masqueraded; "=" is the same as before.
matrix='
Cluster         client   cluster  both       =     both+masq
Cluster         client   node     both+masq  =     =
Cluster         client   balancer both+masq  =     =
Cluster         node     cluster  both+masq  both  =
Cluster         node     node     both+masq  =     =
Cluster         node     balancer both+masq  =     =
Cluster         outside  cluster  both+masq  both  =
Cluster         outside  node     both+masq  =     =
Cluster         outside  balancer both+masq  =     =
external-Local  client   cluster  both       =     both+masq
external-Local  client   node     both       here  =
external-Local  client   balancer both       here  =
external-Local  node     cluster  both+masq  both  =
external-Local  node     node     both+masq  =     =
external-Local  node     balancer both+masq  =     =
external-Local  outside  cluster  both+masq  both  =
external-Local  outside  node     here       =     =
external-Local  outside  balancer here       =     =
internal-Local  client   cluster  here       =     here+masq
internal-Local  client   node     both+masq  =     =
internal-Local  client   balancer both+masq  =     =
internal-Local  node     cluster  here+masq  here  =
internal-Local  node     node     both+masq  =     =
internal-Local  node     balancer both+masq  =     =
internal-Local  outside  cluster  here+masq  here  =
internal-Local  outside  node     both+masq  =     =
internal-Local  outside  balancer both+masq  =     ='
declare -A policies=(
    [Cluster]='externalTrafficPolicy: Cluster'
    [external-Local]='externalTrafficPolicy: Local'
    [internal-Local]='internalTrafficPolicy: Local'
)
declare -A entrances=([cluster]="$vip 80" [node]='192.0.2.2 30080' [balancer]='203.0.113.7 80')
declare -A own=([client]=10.200.1.2 [node]=192.0.2.2 [outside]=192.0.2.1)

# seen CLIENT ENDS: what the endpoints answer then.
seen() {
    local here_sees=${own[$1]} far_sees=${own[$1]}
    [[ $2 != *+masq ]] || here_sees=10.200.0.1 far_sees=10.200.2.1
    [[ $2 != both* ]] || echo "far $far_sees"
    echo "server $here_sees"
}

# walk_matrix DETECTING FLAG…: every row, with what is expected of these flags.
walk_matrix() {
    local detecting=$1 all=no policy client entrance ends blind masqueraded expected address port flows=0
    shift
    [[ " $* " != *' --masquerade-all '* ]] || all=yes
    local policy_now=
    while read -r policy client entrance ends blind masqueraded; do
        [ -n "$policy" ] || continue
        if [ "$policy" != "$policy_now" ]; then
            [ -z "$policy_now" ] || stop TERM
            web_service "${policies[$policy]}" "$local_endpoint" "$far_endpoint" | put web.yaml
            fresh "$@"
            policy_now=$policy
        fi
        expected=$ends
        if [ $all = yes ] && [ "$entrance" = cluster ]; then
            [ "$masqueraded" = = ] || expected=$masqueraded
        elif [ "$detecting" = no ]; then
            [ "$blind" = = ] || expected=$blind
        fi
        read -r address port <<<"${entrances[$entrance]}"
        expected=$(seen "$client" "$expected")
        expect_equal "$policy $client → $entrance ($detecting, $all)" \
            "$(answers "$client" "$address" "$port" "$expected")" "$expected"
        flows=$((flows + 1))
    done <<<"$matrix"
    stop TERM
    expect_equal "flows" $flows 27
}
test_whose_address_an_endpoint_sees() { cluster; walk_matrix yes --pod-cidr 10.200.0.0/16; }
test_whose_address_when_nothing_is_known_of_pods() { cluster; walk_matrix no; }
test_whose_address_when_all_is_masqueraded() { cluster; walk_matrix yes --pod-cidr 10.200.0.0/16 --masquerade-all; }
test_whose_address_when_all_is_masqueraded_and_nothing_is_known() { cluster; walk_matrix no --masquerade-all; }

# gets FROM ADDRESS PORT ANSWERS: these come, and no others.
gets() { expect_equal "$1 → $2:$3" "$(answers "$1" "$2" "$3" "$4")" "$4"; }
both_pods=$'far 10.200.1.2\nserver 10.200.1.2'
detect=(--pod-cidr 10.200.0.0/16)

test_pods_are_told_by_the_link_that_they_come_in_by() {
    cluster
    web_service '' "$local_endpoint" | put web.yaml
    fresh --pod-link-prefix clie
    gets client $vip 80 'server 10.200.1.2'
    gets outside $vip 80 'server 10.200.0.1'
    stop TERM
    ip link add pods type bridge
    ip address flush dev client
    ip link set client master pods
    ip address add 10.200.1.1/24 dev pods
    ip link set pods up
    fresh --pod-bridge pods
    gets client $vip 80 'server 10.200.1.2'
    gets outside $vip 80 'server 10.200.0.1'
}

test_ready_ones_serve_and_where_none_is_those_that_drain() {
    cluster
    web_service '' "$local_endpoint" "$far_endpoint conditions: { ready: false, serving: true, terminating: true }" | put web.yaml
    fresh "${detect[@]}"
    gets client $vip 80 'server 10.200.1.2'
    stop TERM
    # Nobody is ready: who still serves while it ends is better than nothing; who does not serve is not.
    web_service '' "$local_endpoint conditions: { ready: false, serving: false, terminating: true }" \
        "$far_endpoint conditions: { ready: false, serving: true, terminating: true }" | put web.yaml
    fresh "${detect[@]}"
    gets client $vip 80 'far 10.200.1.2'
    stop TERM
    web_service '' "$local_endpoint conditions: { ready: false, serving: true, terminating: false }" | put web.yaml
    fresh "${detect[@]}"
    gets client $vip 80 nothing
    # Not said is ready.
    stop TERM
    web_service '' "$local_endpoint conditions: {}" "$far_endpoint" | put web.yaml
    fresh "${detect[@]}"
    gets client $vip 80 "$both_pods"
}

test_local_endpoints_drain_by_themselves() {
    cluster
    web_service 'externalTrafficPolicy: Local' "$local_endpoint conditions: { ready: false, serving: true, terminating: true }" \
        "$far_endpoint" | put web.yaml
    fresh "${detect[@]}"
    gets outside 203.0.113.7 80 'server 192.0.2.1'
    gets client 203.0.113.7 80 'far 10.200.1.2'
}

test_hints_for_this_node() {
    cluster
    web_service '' "$local_endpoint hints: { forNodes: [{ name: here }] }" "$far_endpoint hints: { forNodes: [{ name: there }] }" |
        put web.yaml
    fresh "${detect[@]}"
    gets client $vip 80 'server 10.200.1.2'
    stop TERM
    # One without a hint: none counts.
    web_service '' "$local_endpoint hints: { forNodes: [{ name: here }] }" "$far_endpoint" | put web.yaml
    fresh "${detect[@]}"
    gets client $vip 80 "$both_pods"
    stop TERM
    # Hints never apply to what has to be local.
    web_service 'internalTrafficPolicy: Local' "$local_endpoint hints: { forNodes: [{ name: there }] }" \
        "$far_endpoint hints: { forNodes: [{ name: here }] }" | put web.yaml
    fresh "${detect[@]}"
    gets client $vip 80 'server 10.200.1.2'
}

test_hints_for_this_zone() {
    cluster
    local in_west='hints: { forZones: [{ name: west }] }' in_east='hints: { forZones: [{ name: east }] }'
    web_service '' "$local_endpoint $in_east" "$far_endpoint $in_west" | put web.yaml
    fresh "${detect[@]}" --node-zone west
    gets client $vip 80 'far 10.200.1.2'
    gets outside 192.0.2.2 30080 'far 10.200.2.1'
    stop TERM
    # Nobody says where this node is, or nothing is meant for it: hints do not count.
    fresh "${detect[@]}"
    gets client $vip 80 "$both_pods"
    stop TERM
    fresh "${detect[@]}" --node-zone north
    gets client $vip 80 "$both_pods"
    stop TERM
    # A hint for this node comes before one for its zone.
    web_service '' "$local_endpoint hints: { forNodes: [{ name: here }], forZones: [{ name: east }] }" \
        "$far_endpoint hints: { forNodes: [{ name: there }], forZones: [{ name: west }] }" | put web.yaml
    fresh "${detect[@]}" --node-zone west
    gets client $vip 80 'server 10.200.1.2'
    stop TERM
    # Hints are for what is ready.
    web_service '' "$local_endpoint conditions: { ready: false, serving: true, terminating: true }, $in_east" \
        "$far_endpoint conditions: { ready: false, serving: true, terminating: true }, $in_west" | put web.yaml
    fresh "${detect[@]}" --node-zone west
    gets client $vip 80 "$both_pods"
}

test_the_first_address_counts_and_of_two_entries_the_one_that_stays() {
    cluster
    local leaves='conditions: { ready: false, serving: true, terminating: true }'
    web_service '' "$local_endpoint" | sed 's/addresses: \[10.200.0.2\]/addresses: [10.200.0.2, 10.200.2.2]/' | put web.yaml
    fresh "${detect[@]}"
    gets client $vip 80 'server 10.200.1.2'
    stop TERM
    # The same address leaves in one slice and stays in another, whichever comes first.
    local first second
    for first in "$leaves" ''; do
        second=$leaves
        [ -z "$first" ] || second=
        { web_service '' "$far_endpoint $first"
            printf -- '---\n'
            web_service '' "$far_endpoint $second" "$local_endpoint $leaves" | sed '1,/^---$/d; s/web-1/web-2/'; } | put web.yaml
        fresh "${detect[@]}"
        gets client $vip 80 'far 10.200.1.2'
        stop TERM
    done
}

test_what_has_no_address_or_no_port_of_this_name_is_not_served() {
    cluster
    # A port of the slice with another name, or without a number, is none of the service.
    web_service '' "$local_endpoint" | sed 's/name: http, port: 8080/name: https, port: 8080/' | put web.yaml
    fresh "${detect[@]}"
    refused client $vip 80
    stop TERM
    web_service '' "$local_endpoint" | sed 's/name: http, port: 8080/name: http/' | put web.yaml
    fresh "${detect[@]}"
    refused client $vip 80
    stop TERM
    # Neither are a headless service's pods, or an alias that still has an address.
    { web_service '' "$local_endpoint"
        echo ---
        service headless None 80
        service alias 10.96.5.5 80 | sed 's/^spec:/spec:\n  type: ExternalName\n  externalName: example.org/'
        service other 10.96.5.6 80 | sed 's/namespace: default/namespace: default, labels: { service.kubernetes.io\/service-proxy-name: other }/'
    } | put web.yaml
    fresh "${detect[@]}"
    gets client $vip 80 'server 10.200.1.2'
    expect_equal "in the kernel" "$(nft list map ip podnet frontends | grep -cE '10\.96\.5\.')" 0
    expect_match "why" "$(netctl services alias other)" "ExternalName.*left to the proxy 'other'|left to the proxy 'other'.*ExternalName"
}

# takes AT-LEAST AT-MOST FROM ADDRESS PORT: no answer, after so many milliseconds.
takes() {
    local begun=${EPOCHREALTIME/./} time
    if ask "$3" "$5" "$4" >/dev/null 2>&1; then echo "$3 → $4:$5 answered"; exit 1; fi
    time=$(((${EPOCHREALTIME/./} - begun) / 1000))
    [ $time -ge "$1" ] && [ $time -lt "$2" ] || { echo "$3 → $4:$5 took $time ms"; exit 1; }
}
refused() { takes 0 1500 "$@"; }
dropped() { takes 1500 9999 "$@"; }

# Sends an echo request and prints type and code of the first ICMP message that comes back.
ping='
import socket, sys
icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
icmp.settimeout(2)
icmp.sendto(bytes.fromhex("0800f7fe00000001"), (sys.argv[1], 0))
packet = icmp.recv(1500)
print(packet[20], packet[21])'
test_what_has_no_endpoint_is_refused_and_what_has_none_here_is_dropped() {
    cluster
    web_service 'internalTrafficPolicy: Local' "$far_endpoint" | put web.yaml
    fresh "${detect[@]}" --service-cidr 10.96.0.0/16
    dropped client $vip 80
    refused client $vip 81
    dropped client 10.96.200.1 80
    dropped node 10.96.200.1 80
    # A virtual address is nobody's machine: what is not a port of it is refused, whatever the protocol.
    expect_equal "ICMP type and code that answer a ping" "$(ip netns exec client python3 - $vip <<<"$ping")" '3 3'
    stop TERM
    web_service 'internalTrafficPolicy: Local' | put web.yaml
    fresh "${detect[@]}"
    refused client $vip 80
    refused outside 203.0.113.7 80
    refused node 192.0.2.2 30080
}

test_a_load_balancer_that_is_a_proxy_is_left_to_itself() {
    cluster
    web_service '' "$local_endpoint" | sed 's/ip: 203.0.113.7/ip: 203.0.113.7, ipMode: Proxy/' | put web.yaml
    fresh "${detect[@]}"
    ip -n outside address add 203.0.113.7/32 dev lo
    serve outside 80
    gets client 203.0.113.7 80 'outside 10.200.1.2'
}

test_endpoints_of_two_slices_have_ports_of_their_own() {
    cluster
    serve far 9090
    { web_service '' "$local_endpoint"
        printf -- '---\n'
        web_service '' "$far_endpoint" | sed '1,/^---$/d; s/web-1/web-2/; s/8080/9090/'; } | put web.yaml
    ip netns exec far nft 'add table ip t; add chain ip t in { type filter hook input priority 0; }; add rule ip t in tcp dport 8080 drop'
    fresh "${detect[@]}"
    gets client $vip 80 "$both_pods"
}

# datagram FROM ADDRESS PORT
datagram() {
    local from=()
    [ "$1" = node ] || from=(ip netns exec "$1")
    echo q | "${from[@]}" timeout 5 socat -t 3 - "UDP:$2:$3" || true
}
test_udp_by_every_entrance() {
    cluster
    serve server 5353 UDP
    web_service '' "$local_endpoint" | put web.yaml
    fresh "${detect[@]}"
    expect_equal "virtual address" "$(datagram client $vip 53)" 'server 10.200.1.2'
    expect_equal "node port" "$(datagram outside 192.0.2.2 30053)" 'server 10.200.0.1'
    expect_equal "load balancer" "$(datagram outside 203.0.113.7 53)" 'server 10.200.0.1'
    expect_equal "node" "$(datagram node $vip 53)" 'server 10.200.0.1'
}

test_an_external_ip_may_be_the_nodes_own_address_and_lies_where_it_may() {
    cluster
    web_service 'externalIPs: [192.0.2.2, 198.51.100.7]' "$local_endpoint" | put web.yaml
    fresh "${detect[@]}"
    gets outside 192.0.2.2 80 'server 10.200.0.1'
    gets outside 198.51.100.7 80 'server 10.200.0.1'
    stop TERM
    fresh "${detect[@]}" --external-ip-range 192.0.2.0/24
    gets outside 192.0.2.2 80 'server 10.200.0.1'
    expect_equal "beyond" "$(nft list map ip podnet frontends | grep -c 198.51.100.7)" 0
    # Nobody may take over the node's loopback, or the address of a cloud's metadata.
    web_service 'externalIPs: [127.0.0.5]' "$local_endpoint" | put web.yaml
    wait_until 20 says "spec.externalIPs\\[0\\]: '127.0.0.5'" netctl status
    web_service 'externalIPs: [169.254.169.254]' "$local_endpoint" | put web.yaml
    wait_until 20 says "spec.externalIPs\\[0\\]: '169.254.169.254'" netctl status
    expect_equal "in the kernel" "$(nft list map ip podnet frontends | grep -cE '127.0.0.5|169.254')" 0
}

test_ipv6_by_every_entrance() {
    cluster
    dual_stack
    ip netns exec server socat TCP6-LISTEN:8080,fork,reuseaddr,ipv6only SYSTEM:'echo server $SOCAT_PEERADDR' &
    put web.yaml <<'YAML'
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: LoadBalancer
  clusterIPs: ["fd00:96::20"]
  clusterIP: "fd00:96::20"
  ipFamilies: [IPv6]
  externalIPs: ["2001:db8:7::7"]
  ports: [{ name: http, port: 80, nodePort: 30080 }]
status: { loadBalancer: { ingress: [{ ip: "2001:db8:9::9" }] } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }
addressType: IPv6
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: ["fd00:c8::2"], nodeName: here }]
YAML
    launch --node-name here --pod-cidr fd00:c8::/40
    wait_until 20 nft get element ip6 podnet cluster-ips '{ fd00:96::20 }'
    six() { ip netns exec "$1" timeout 3 socat -u "TCP6:[$2]:$3,connect-timeout=2" - || true; }
    local masqueraded='server [fd00:00c8:0000:0000:0000:0000:0000:0001]'
    expect_equal "pod" "$(six client fd00:96::20 80)" 'server [fd00:00c8:0001:0000:0000:0000:0000:0002]'
    expect_equal "outside" "$(six outside fd00:96::20 80)" "$masqueraded"
    expect_equal "load balancer" "$(six outside 2001:db8:9::9 80)" "$masqueraded"
    expect_equal "external IP" "$(six outside 2001:db8:7::7 80)" "$masqueraded"
    expect_equal "node port" "$(six outside 2001:db8::2 30080)" "$masqueraded"
    expect_equal "to itself" "$(six server fd00:96::20 80)" "$masqueraded"
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
