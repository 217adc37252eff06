#!/usr/bin/env bash
# Objects that nobody should write, in a directory that no API server checked: each is refused or stands aside by its name, and
# what is served beside it stays as it is. docs/kube-proxy-differences.md has the table of them. hostile-server.sh is about
# servers.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}

# What the kernel has of ours, without counters and in an order of its own.
state() { nft -s list ruleset | sort; }
problems() { { netctl status -o json || true; } | jq -c '.items[0].problems[] | [.object, .field, .reason]' | sed 's/","/ /g; s/",null,"/ /g'; }
# expect_problems COUNT: so many there are within five seconds.
expect_problems() {
    known() { [ "$(problems | wc -l)" = "$1" ]; }
    wait_until 20 known "$1" || { echo "$(problems | wc -l) problems, not $1:"; problems; exit 1; }
}
# unharmed WHAT: web is served, and the kernel has what it had before.
unharmed() {
    expect_equal "web, beside $1" "$(ask client 80)" "server 10.200.1.2"
    expect_equal "kernel, beside $1" "$(diff <(state) "$work/before")" ""
}
# cpu: how long the daemon has been at work, in milliseconds. peak: the most memory that it ever had, in KiB.
cpu() { awk '{ print ($14 + $15) * 10 }' "/proc/$daemon/stat"; }
peak() { awk '/VmHWM/ { print $2 }' "/proc/$daemon/status"; }
# put_json FILE JSON: an object as a manifest of its own.
put_json() { printf '%s\n' "$2" | put "$1.json"; }

# CVE-2020-8554, CVE-2021-25737: what is behind such an address is the node's own, or nobody's.
test_addresses_that_would_open_the_node_are_refused_wherever_they_stand() {
    web
    state >"$work/before"
    local address number=0 kind type
    for address in 127.0.0.1 127.255.255.254 169.254.169.254 169.254.0.1 224.0.0.1 239.255.255.250 0.0.0.0 \
        255.255.255.255 ::1 fe80::1 ff02::1 :: ::ffff:127.0.0.1; do
        number=$((number + 1))
        type=IPv4
        [[ $address != *:* ]] || type=IPv6
        service vip-$number "$address" 80 | put vip-$number.yaml
        service ext-$number 10.97.1.$number 80 | sed "s/^spec:/spec:\n  externalIPs: [\"$address\"]/" | put ext-$number.yaml
        { service lb-$number 10.97.2.$number 80 | sed 's/^---//'
            echo "status: { loadBalancer: { ingress: [{ ip: \"$address\" }] } }"; } | put lb-$number.yaml
        { slice ep-$number 8080 p80 10.200.0.2 "$address" | sed "s/IPv4/$type/"; } | put ep-$number.yaml
    done
    expect_problems $((4 * number))
    problems >"$work/problems"
    for kind in 'Service default/vip-[0-9]+: spec.clusterIP' 'Service default/ext-[0-9]+: spec.externalIPs\[0\]' \
        'Service default/lb-[0-9]+: status.loadBalancer.ingress\[0\].ip' 'EndpointSlice default/ep-[0-9]+-1: endpoints\[[01]\].addresses\[0\]'; do
        expect_equal "refused: $kind" "$(grep -cE "$kind" "$work/problems")" $number
    done
    unharmed "them"
}

