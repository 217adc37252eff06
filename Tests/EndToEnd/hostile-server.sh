#!/usr/bin/env bash
# API servers that are broken, lie or are somebody else's: whatever they say, the kernel keeps what it has until there is a whole
# and believable list, and no token gets into a log. ScenarioTests and IdentityTests have what a recording cannot do.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/cluster.sh"
bin=${PODNET_BIN:-}
recordings=$here/Tests/KubernetesClientTests/Recordings
services=/api/v1/services slices=/apis/discovery.k8s.io/v1/endpointslices

# served: the recorded cluster is in the kernel, nobody runs, and there are recordings to spoil.
served() {
    cp -r "$recordings" "$work/recordings"
    cp -r "$recordings" "$work/good"
    recordings=$work/recordings
    api_server --events 0
    daemon --server "$server"
    complete
    kernel >"$work/before"
    expect_match "kernel" "$(cat "$work/before")" '10\.99\.210\.25'
    stop
    kill "$api"
}
changed() { [ "$(kernel | diff "$work/before" - | wc -l)" -gt 0 ]; }
as_before() { expect_equal "kernel, $1" "$(kernel | diff "$work/before" - | head -n 40)" ""; }
# asks_with_token: the daemon shows the server a token, and logs all that it can.
asks_with_token() { # SERVER
    printf 'current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {tokenFile: %s}}]\nclusters: [{name: c, cluster: {server: "%s"}}]\n' \
        "$work/token" "$1" >"$work/kubeconfig"
    echo canary-token >"$work/token"
    daemon --kubeconfig "$work/kubeconfig" --log-level trace
}
token_is_nowhere() {
    expect_equal "token in $1" "$({ cat "$work/podnetd.log"; netctl status 2>&1; netctl status -o json 2>&1; } | grep -c canary || true)" 0
}
list() { # KIND ITEMS VERSION
    printf '{"kind":"%s","apiVersion":"v1","metadata":{"resourceVersion":"%s"},"items":%s}\n' "$1" "$3" "$2"
}
# spoil NAME PATH HOW: the list of a resource is what it should not be.
spoil() {
    local kind=ServiceList status=200
    [ "$2" = $services ] || kind=EndpointSliceList
    case $3 in
        html) printf '<html><body>maintenance</body></html>' ;;
        nothing) ;;
        cut) body "$1" | head -c -300 ;;
        cut-in-the-middle) body "$1" | first_bytes 4000 ;;
        kind) list PodList '[{"metadata":{"name":"x","resourceVersion":"1"}}]' 999 ;;
        empty) list $kind '[]' 999 ;;
        null) list $kind null 999 ;;
        strings) list $kind '["a","b"]' 999 ;;
        no-version) body "$1" | sed 's/"metadata":{"resourceVersion":"[0-9]*"}/"metadata":{}/' ;;
        deep) printf '{"kind":"%s","items":[{"a":' $kind; printf '[%.0s' {1..10000} ;;
        *)
            status=$3
            printf '{"kind":"Status","status":"Failure","message":"not for Bearer canary-token","reason":"R","code":%s}' "$3"
            ;;
    esac >"$work/spoilt"
    recording "$1" "$2" $status <"$work/spoilt"
}

test_whatever_the_first_list_is_the_kernel_keeps_what_an_earlier_run_left() {
    served
    local how name path
    for how in html nothing cut cut-in-the-middle kind empty null strings no-version deep 401 403 429 500 503; do
        for name in list-services-proxy-selector list-endpointslices; do
            path=$services
            [ $name = list-services-proxy-selector ] || path=$slices
            spoil $name $path $how
            api_server --events 0
            asks_with_token "$server"
            # A list of nothing is in doubt only where there should be something.
            wait_until 10 says '(services|endpointslices).*(refused|makes no sense|no services at all|no endpointslices at all|stream)' netctl status ||
                { echo "$name $how:"; netctl status; exit 1; }
            expect_equal "complete with $how as $name" "$(status source.isComplete)" false
            as_before "with $how as $name"
            token_is_nowhere "what is told of $how"
            stop
            kill "$api"
            cp "$work/good/$name.http" "$recordings/$name.http"
        done
    done
    # And the truth is taken at once when it comes.
    api_server --events 1
    daemon --server "$server"
    complete
    wait_until 10 changed || { netctl status; exit 1; }
}

