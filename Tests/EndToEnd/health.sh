#!/usr/bin/env bash
# What podnetd tells over TCP: its health, the health check node ports of services, and metrics.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}
health=127.0.0.1:10256
metrics=127.0.0.1:10249

# status URL [FROM]: the HTTP status; the answer is left in $work/body and its header lines in $work/head.
status() {
    local from=()
    [ "${2:-node}" = node ] || from=(ip netns exec "$2")
    "${from[@]}" curl -s -m 3 -D "$work/head" -o "$work/body" -w '%{http_code}' "http://$1" || true
}
is() { # STATUS URL [FROM]
    [ "$(status "$2" "${3:-node}")" = "$1" ]
}
becomes() { # STATUS URL [FROM]: within two seconds
    wait_until 20 is "$@" || { echo "$2 is $(status "$2" "${3:-node}"), not $1"; cat "$work/podnetd.log"; exit 1; }
}
# balanced NAME VIP HEALTH-PORT [POLICY]: a service of type LoadBalancer.
balanced() {
    printf 'apiVersion: v1\nkind: Service\nmetadata: { name: %s, namespace: default }\nspec:\n' "$1"
    printf '  { type: LoadBalancer, clusterIP: "%s", externalTrafficPolicy: %s, healthCheckNodePort: %s,\n' "$2" "${4:-Local}" "$3"
    printf '    ports: [{ name: p80, port: 80 }, { name: p81, port: 81 }] }\n---\n'
}
# endpoints SERVICE ADDRESS,NODE,READY…: of its two ports.
endpoints() {
    local name=$1 address node ready
    shift
    printf 'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n'
    printf 'metadata: { name: %s-1, namespace: default, labels: { kubernetes.io/service-name: %s } }\n' "$name" "$name"
    printf 'ports: [{ name: p80, port: 8080 }, { name: p81, port: 8081 }]\nendpoints:\n'
    while IFS=, read -r address node ready; do
        printf -- '- { addresses: ["%s"], nodeName: %s, conditions: { ready: %s } }\n' "$address" "$node" "$ready"
    done < <(printf '%s\n' "$@")
    echo ---
}
value() { # SERIES…
    curl -s -m 5 "http://$metrics/metrics" >"$work/metrics" && "$here/Tests/EndToEnd/Support/check-metrics" "$@" <"$work/metrics"
}
expect_value() { # SERIES PATTERN
    expect_match "$1" "$(value "$1")" "^($2)$"
}

test_health_is_told_in_kube_proxys_words() {
    web
    becomes 200 $health/healthz
    expect_match "headers" "$(tr -d '\r' <"$work/head")" $'Content-Type: application/json'
    expect_match "headers" "$(tr -d '\r' <"$work/head")" $'X-Content-Type-Options: nosniff'
    expect_equal "fields" "$(jq -c '[keys, (.status | keys), .healthy, .nodeEligible, .status.IPv4.healthy]' "$work/body")" \
        '[["currentTime","healthy","lastUpdated","nodeEligible","status"],["IPv4","IPv6"],true,true,true]'
    expect_equal "times" "$(jq '[.currentTime, .lastUpdated, .status.IPv6.lastUpdated] | map(fromdate | now - . | . < 5 and . > -2) | all' "$work/body")" true
    is 200 $health/livez
    expect_equal "of the node livez says nothing" "$(jq -c '[keys, .healthy]' "$work/body")" \
        '[["currentTime","healthy","lastUpdated","status"],true]'
    is 200 $health/readyz
    is 404 $health/metrics
    is 200 192.0.2.2:10256/healthz outside
    expect_equal "HEAD" "$(curl -sI -m 3 http://$health/healthz | head -n 1 | tr -d '\r')" "HTTP/1.1 200 OK"
    stop
    expect_equal "after the end" "$(status $health/livez)" 000
}

test_before_the_source_is_known_it_is_alive_and_not_ready() {
    node
    rmdir "$work/services.d"
    start
    becomes 503 $health/readyz
    is 200 $health/livez
    expect_equal "never" "$(jq -r .status.IPv4.lastUpdated "$work/body")" 0001-01-01T00:00:00Z
    mkdir "$work/services.d"
    service web $vip 80 | put web.yaml
    wait_until 40 is 200 $health/readyz || { cat "$work/podnetd.log"; exit 1; }
}

test_a_node_that_the_cluster_does_not_know_gets_no_traffic() {
    node
    "$bin/podnet-fake-apiserver" --recordings "$here/Tests/KubernetesClientTests/Recordings" >"$work/address" &
    wait_until 20 test -s "$work/address"
    "$bin/podnetd" --socket "$work/podnetd.sock" --server "$(cat "$work/address")" --node-name stranger 2>"$work/podnetd.log" &
    becomes 200 $health/readyz
    becomes 503 $health/healthz
    expect_equal "who is to blame" "$(jq -c '[.nodeEligible, .healthy]' "$work/body")" '[false,true]'
    is 200 $health/livez
    expect_value 'kubeproxy_proxy_healthz_total{code="503"}' '[1-9]'
    expect_value 'podnet_watch_up{resource="services"}' 1
}

