#!/usr/bin/env bash
# podnetd with a Kubernetes API server as its source: what a real one said is played back, and what comes of it is
# compared with what comes of the same objects in a directory.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/cluster.sh"
bin=${PODNET_BIN:-}
recordings=$here/Tests/KubernetesClientTests/Recordings

# directory EVENTS: the objects that the API server has after so many events of each watch, as files
directory() {
    mkdir -p "$work/services.d"
    body list-services-proxy-selector >"$work/services.d/services.json"
    body list-endpointslices >"$work/services.d/slices.json"
    [ "$1" = 0 ] || for watch in services endpointslices; do
        body "watch-$watch" | sed -n "$1p" | jq 'select(.type != "DELETED" and .type != "BOOKMARK") | .object' \
            >"$work/services.d/new-$watch.json"
        [ -s "$work/services.d/new-$watch.json" ] || rm "$work/services.d/new-$watch.json"
    done
}
same_state_after() { # EVENTS
    api_server --events "$1"
    daemon --server "$server"
    complete
    [ "$1" = 0 ] || wait_until 10 sh -c "'$bin/netctl' status -o json --socket '$work/podnetd.sock' |
        jq -es '[.[0].items[0].source.watches[]? | select(.resource == \"services\" or .resource == \"endpointslices\") |
            .resourceVersion | tonumber] == [238 + 1 + $1, 253 + $1]'"
    complete
    kernel >"$work/from-api"
    stop
    kill "$api"
    "$bin/podnetd" --cleanup >/dev/null
    directory "$1"
    # Where the recorded cluster's ServiceCIDR is.
    daemon --services-dir "$work/services.d" --service-cidr 10.96.0.0/12
    complete
    kernel >"$work/from-directory"
    expect_equal "kernel state after $1 events" "$(diff -U0 "$work/from-directory" "$work/from-api" | head -n 60)" ""
    expect_match "kernel state" "$(cat "$work/from-api")" '10\.99\.210\.25'
    stop
}

test_the_recorded_lists_give_the_kernel_what_a_directory_gives() { same_state_after 0; }
test_so_do_a_new_service_and_slice() { same_state_after 1; }
test_so_does_a_changed_port_and_a_ready_endpoint() { same_state_after 2; }
test_so_does_a_deletion() { same_state_after 4; }
test_everything_stays_while_the_api_server_is_away() {
    api_server --events 0
    daemon --server "$server"
    complete
    kernel >"$work/before"
    kill "$api"
    wait "$api" || true
    kernel | diff "$work/before" -
    stop
    daemon --server "$server"
    expect_equal "complete without an API server" "$(status source.isComplete)" false
    kernel | diff "$work/before" -
    stop
}

chain() { nft list chain ip podnet "$1"; }

test_the_clusters_ranges_and_the_nodes_pods_are_in_the_rules_and_are_followed() {
    local node range
    node=$(body get-node | jq -c .)
    range=$(body list-servicecidrs | jq -c '.items[0] + {kind: "ServiceCIDR", apiVersion: "networking.k8s.io/v1"}')
    cp -r "$recordings" "$work/recordings"
    recordings=$work/recordings
    jq -nc --argjson node "$node" '{kind: "NodeList", apiVersion: "v1", metadata: {resourceVersion: "238"}, items: [$node]}' |
        recording list-nodes /api/v1/nodes
    api_server --events 0
    daemon --server "$server" --node-cidr
    complete
    expect_match "pods" "$(chain from-outside)" '10\.11\.23\.0/24'
    expect_match "unallocated" "$(chain unserved)" '10\.96\.0\.0/12 drop'
    kernel >"$work/before"
    stop
    # What an earlier run left is right: nothing is written, but that the tables are the new daemon's.
    stdbuf -oL nft monitor >"$work/monitor" &
    local monitor=$!
    wait_until 20 sh -c "nft add table ip other; nft delete table ip other; grep -q 'table ip other' '$work/monitor'"
    daemon --server "$server" --node-cidr
    complete
    expect_match "the monitor sees" "$(cat "$work/monitor")" 'table ip other'
    kill "$monitor"
    expect_equal "changes at a restart" "$(grep -vE '^# new gen|table ip other|^add table ip6? podnet$' "$work/monitor" || true)" ""
    kernel | diff "$work/before" -
    stop
    kill "$api"
    jq -c '{type: "MODIFIED", object: (.metadata.resourceVersion = "300" | .spec.podCIDRs = ["10.51.0.0/24"])}' <<<"$node" |
        recording watch-nodes /api/v1/nodes
    jq -c '{type: "ADDED", object: (.metadata.resourceVersion = "300" | .metadata.name = "more" | .spec.cidrs = ["10.201.0.0/16"])}' \
        <<<"$range" | recording watch-servicecidrs /apis/networking.k8s.io/v1/servicecidrs
    api_server
    daemon --server "$server" --node-cidr
    wait_until 10 says '10\.51\.0\.0/24' chain from-outside || { chain from-outside; exit 1; }
    wait_until 10 says '10\.201\.0\.0/16 drop' chain unserved || { chain unserved; exit 1; }
    expect_match "unallocated" "$(chain unserved)" '10\.96\.0\.0/12 drop'
    expect_equal "status" "$(status source.isComplete)" true
}

test_a_cluster_that_shows_neither_ranges_nor_nodes_is_served() {
    cp -r "$recordings" "$work/recordings"
    recordings=$work/recordings
    jq -nc '{kind: "Status", apiVersion: "v1", status: "Failure", reason: "Forbidden", code: 403}' |
        recording list-servicecidrs /apis/networking.k8s.io/v1/servicecidrs 403
    api_server
    daemon --server "$server" --node-cidr
    complete
    expect_match "the configured pods" "$(chain from-outside)" '10\.11\.0\.0/16'
    expect_equal "unallocated" "$(chain unserved | grep -c drop || true)" 0
}

test_status_shows_where_services_come_from_and_how_the_watches_are() {
    api_server
    printf 'current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: canary}}]\nclusters: [{name: c, cluster: {server: "%s"}}]\n' \
        "$server" >"$work/kubeconfig"
    daemon --kubeconfig "$work/kubeconfig" --log-level trace
    complete
    expect_equal "kind" "$(status source.kind)" kubernetes
    expect_match "status" "$(netctl status)" "kubernetes $server"
    expect_match "status" "$(netctl status)" 'services +watching +resource version [0-9]+'
    expect_equal "the token in the log" "$(grep -c canary "$work/podnetd.log" || true)" 0
}

test_mistakes_are_named_before_anything_happens() {
    local error
    error=$("$bin/podnetd" --kubeconfig "$work/missing" --check-config 2>&1) && exit 1
    expect_match "missing kubeconfig" "$error" 'missing'
    error=$("$bin/podnetd" --server http://192.0.2.1 --check-config 2>&1) && exit 1
    expect_match "unencrypted" "$error" 'https://'
    error=$(KUBERNETES_SERVICE_HOST=10.96.0.1 "$bin/podnetd" --server https://10.96.0.1 --check-config 2>&1) && exit 1
    expect_match "virtual address" "$error" 'this proxy programs'
    expect_equal "tables" "$(nft list tables)" ""
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