test_a_list_that_turns_bad_later_changes_nothing_and_the_truth_is_followed_then() {
    served
    api_server --events 0
    local port=${server##*:} how
    asks_with_token "$server"
    complete
    for how in empty cut 500; do
        kill "$api"
        wait "$api" || true
        spoil list-services-proxy-selector $services $how
        spoil list-endpointslices $slices $how
        # What was watched is too old: everything has to be listed anew.
        for path in $services $slices; do
            printf '{"kind":"Status","status":"Failure","message":"too old resource version: 1","reason":"Expired","code":410}' |
                recording "watch-${path##*/}" $path 410
        done
        api_server --events 0 --port "$port"
        wait_until 30 says 'no services at all|makes no sense|the server refused' netctl status || { netctl status; exit 1; }
        sleep 0.5
        as_before "with $how later"
        token_is_nowhere "what is told of $how"
    done
    kill "$api"
    wait "$api" || true
    cp "$work"/good/* "$recordings"
    api_server --events 1 --port "$port"
    wait_until 60 changed || { netctl status; exit 1; }
    complete
    wait_until 20 says 'services +watching' netctl status
}

test_wrong_objects_of_a_cluster_stand_aside_by_name_and_the_rest_is_served() {
    served
    local evil='[
        {"metadata":{"name":"evil-port","namespace":"default","resourceVersion":"100"},"spec":{"clusterIP":"10.96.9.1","ports":[{"port":65536}]}},
        {"metadata":{"name":"evil-vip","namespace":"default","resourceVersion":"101"},"spec":{"clusterIP":"127.0.0.1","ports":[{"port":80}]}},
        {"metadata":{"name":"evil-type","namespace":"default","resourceVersion":"102"},"spec":"none"}]'
    body list-services-proxy-selector | jq -c --argjson evil "$evil" '.items += $evil' >"$work/services"
    recording list-services-proxy-selector $services <"$work/services"
    body list-endpointslices | jq -c '.items += [{"metadata":{"name":"evil-slice","namespace":"default","resourceVersion":"103",
        "labels":{"kubernetes.io/service-name":"evil-port"}},"addressType":"IPv4","ports":[{"port":80}],"endpoints":[{"addresses":["169.254.169.254"]}]}]' >"$work/slices"
    recording list-endpointslices $slices <"$work/slices"
    api_server --events 0
    daemon --server "$server"
    complete
    as_before "beside them"
    local said
    said=$(netctl status || true)
    expect_match "status" "$said" "Service default/evil-port.*'65536' is not a port"
    expect_match "status" "$said" "Service default/evil-vip.*'127.0.0.1' is not a virtual address: loopback"
    expect_match "status" "$said" "Service default/evil-type"
    expect_match "status" "$said" "EndpointSlice default/evil-slice.*'169.254.169.254' is not an endpoint address: link-local"
}

test_a_server_that_stands_still_holds_nobody_up() {
    served
    api_server --events 0
    daemon --server "$server"
    complete
    kill -STOP "$api"
    sleep 2
    as_before "while the server stands still"
    timeout 3 "$bin/netctl" status --socket "$work/podnetd.sock" >/dev/null
    stop
    # A daemon that starts meanwhile waits, and the kernel with it.
    daemon --server "$server"
    sleep 1
    expect_equal "complete" "$(status source.isComplete)" false
    as_before "at a start meanwhile"
    kill -CONT "$api"
    wait_until 30 sh -c "'$bin/netctl' status --socket '$work/podnetd.sock' | grep -q 'services  *watching'"
    complete
    as_before "afterwards"
}

test_a_token_that_is_gone_or_replaced_costs_nothing_that_is_in_the_kernel() {
    served
    api_server --events 0
    asks_with_token "$server"
    complete
    rm "$work/token"
    kill -HUP "$daemon"
    sleep 0.5
    as_before "without a token"
    stop
    # A start without a token: nothing is asked, and nothing is lost.
    rm -f "$work/token"
    daemon --kubeconfig "$work/kubeconfig" --log-level trace
    wait_until 20 says "the token: .*$work/token" netctl status || { netctl status; exit 1; }
    as_before "at a start without a token"
    echo canary-token >"$work/token"
    local resource
    for resource in services endpointslices servicecidrs; do
        wait_until 30 says "$resource +watching" netctl status || { netctl status; exit 1; }
    done
    complete
    as_before "with the new token"
    token_is_nowhere "the log"
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