test_load_balancers_hear_how_many_endpoints_are_here() {
    node
    { balanced lb $vip 30999; endpoints lb 10.200.0.2,n1,true 10.200.1.2,n1,true 10.200.9.9,n2,true; } | put lb.yaml
    start --node-name n1
    local url=192.0.2.2:30999
    becomes 200 $url outside
    printf '{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "lb"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}' \
        | diff - "$work/body"
    expect_match "headers" "$(tr -d '\r' <"$work/head")" $'X-Load-Balancing-Endpoint-Weight: 2'
    expect_match "headers" "$(tr -d '\r' <"$work/head")" $'Content-Type: application/json\nX-Content-Type-Options: nosniff'
    is 200 $url/any/path?at=all outside
    expect_equal "at other addresses of the node" "$(status 10.200.0.1:30999 server) $(status 127.0.0.1:30999)" "000 000"
    { balanced lb $vip 30999; endpoints lb 10.200.0.2,n1,false 10.200.1.2,n1,true; } | put lb.yaml
    fewer() { is 200 $url outside && grep -q 'Weight: 1' "$work/head"; }
    wait_until 20 fewer
    { balanced lb $vip 30999; endpoints lb 10.200.0.2,n1,false 10.200.9.9,n2,true; } | put lb.yaml
    becomes 503 $url outside
    expect_match "none is here" "$(cat "$work/body")" '"localEndpoints": 0,'
    { balanced lb $vip 30998; endpoints lb 10.200.0.2,n1,true; } | put lb.yaml
    becomes 200 192.0.2.2:30998 outside
    becomes 000 $url outside
    { balanced lb $vip 30998 Cluster; endpoints lb 10.200.0.2,n1,true; } | put lb.yaml
    becomes 000 192.0.2.2:30998 outside
    { balanced lb $vip 30998; endpoints lb 10.200.0.2,n1,true; } | put lb.yaml
    becomes 200 192.0.2.2:30998 outside
    # Another service takes the port over at once.
    { balanced other $vip 30998; endpoints other 10.200.0.2,n1,true; } | put lb.yaml
    takes_over() { is 200 192.0.2.2:30998 outside && grep -q '"name": "other"' "$work/body"; }
    wait_until 20 takes_over
    expect_equal "trouble" "$(grep -c 'has no port' "$work/podnetd.log" || true)" 0
    stop
    expect_equal "after the end" "$(status 192.0.2.2:30998 outside)" 000
}

test_health_checks_are_where_node_ports_are_and_follow_the_addresses() {
    node
    { balanced lb $vip 30999; endpoints lb 10.200.0.2,n1,true; } | put lb.yaml
    start --node-name n1 --nodeport-addresses 198.51.100.0/24
    expect_equal "not yet" "$(status 192.0.2.2:30999 outside)" 000
    ip addr add 198.51.100.7/32 dev lo
    becomes 200 198.51.100.7:30999 client
    ip addr del 198.51.100.7/32 dev lo
    expect_value 'podnet_health_check_servers{state="listening"}' 0
    stop
    start --node-name n1 --nodeport-addresses 0.0.0.0/0 --nodeport-addresses ::/0
    becomes 200 192.0.2.2:30999 outside
    # Where node ports are open everywhere, also at addresses that are only routed to the node.
    ip route add local 203.0.113.9/32 dev lo
    becomes 200 203.0.113.9:30999 client
    grep -q 'Weight: 1' "$work/head"
}

test_a_port_that_is_taken_is_reported_and_nothing_else_stops() {
    web --node-name n1
    socat TCP-LISTEN:30999,fork,reuseaddr SYSTEM:'echo taken' &
    local taker=$!
    wait_until 20 sh -c "ss -ltn | grep -q :30999"
    { balanced lb 10.96.14.21 30999; endpoints lb 10.200.0.2,n1,true; } | put lb.yaml
    { balanced lc 10.96.14.22 30998; endpoints lc 10.200.0.2,n1,true; } | put lc.yaml
    becomes 200 192.0.2.2:30998 outside
    wait_until 20 grep -q 'error a health check has no port .*listen at 192.0.2.2:30999: Address already in use.*service=default/lb' "$work/podnetd.log" || { cat "$work/podnetd.log"; exit 1; }
    expect_match "status" "$(netctl status || true)" 'Service default/lb.*spec.healthCheckNodePort.*30999: Address already in use'
    expect_value 'podnet_health_check_servers{state="failed"}' 1
    expect_equal "services go on" "$(ask client 80)" "server 10.200.1.2"
    kill $taker
    wait $taker || true
    wait_until 8 is 200 192.0.2.2:30999 outside
    wait_until 20 netctl status
    expect_equal "it is said once" "$(grep -c 'has no port' "$work/podnetd.log")" 1
}