# An object, and what is said of it. Each stands in a file of its own.
objects() {
    local long
    long=$(printf 'a%.0s' {1..10000})
    cat <<OBJECTS
{"metadata": {"name": "$long"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 80}]}}|metadata.name: 'a+
{"metadata": {"name": "a", "namespace": "../kube-system"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 80}]}}|metadata.namespace
{"metadata": {"name": "a\\nb"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 80}]}}|metadata.name
{"metadata": {"name": "a\\u0000"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 80}]}}|holds a NUL character
{"metadata": {}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 80}]}}|metadata.name
{"metadata": {"name": "p0"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 0}]}}|default/p0: spec.ports\[0\].port: '0' is not a port
{"metadata": {"name": "p65536"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 65536}]}}|default/p65536: spec.ports\[0\].port: '65536'
{"metadata": {"name": "minus"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": -1}]}}|spec.ports\[0\].port
{"metadata": {"name": "huge"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 18446744073709551696}]}}|spec.ports\[0\].port
{"metadata": {"name": "half"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 80.5}]}}|spec.ports\[0\].port
{"metadata": {"name": "words"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": "80"}]}}|spec.ports\[0\].port
{"metadata": {"name": "node-port"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 80, "nodePort": 65536}]}}|nodePort: '65536'
{"metadata": {"name": "twice"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"name": "a", "port": 80, "nodePort": 30001}, {"name": "b", "port": 81, "nodePort": 30001}]}}|a second node port 30001/tcp
{"metadata": {"name": "icmp"}, "spec": {"clusterIP": "10.97.0.1", "ports": [{"port": 80, "protocol": "ICMP"}]}}|'ICMP' is not a protocol
{"metadata": {"name": "range"}, "spec": {"type": "LoadBalancer", "clusterIP": "10.97.0.1", "loadBalancerSourceRanges": ["10.0.0.0/33"], "ports": [{"port": 80}]}}|'10.0.0.0/33' is not a CIDR
{"metadata": {"name": "families"}, "spec": {"clusterIPs": ["10.97.0.1", "10.97.0.2"], "ports": [{"port": 80}]}}|holds two of one family
{"metadata": {"name": "policy"}, "spec": {"clusterIP": "10.97.0.1", "internalTrafficPolicy": "Nearest", "ports": [{"port": 80}]}}|'Nearest' is not a traffic policy
{"metadata": {"name": "sticky"}, "spec": {"clusterIP": "10.97.0.1", "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}, "ports": [{"port": 80}]}}|'86401' is not an affinity timeout
OBJECTS
}
test_each_wrong_object_is_refused_by_its_name_and_field() {
    web
    state >"$work/before"
    local object pattern number=0
    while IFS='|' read -r object pattern; do
        number=$((number + 1))
        put_json wrong-$number "{\"apiVersion\": \"v1\", \"kind\": \"Service\", ${object#\{}"
    done < <(objects)
    expect_problems $number
    problems >"$work/problems"
    while IFS='|' read -r object pattern; do
        expect_match "problems" "$(cat "$work/problems")" "$pattern"
    done < <(objects)
    unharmed "them"
    expect_equal "bytes of the longest line of log" "$(awk '{ if (length > most) most = length } END { print (most < 1000) }' "$work/podnetd.log")" 1
}

# CVE-2021-25740 is about what an API lets whom write; here it is that a namespace is a border.
test_a_slice_of_another_namespace_is_none_of_the_service() {
    web
    state >"$work/before"
    slice web 8080 p80 10.200.1.2 | sed 's/namespace: default/namespace: other/; s/web-1/web-9/' | put other.yaml
    # Whoever comes after it in the same directory is read after it.
    { service later 10.97.0.9 80; } | put z.yaml
    applied 10.97.0.9
    rm "$work/services.d/z.yaml"
    wait_until 20 sh -c "! nft get element ip podnet cluster-ips '{ 10.97.0.9 }'"
    unharmed "it"
}

test_networks_that_overlap_or_are_there_twice_are_one_source() {
    node
    serve server 8080
    { service web $vip 80 | sed 's/^spec:/spec:\n  type: LoadBalancer\n  loadBalancerSourceRanges: ["192.0.2.0\/24", "192.0.2.1\/32", "192.0.2.7\/24", "192.0.0.0\/16", "192.0.2.0\/24"]/; s/^---//'
        echo 'status: { loadBalancer: { ingress: [{ ip: 203.0.113.7 }] } }'
        echo ---
        slice web 8080 p80 10.200.0.2; } | put web.yaml
    start
    applied
    ip -n outside route replace default via 192.0.2.2
    expect_equal "from within" "$(ask outside 80 203.0.113.7)" "server 10.200.0.1"
    if ask client 80 203.0.113.7 2>/dev/null; then echo "open to others"; exit 1; fi
    expect_problems 0
}

# web_json NAME TIME SPEC: a service of that age.
claimant() {
    put_json "$1" "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"$1\", \"creationTimestamp\": \"$2\"}, \"spec\": {\"type\": \"NodePort\", $3}}"
    slice "$1" 8080 p80 "$4" | put "$1.yaml"
}
test_of_two_services_with_one_node_port_or_address_the_older_has_it_whoever_came_first() {
    node
    serve server 8080
    serve client 8080
    claimant young 2026-02-01T00:00:00Z '"clusterIP": "10.97.0.1", "ports": [{"name": "p80", "port": 80, "nodePort": 30080}]' 10.200.1.2
    start
    applied 10.97.0.1
    expect_match "alone" "$(ask outside 30080 192.0.2.2)" '^client '
    claimant old 2026-01-01T00:00:00Z '"clusterIP": "10.97.0.2", "externalIPs": ["10.97.0.1"], "ports": [{"name": "p80", "port": 80, "nodePort": 30080}]' 10.200.0.2
    expect_problems 2
    expect_match "node port" "$(problems)" 'Service default/young .*192.0.2.2:30080/tcp belongs to default/old'
    expect_match "address" "$(problems)" 'Service default/young .*10.97.0.1:80/tcp belongs to default/old'
    expect_match "the older" "$(ask outside 30080 192.0.2.2)" '^server '
    expect_match "the older" "$(ask node 80 10.97.0.1)" '^server '
    state >"$work/before"
    stop TERM
    start
    expect_problems 2
    expect_equal "kernel after a restart" "$(diff <(state) "$work/before")" ""
    rm "$work/services.d/old.json"
    expect_problems 0
    expect_match "alone again" "$(ask outside 30080 192.0.2.2)" '^client '
}

# big NAME VIP PORTS ENDPOINTS
big() {
    python3 - "$@" <<'PYTHON'
import json, sys
name, address, ports, endpoints = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
meta = {"name": name}
service = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {
    "clusterIP": address, "ports": [{"name": f"p{n}", "port": n} for n in range(80, 80 + ports)]}}
slices = [{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
    "metadata": {"name": f"{name}-{first}", "labels": {"kubernetes.io/service-name": name}},
    "ports": [{"name": f"p{n}", "port": 8080} for n in range(80, 80 + ports)],
    "endpoints": [{"addresses": [f"10.200.{64 + (first + n) // 250}.{(first + n) % 250 + 1}"]}
        for n in range(min(1000, endpoints - first))]} for first in range(0, endpoints, 1000)]
print(json.dumps({"apiVersion": "v1", "kind": "List", "items": [service] + slices}))
PYTHON
}
test_ten_thousand_ports_and_ten_thousand_endpoints_hold_nobody_up() {
    web
    local begun work_before what
    for what in "ports 10000 1" "endpoints 1 10000"; do
        begun=${EPOCHREALTIME/./} work_before=$(cpu)
        big ${what%% *} 10.97.0.1 ${what#* } | put big.json
        applied 10.97.0.1
        echo "FIGURE ${what%% *}: in the kernel after $(((${EPOCHREALTIME/./} - begun) / 1000)) ms, $(($(cpu) - work_before)) ms of the daemon's CPU; peak $(peak) KiB"
        [ $(($(cpu) - work_before)) -lt 3000 ] || { echo "took $(($(cpu) - work_before)) ms of CPU"; exit 1; }
        # Somebody else's change comes through beside it.
        begun=${EPOCHREALTIME/./}
        { service more 10.97.0.2 80; slice more 8080 p80 10.200.0.2; } | put more.yaml
        applied 10.97.0.2
        echo "FIGURE a change beside it after $(((${EPOCHREALTIME/./} - begun) / 1000)) ms"
        rm "$work/services.d/more.yaml"
        expect_equal "beside ${what%% *}" "$(ask client 80)" "server 10.200.1.2"
        rm "$work/services.d/big.json"
        wait_until 10 sh -c "! nft get element ip podnet cluster-ips '{ 10.97.0.1 }' && ! nft get element ip podnet cluster-ips '{ 10.97.0.2 }'"
    done
    expect_problems 0
    expect_equal "elements that are left" "$(nft -j list table ip podnet | jq -c '[.nftables[] | .set // .map | select(.) | [.name, (.elem // [] | length)]] | map(select(.[0] == "frontends" or .[0] == "endpoints" or .[0] == "cluster-ips")) | sort')" \
        '[["cluster-ips",1],["endpoints",1],["frontends",1]]'
}

# CVE-2019-11253
bomb() {
    case $1 in
        aliases) python3 -c 'print("a0: &a0 [x]"); [print(f"a{n}: &a{n} [" + ", ".join([f"*a{n-1}"] * 10) + "]") for n in range(1, 12)]' ;;
        hidden-aliases) printf 'apiVersion: v1\nkind: Service\nx: &a [1]\n'; for n in $(seq 300); do printf 'x%s: [*a, *a, *a, *a, *a, *a, *a]\n' "$n"; done ;;
        deep-yaml) python3 -c 'print("kind: " + "[" * 10000)' ;;
        deep-json) python3 -c 'print("[" * 10000)' ;;
        deep-object) python3 -c 'print("{\"kind\": \"Service\", \"x\": " + "{\"a\": " * 10000 + "1" + "}" * 10000 + "}")' ;;
        large) head -c 104857600 /dev/zero | tr '\0' '#' ;;
        zeros) head -c 1048576 /dev/zero ;;
        long-line) printf 'kind: "'; head -c 8000000 /dev/zero | tr '\0' a; echo '"' ;;
    esac
}
test_cve_2019_11253_a_bomb_costs_neither_time_nor_memory_and_the_last_good_version_serves() {
    web
    state >"$work/before"
    local kind file begun before
    for kind in aliases hidden-aliases deep-yaml deep-json deep-object large zeros long-line; do
        # In the place of what serves, so that it is the last good version that does; what is no YAML, or a good file
        # with nothing for us in it, stands beside it.
        file=web.yaml
        [[ $kind != deep-* || $kind = deep-yaml ]] || file=bomb.json
        [ $kind != long-line ] || file=bomb.yaml
        bomb $kind >"$work/bomb"
        begun=$(cpu) before=$(peak)
        cp "$work/services.d/web.yaml" "$work/good.yaml"
        put $file <"$work/bomb"
        wait_until 20 says "$file" netctl status || { echo "$kind:"; netctl status; exit 1; }
        unharmed "$kind"
        echo "FIGURE $kind: $(($(cpu) - begun)) ms of CPU, $(($(peak) - before)) KiB more at most"
        [ $(($(cpu) - begun)) -lt 1000 ] || { echo "$kind took $(($(cpu) - begun)) ms"; exit 1; }
        [ $(($(peak) - before)) -lt 65536 ] || { echo "$kind took $(($(peak) - before)) KiB"; exit 1; }
        rm "$work/services.d/$file"
        put web.yaml <"$work/good.yaml"
        expect_problems 0
    done
}

