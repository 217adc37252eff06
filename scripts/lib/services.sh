# Source this after sandbox.sh in tests of podnetd and netctl: a node with two pods, manifests, a daemon.

vip=10.96.14.20
# neighbour NAME HOST-ADDRESS ADDRESS: a namespace on a link of its own, which is called like it; the node is its router.
neighbour() {
    ip netns add "$1"
    ip link add "$1" type veth peer name eth0 netns "$1"
    ip addr add "$2/24" dev "$1"
    ip link set "$1" up
    ip -n "$1" addr add "$3/24" dev eth0
    ip -n "$1" link set eth0 up
    ip -n "$1" link set lo up
    ip -n "$1" route add default via "$2"
}
# A node with two routed pods, 10.200.0.2 and 10.200.1.2, and somebody outside, 192.0.2.1.
node() {
    neighbour server 10.200.0.1 10.200.0.2
    neighbour client 10.200.1.1 10.200.1.2
    neighbour outside 192.0.2.2 192.0.2.1
    ip route add default via 192.0.2.1
    echo 1 >/proc/sys/net/ipv4/ip_forward
    mkdir "$work/services.d"
}
# dual_stack: the pods and the outside have IPv6 addresses, too. Nobody resolves a neighbour before his link-local address
# has been found to be his own.
dual_stack() {
    local name host pod
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    while read -r name host pod; do
        ip address add "$host/64" dev "$name" nodad
        ip -n "$name" address add "$pod/64" dev eth0 nodad
        ip -n "$name" route add default via "$host"
    done <<<$'server fd00:c8::1 fd00:c8::2\nclient fd00:c8:1::1 fd00:c8:1::2\noutside 2001:db8::2 2001:db8::1'
    ip -6 route add default via 2001:db8::1
    tentative() { ip -6 address show tentative; for name in server client outside; do ip -n $name -6 address show tentative; done; }
    settled() { [ -z "$(tentative)" ]; }
    wait_until 20 settled
}
serve() { # POD PORT [PROTOCOL]: answers with the pod's name and the caller's address
    # A datagram has to be read before it is answered, or socat may give up on a broken pipe first.
    local read=
    [ "${3:-TCP}" = TCP ] || read='read -r question;'
    ip netns exec "$1" socat "${3:-TCP}-LISTEN:$2,fork,reuseaddr" SYSTEM:"$read echo $1 \$SOCAT_PEERADDR" &
    wait_until 20 ip netns exec "$1" sh -c "ss -ltun | grep -q ':$2 '"
}
ask() { # FROM PORT [ADDRESS]
    local command=(timeout 3 socat -u "TCP:${3:-$vip}:$2,connect-timeout=2" -)
    if [ "$1" = node ]; then "${command[@]}"; else ip netns exec "$1" "${command[@]}"; fi
}
service() { # NAME VIP PORT…
    local name=$1 address=$2 port
    shift 2
    printf 'apiVersion: v1\nkind: Service\nmetadata: { name: %s, namespace: default }\nspec:\n  clusterIP: "%s"\n  ports:\n' \
        "$name" "$address"
    for port in "$@"; do printf '  - { name: p%s, port: %s }\n' "${port%/*}" "${port%/*}"; done
    echo ---
}
slice() { # SERVICE TARGET-PORT PORT-NAME ADDRESS…
    local name=$1 port=$2 port_name=$3 address
    shift 3
    printf 'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n'
    printf 'metadata: { name: %s-1, namespace: default, labels: { kubernetes.io/service-name: %s } }\n' "$name" "$name"
    printf 'ports:\n- { name: %s, port: %s }\nendpoints:\n' "$port_name" "$port"
    for address in "$@"; do printf -- '- { addresses: ["%s"] }\n' "$address"; done
    echo ---
}
# endpoint_list ENDPOINT…: the endpoints of a slice; each is "ADDRESS NODE KEYS", for example "10.200.0.2 here conditions: {}".
endpoint_list() {
    local endpoint address on keys
    for endpoint in "$@"; do
        read -r address on keys <<<"$endpoint"
        echo "- { addresses: [$address], nodeName: $on${keys:+, $keys} }"
    done
}
# web_service SPEC [ENDPOINT…]: default/web by every way in, with more lines of its spec; endpoints as above. With `with_dns`
# it has a UDP port, too.
web_service() {
    local spec=$1 ports='{ name: http, port: 80, nodePort: 30080 }' targets='{ name: http, port: 8080 }'
    shift
    if [ -n "${with_dns:-}" ]; then
        ports+=', { name: dns, protocol: UDP, port: 53, nodePort: 30053 }'
        targets+=', { name: dns, protocol: UDP, port: 5353 }'
    fi
    cat <<YAML
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: LoadBalancer
  clusterIP: $vip
  $spec
  ports: [$ports]
status: { loadBalancer: { ingress: [{ ip: 203.0.113.7 }] } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [$targets]
endpoints:
YAML
    endpoint_list "$@"
}
put() { # FILE: replaces a manifest by what is on stdin
    cat >"$work/services.d/.$1.tmp"
    mv "$work/services.d/.$1.tmp" "$work/services.d/$1"
}
launch() { # FLAG…: a daemon, not waited for
    "$bin/podnetd" --services-dir "$work/services.d" --socket "$work/podnetd.sock" "$@" 2>>"$work/podnetd.log" &
    daemon=$!
}
start() { # FLAG…: one that knows where pods are, and answers
    launch --pod-cidr 10.200.0.0/16 "$@"
    wait_until 20 netctl endpoints --source daemon || { cat "$work/podnetd.log"; exit 1; }
}
netctl() { "$bin/netctl" "$@" --socket "$work/podnetd.sock"; }
applied() { wait_until 20 nft get element ip podnet cluster-ips "{ ${1:-$vip} }" || { cat "$work/podnetd.log"; exit 1; }; }
web() { # FLAG…: a daemon with these flags serves default/web, port 80, by pod server
    node
    serve server 8080
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    start "$@"
    applied
}
# stop SIGNAL: the daemon ends, and its status is waited for.
stop() {
    kill -"${1:-TERM}" $daemon
    wait $daemon
}
# expect_status STATUS COMMAND…: leaves what the command printed in $work/out and $work/err.
expect_status() {
    local expected=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" || status=$?
    expect_equal "status of '$*' ($(cat "$work/out" "$work/err"))" $status "$expected"
}