test_a_taken_health_port_is_reported_and_off_is_off() {
    node
    socat TCP-LISTEN:10256,fork,reuseaddr SYSTEM:'echo taken' &
    wait_until 20 sh -c "ss -ltn | grep -q :10256"
    serve server 8080
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    start
    applied
    wait_until 20 grep -q 'error a server has no port .*0.0.0.0:10256: Address already in use.*server=health' "$work/podnetd.log"
    expect_equal "services go on" "$(ask client 80)" "server 10.200.1.2"
    stop
    start --healthz-bind-address off --metrics-bind-address off
    expect_equal "listeners" "$(ss -Hltnp | grep podnetd || true)" ""
    stop
    start --healthz-bind-address 192.0.2.2:9 --metrics-bind-address '[::1]:10'
    becomes 200 192.0.2.2:9/healthz
    becomes 200 '[::1]:10/healthz'
    expect_equal "plain ok" "$(cat "$work/body")" ok
}

test_metrics_are_well_formed_for_this_machine_alone_and_count() {
    node
    service web $vip 80 | put web.yaml
    start --node-name n1
    applied
    becomes 200 $metrics/metrics
    expect_match "type" "$(tr -d '\r' <"$work/head")" 'Content-Type: text/plain; version=0.0.4'
    expect_equal "from elsewhere" "$(status 192.0.2.2:10249/metrics outside)" 000
    is 200 $metrics/proxyMode && expect_equal "mode" "$(cat "$work/body")" nftables
    value >/dev/null
    expect_value 'podnet_objects{kind="Service"}' 1
    expect_value 'podnet_faults{reason="no-endpoints"}' 1
    expect_value 'kubeproxy_sync_full_proxy_rules_duration_seconds_count{ip_family="IPv4"}' 1
    # The annotation is of the moment, but of a clock of full seconds.
    slice web 8080 p80 10.200.0.2 | sed "s|labels:|annotations: { endpoints.kubernetes.io/last-change-trigger-time: \"$(date -u +%FT%T.%6NZ)\" }, labels:|" \
        | put slice.yaml
    wait_until 20 nft get element ip podnet frontends "{ $vip . tcp . 80 }"
    expect_value 'podnet_faults{reason="no-endpoints"}' 0
    expect_value 'podnet_endpoints{state="ready"}' 1
    expect_value 'podnet_objects{kind="EndpointSlice"}' 1
    expect_value 'kubeproxy_sync_proxy_rules_endpoint_changes_total' 1
    expect_value 'kubeproxy_sync_proxy_rules_endpoint_changes_pending' 0
    expect_value 'kubeproxy_sync_partial_proxy_rules_duration_seconds_count{ip_family="IPv4"}' 1
    expect_value 'kubeproxy_network_programming_duration_seconds_count{ip_family="IPv4"}' 1
    expect_value 'kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="1"}' 1
    expect_value 'podnet_programming_duration_seconds_count' 2
    expect_value 'podnet_programming_duration_seconds_bucket{le="0.4096"}' 2
    # Times as other clocks have them.
    local last
    last=$(value kubeproxy_sync_proxy_rules_last_timestamp_seconds'{ip_family="IPv6"}')
    sed -n 's/^kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"} //p' "$work/metrics" \
        | awk -v now="$(date +%s)" '{ exit !($1 > now - 5 && $1 < now + 2) }' || { echo "last sync: $last"; exit 1; }
    expect_value process_resident_memory_bytes '[1-9].*'
    expect_value podnet_conntrack_limit '[1-9].*'
    # A file that is refused, and a policy without an endpoint here.
    { service web $vip 80 | sed 's/^spec:/spec:\n  internalTrafficPolicy: Local/'; } | put web.yaml
    slice web 8080 p80 10.200.0.2 | sed 's/"10.200.0.2"\]/&, nodeName: n2/' | put slice.yaml
    echo 'kind: [' | put broken.yaml
    wait_until 20 says broken.yaml netctl status
    expect_value 'kubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy="internal",ip_family="IPv4"}' 1
    expect_value 'podnet_faults{reason="rejected"}' 1
    expect_equal "no names without being asked" "$(grep -c 'service="' "$work/metrics" || true)" 0
}

test_connections_are_counted_where_wanted() {
    web --connection-metrics endpoints
    ask client 80 >/dev/null
    ask client 80 >/dev/null
    ask node 80 >/dev/null
    local series='podnet_service_connections_total{namespace="default",service="web",port="p80",protocol="tcp"}'
    expect_value "$series" 3
    expect_value 'podnet_endpoint_connections_total{endpoint="10.200.0.2:8080",service="web"}' 3
    # A second endpoint: the kernel's elements begin anew, the sums do not.
    { service web $vip 80; slice web 8080 p80 10.200.0.2 10.200.0.9; } | put web.yaml
    wait_until 20 sh -c "nft list map ip podnet endpoints | grep -q 10.200.0.9"
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    wait_until 20 sh -c "! nft list map ip podnet endpoints | grep -q 10.200.0.9"
    ask client 80 >/dev/null
    goes_on() { [ "$(value "$series")" = 4 ]; }
    wait_until 12 goes_on || { value "$series"; exit 1; }
    expect_value podnet_connection_series_left_out 0
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