# CVE-2020-8558: kube-proxy's iptables mode let neighbours reach what listens on loopback.
test_cve_2020_8558_no_sysctl_changes_and_loopback_stays_unreachable() {
    node
    # `nf_conntrack*` and friends come with the rules' modules; counters and random seeds are no settings.
    settings() {
        (cd /proc/sys/net && find ipv4 ipv6 core bridge -type f 2>/dev/null | grep -vE 'stat|gc_|seed|stable_secret|nr_|flush' | sort |
            while read -r key; do echo "$key $(tr '\n' ' ' <"$key" 2>/dev/null)"; done)
    }
    settings >"$work/settings"
    serve server 8080
    web_service 'externalIPs: [198.51.100.7]' '10.200.0.2 here' | put web.yaml
    start --nodeport-addresses 0.0.0.0/0
    applied
    expect_equal "settings" "$(settings | diff "$work/settings" -)" ""
    socat TCP-LISTEN:9999,bind=127.0.0.1,fork,reuseaddr SYSTEM:'echo private' &
    wait_until 20 sh -c "ss -ltn | grep -q 127.0.0.1:9999"
    local from gateway own port
    while read -r from gateway own; do
        ip netns exec $from sh -c 'for f in /proc/sys/net/ipv4/conf/*/route_localnet; do echo 1 >$f; done'
        ip -n $from address flush dev lo
        ip -n $from route add 127.0.0.1 via $gateway src $own
        for port in 9999 30080; do
            if ask $from $port 127.0.0.1 2>/dev/null; then echo "$from reaches 127.0.0.1:$port"; exit 1; fi
        done
    done <<<$'outside 192.0.2.2 192.0.2.1\nclient 10.200.1.1 10.200.1.2'
    # The way in is real: this is what it takes for them to come through.
    for port in all outside; do echo 1 >/proc/sys/net/ipv4/conf/$port/route_localnet; done
    expect_equal "with route_localnet" "$(ask outside 9999 127.0.0.1)" private
}

test_node_ports_are_open_at_the_primary_address_and_no_other() {
    node
    serve server 8080
    ip address add 192.0.2.77/32 dev lo
    ip address add fd00:9::1/64 dev outside nodad
    { service web $vip 80 | sed 's/port: 80/port: 80, nodePort: 30080/; s/^spec:/spec:\n  type: NodePort/'; slice web 8080 p80 10.200.0.2; } | put web.yaml
    start
    applied
    local address found=
    for address in $(ip -j address | jq -r '.[].addr_info[] | select(.scope != "link") | .local') 127.0.0.2 192.0.2.255; do
        [[ $address != *:* ]] || address="[$address]"
        if ask node 30080 "$address" >/dev/null 2>&1; then found+=" $address"; fi
    done
    expect_equal "open at" "$found" " 192.0.2.2"
}

# knock FROM ADDRESS PORT: `yes` when somebody answers.
knock() {
    local command=(timeout 3 socat -u) target="TCP4:$2:$3"
    [[ $2 != *:* ]] || target="TCP6:[$2]:$3"
    [ "$1" = node ] || command=(ip netns exec "$1" "${command[@]}")
    "${command[@]}" "$target,connect-timeout=1" - 2>/dev/null | grep server >/dev/null && echo yes || echo no
}
# Another proxy once checked the ranges for the load balancer's address only where it should have for external IPs, too; here,
# as in kube-proxy, they are about the load balancer's address, from wherever somebody comes.
test_source_ranges_by_entrance_family_and_client() {
    node
    dual_stack
    local ranges from entrance address port expected answer
    ip -n outside route replace default via 192.0.2.2
    ip netns exec server socat TCP6-LISTEN:8080,fork,reuseaddr SYSTEM:'echo server' &
    launch --pod-cidr 10.200.0.0/16 --pod-cidr fd00:c8::/40
    while IFS='|' read -r ranges expected; do
        put web.yaml <<YAML
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: LoadBalancer
  clusterIPs: [$vip, "fd00:96::20"]
  clusterIP: $vip
  externalIPs: [198.51.100.7, "2001:db8:7::7"]
  loadBalancerSourceRanges: [$ranges]
  ports: [{ name: p80, port: 80, nodePort: 30080 }]
status: { loadBalancer: { ingress: [{ ip: 203.0.113.7 }, { ip: "2001:db8:9::9" }] } }
---
$(slice web 8080 p80 10.200.0.2)
$(slice web 8080 p80 fd00:c8::2 | sed 's/IPv4/IPv6/; s/web-1/web-2/')
YAML
        # Nobody is served before the first of those who may be is.
        answered() { [ "$(knock ${expected%% *} 203.0.113.7 80)$(knock ${expected%% *} 2001:db8:9::9 80)" = yesyes ]; }
        wait_until 10 answered || { echo "ranges $ranges: ${expected%% *} is not served"; exit 1; }
        for from in client node outside; do
            while read -r entrance address port; do
                answer=yes
                [[ $entrance != balancer || " $expected " == *" $from "* ]] || answer=no
                expect_equal "ranges $ranges: $from → $entrance $address" "$(knock $from "$address" "$port")" $answer
            done <<<$'balancer 203.0.113.7 80\nbalancer 2001:db8:9::9 80\nexternal 198.51.100.7 80\nexternal 2001:db8:7::7 80\nnode 192.0.2.2 30080\nnode 2001:db8::2 30080'
        done
    done <<'RANGES'
192.0.2.1/32, "2001:db8::1/128"|outside
10.200.0.0/16, "fd00:c8::/40"|client
192.0.2.2/32, "2001:db8::2/128"|node
0.0.0.0/0, 192.0.2.1/32, "::/0"|client node outside
RANGES
}

# CVE-2019-11248: what a profiler shows belongs to nobody who can reach a health port.
test_cve_2019_11248_the_ports_tell_health_and_metrics_and_nothing_else() {
    web
    wait_until 20 curl -s 127.0.0.1:10256/healthz
    local port path code
    for port in 10256 10249; do
        for path in / /debug /debug/pprof /debug/pprof/heap /debug/flags/v /configz /flagz /statusz /logs /v1/status /v1/endpoints \
            /../etc/passwd /%2e%2e/etc/passwd /metrics/../debug '/healthz/..' /healthz%00 //debug/pprof; do
            code=$(curl -s --path-as-is -m 3 -o "$work/body" -w '%{http_code}' "127.0.0.1:$port$path")
            expect_equal "$port$path" "$code" 404
        done
        # More headers than anybody needs.
        code=$(curl -s -m 3 -o /dev/null -w '%{http_code}' -H "X: $(head -c 70000 /dev/zero | tr '\0' a)" "127.0.0.1:$port/healthz" || true)
        expect_match "70,000 bytes of headers" "$code" '^(000|400|431)$'
        expect_match "afterwards" "$(curl -s -m 3 -o /dev/null -w '%{http_code}' "127.0.0.1:$port/healthz")" '^200$'
    done
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
