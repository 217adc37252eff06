#!/usr/bin/env bash
# netctl as an operator uses it, beside a real podnetd and a real kernel.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}

# Service default/web, port 80, at these addresses on port 8080.
web_at() { { service web $vip 80; slice web 8080 p80 "$@"; } | put web.yaml; }
# column NAME: what is below this heading in the table on stdin.
column() { awk -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }'; }
states() { netctl endpoints -o json "$@" | jq -r '.items[] | "\(.endpoint.address // "-") \(.state) \(.kernel.state)"'; }
# watch NAME FLAG…: netctl -w in the background; its rows go to $work/NAME.
watch() {
    local name=$1
    shift
    "$bin/netctl" "$@" -w --socket "$work/podnetd.sock" >"$work/$name" 2>"$work/$name.err" &
}
# Names the first endpoint's element in map endpoints.
first_element="{ 0x00000000 . $vip . tcp . 80 }"
# another_kernel NAME: a namespace whose tables another podnetd made from the same manifests and left behind; whoever
# asks our daemon from there has the daemon's words and a kernel that anybody can change.
another_kernel() {
    ip netns add "$1"
    ip netns exec "$1" "$bin/podnetd" --services-dir "$work/services.d" --socket "$work/$1.sock" \
        --lock-file "$work/$1.lock" --no-own-tables --pod-cidr 10.200.0.0/16 2>"$work/$1.log" &
    local other=$!
    wait_until 20 ip netns exec "$1" nft get element ip podnet endpoints "$first_element"
    kill $other
    wait $other
}

test_watch_shows_rows_then_changes_and_survives_restarts_of_the_daemon() {
    web
    watch table endpoints
    watch json endpoints -o json
    watch services services
    wait_until 20 grep -q ADDED "$work/table"
    expect_equal "headings" "$(head -n 1 "$work/table" | awk '{ print $1, $2, $NF }')" "EVENT NAMESPACE REASON"
    web_at 10.200.0.2 10.200.1.2
    wait_until 20 grep -q 'ADDED.*10.200.1.2:8080.*ready *ok' "$work/table"
    wait_until 20 grep -q 'MODIFIED.* 2/2 ' "$work/services"
    local signal
    for signal in KILL TERM; do
        stop $signal || true
        # Changed while nobody serves: the generation of the next daemon is the same as this one's, or less.
        if [ $signal = KILL ]; then web_at 10.200.0.2; else web_at 10.200.0.2 10.200.1.9; fi
        start
        if [ $signal = KILL ]; then
            wait_until 20 grep -q 'DELETED.*10.200.1.2:8080' "$work/table" || { cat "$work/table"; exit 1; }
        else
            wait_until 20 grep -q 'ADDED.*10.200.1.9:8080' "$work/table" || { cat "$work/table"; exit 1; }
        fi
    done
    wait_until 20 grep -q 10.200.1.9 "$work/json"
    expect_equal "events" "$(jq -r '"\(.type) \(.object.endpoint.address)"' "$work/json" | xargs)" \
        "ADDED 10.200.0.2 ADDED 10.200.1.2 DELETED 10.200.1.2 ADDED 10.200.1.9"
    # That the daemon went away is said once each time, and is no change of any row.
    expect_match "what was said" "$(cat "$work/table.err")" 'podnetd.sock'
    wait_until 20 sh -c '[ "$(grep -c MODIFIED "$1")" = 3 ]' - "$work/services" || { cat "$work/services"; exit 1; }
}

test_a_restart_that_ends_at_the_same_generation_is_noticed() {
    web
    watch json endpoints -o json
    wait_until 20 grep -q 10.200.0.2 "$work/json"
    # Neither answers the other's waiting requests: the watcher asks the new daemon for what is past the old one's state.
    stop TERM
    web_at 10.200.1.2
    start
    wait_until 20 grep -q 10.200.1.2 "$work/json" || { cat "$work/json" "$work/json.err"; exit 1; }
}

test_without_a_daemon_the_kernel_is_shown() {
    web
    expect_status 0 netctl endpoints --problems
    stop
    expect_status 0 netctl endpoints
    expect_match "source" "$(cat "$work/out")" 'source: kernel only \(daemon unreachable\)'
    expect_match "row" "$(cat "$work/out")" "default +web +p80 +$vip:80/tcp +10.200.0.2:8080 +- +- +unknown +ok"
    expect_match "why" "$(cat "$work/err")" 'no such socket, so it does not run'
    expect_match "services" "$(netctl services)" "default +web +- +$vip +p80:80→8080 +\?/1 +- +ok"
    expect_equal "sources" "$(netctl endpoints -o json | jq -c '[.metadata.sources, .metadata.partial]')" '[["kernel"],true]'
    expect_status 69 netctl endpoints --source daemon
    expect_match "next" "$(cat "$work/err")" 'next: systemctl status podnetd'
    expect_status 69 netctl status
    nft delete element ip podnet endpoints "$first_element"
    expect_status 1 netctl endpoints --problems
    expect_match "gap" "$(cat "$work/out")" 'MISSING +1 of 1 indices lead nowhere'
    expect_match "next step" "$(cat "$work/out")" 'Next: systemctl status podnetd'
    start
    wait_until 20 says '10.200.0.2 ready ok' states
}

test_what_others_delete_is_missing_and_what_they_add_is_stale() {
    web
    another_kernel elsewhere
    expect_equal "as it should be" "$(ip netns exec elsewhere "$bin/netctl" endpoints -o json \
        --socket "$work/podnetd.sock" | jq -r '.items[].kernel.state')" ok
    ip netns exec elsewhere nft delete element ip podnet endpoints "$first_element"
    ip netns exec elsewhere nft add element ip podnet frontends "{ 10.96.9.9 . tcp . 80 comment \"default/old:http\" : 0:1 }"
    ip netns exec elsewhere nft add element ip podnet endpoints "{ 0x00000000 . 10.96.9.9 . tcp . 80 : 10.200.1.2 . 80 }"
    expect_status 1 ip netns exec elsewhere "$bin/netctl" endpoints --problems --socket "$work/podnetd.sock"
    expect_match "missing" "$(cat "$work/out")" \
        "web +p80 +$vip:80/tcp +10.200.0.2:8080 +- +- +ready +MISSING +applied in gen [0-9]+, not in map endpoints"
    expect_match "stale" "$(cat "$work/out")" \
        'old +http +10.96.9.9:80/tcp +10.200.1.2:80 +- +- +undesired +STALE +in map endpoints \(index 0\), not desired'
    expect_equal "services" "$(ip netns exec elsewhere "$bin/netctl" services -o json --socket "$work/podnetd.sock" |
        jq -r '.items[] | "\(.name) \(.kernel.state)"' | xargs)" "old STALE web DRIFT"
    expect_equal "our own kernel" "$(states)" "10.200.0.2 ready ok"
}

test_what_others_change_is_taken_back_and_they_are_named() {
    web --no-own-tables
    nft delete element ip podnet endpoints "$first_element"
    wait_until 20 nft get element ip podnet endpoints "$first_element"
    nft add element ip podnet cluster-ips '{ 10.96.9.9 }'
    wait_until 20 sh -c '! nft get element ip podnet cluster-ips "{ 10.96.9.9 }"'
    nft flush ruleset
    wait_until 20 ask client 80
    expect_equal "rows" "$(states)" "10.200.0.2 ready ok"
    expect_match "status" "$(netctl status)" 'drift repaired [1-9]'
    expect_match "log" "$(cat "$work/podnetd.log")" 'took back what others changed in our tables by="?nft'
}

test_owned_tables_refuse_others_and_outlive_a_flush() {
    web
    expect_match "status" "$(netctl status)" 'ip podnet +frontends 1 +endpoints 1 +owned'
    nft delete element ip podnet endpoints "$first_element" 2>"$work/err" && exit 1
    expect_match "refusal" "$(cat "$work/err")" 'Operation not permitted'
    nft flush ruleset
    expect_equal "service" "$(ask client 80)" "server 10.200.1.2"
    expect_match "status" "$(netctl status)" 'drift repaired 0'
}

test_somebody_without_rights_is_told_so() {
    web
    local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)
    # Whoever is not root may not even reach a build in root's home.
    cp "$bin/netctl" "$work/netctl"
    chmod 755 "$work" "$work/netctl"
    local noun
    for noun in endpoints services status; do
        expect_status 77 "${nobody[@]}" "$work/netctl" $noun --socket "$work/podnetd.sock"
        expect_equal "nothing on stdout" "$(cat "$work/out")" ""
        expect_match "$noun: why" "$(cat "$work/err")" 'podnetd.sock: Permission denied'
        expect_match "$noun: what to do" "$(cat "$work/err")" "next: sudo netctl $noun --socket"
    done
    expect_status 77 "${nobody[@]}" "$work/netctl" endpoints --source kernel
    expect_status 77 "${nobody[@]}" "$work/netctl" pods
    expect_match "pods: what to do" "$(cat "$work/err")" 'next: sudo netctl pods'
}

test_every_format_carries_the_same_rows() {
    web
    { service empty 10.96.0.9 80; } | put empty.yaml
    applied 10.96.0.9
    wait_until 20 says 'empty' netctl services -o name
    expect_equal "names" "$(netctl endpoints -o name | xargs)" \
        "endpoint/default/empty/10.96.0.9:80/tcp/none endpoint/default/web/$vip:80/tcp/10.200.0.2:8080"
    expect_equal "names of services" "$(netctl svc -o name | xargs)" "service/default/empty service/default/web"
    expect_equal "rows without headings" "$(netctl endpoints --no-headers | awk '{ print $2 }' | xargs)" "empty web"
    expect_equal "column STATE" "$(netctl endpoints | tail -n +2 | head -n 3 | column STATE | xargs)" "no-endpoints ready"
    expect_match "wide" "$(netctl endpoints -o wide)" 'TABLE +INDEX +CONNS +GEN +REASON'
    netctl endpoints -o json >"$work/json"
    expect_equal "envelope" "$(jq -c '[.apiVersion, .kind, .metadata.sources, .metadata.partial, .metadata.warnings]' "$work/json")" \
        '["netctl/v1","EndpointList",["daemon","kernel"],false,[]]'
    expect_match "times" "$(jq -r .metadata.generatedAt "$work/json")" '^20[0-9-]+T[0-9:]+Z$'
    expect_equal "fields of an endpoint" "$(jq -c '.items[1] | del(.desired.generation, .applied.generation, .kernel.connections)' "$work/json")" \
        "$(jq -nc --arg vip $vip '{applied: {}, desired: {ready: true, selected: true, serving: true, terminating: false},
            endpoint: {address: "10.200.0.2", local: true, port: 8080}, kernel: {index: 0, state: "ok", table: "ip podnet"},
            namespace: "default", port: 80, portName: "p80", protocol: "tcp", service: "web", state: "ready", vip: $vip}')"
    expect_equal "fields of a service" "$(netctl services web -o json | jq -c '.items[0] | [.type, .vips, .ports, .endpoints, .kernel]')" \
        "[\"ClusterIP\",[\"$vip\"],[{\"name\":\"p80\",\"port\":80,\"protocol\":\"tcp\",\"targets\":[8080]}],{\"ready\":1,\"total\":1},{\"state\":\"ok\"}]"
    local noun
    for noun in endpoints services status; do
        netctl $noun -o yaml >"$work/yaml"
        /usr/bin/python3 -c 'import json, sys, yaml; json.dump(yaml.load(open(sys.argv[1]), yaml.BaseLoader)["items"], sys.stdout)' \
            "$work/yaml" | jq -S . >"$work/from-yaml"
        netctl $noun -o json | jq -S '.items | walk(if type == "object" or type == "array" then . else tostring end)' \
            >"$work/from-json"
        # Two questions, asked a moment apart; and YAML writes a number with other digits.
        diff <(grep -vE '"(at|seconds)"' "$work/from-yaml") <(grep -vE '"(at|seconds)"' "$work/from-json")
    done
}

test_rows_are_picked_by_names_addresses_and_namespaces() {
    web
    { service api 10.96.0.7 443 | sed 's/namespace: default/namespace: prod/'; } | put api.yaml
    applied 10.96.0.7
    wait_until 20 says api netctl services
    local name
    for name in web default/web svc/web $vip $vip:80 $vip:80/tcp 10.200.0.2 10.200.0.2:8080; do
        expect_equal "by $name" "$(netctl endpoints $name -o name)" "endpoint/default/web/$vip:80/tcp/10.200.0.2:8080"
    done
    expect_equal "by namespace" "$(netctl endpoints -n prod -o name)" "endpoint/prod/api/10.96.0.7:443/tcp/none"
    expect_equal "all" "$(netctl get ep -A --no-headers | wc -l)" 2
    expect_status 1 netctl endpoints nosuch
    expect_match "unknown name" "$(cat "$work/err")" 'no endpoint named nosuch'
    expect_status 0 netctl endpoints -n empty
    expect_match "empty answer" "$(cat "$work/err")" 'no endpoints in namespace empty'
    expect_status 1 netctl services --problems
    expect_match "only problems" "$(cat "$work/out")" 'prod +api'
    expect_equal "sorted" "$(netctl endpoints --sort-by vip --no-headers | awk '{ print $2 }' | xargs)" "api web"
}

test_wrong_usage_ends_with_64_and_says_what_is_right() {
    web
    expect_status 64 netctl endpoints --no-such-flag
    expect_status 64 netctl enpoints
    expect_match "hint" "$(cat "$work/err")" "no command 'enpoints': did you mean 'endpoints'\?"
    expect_status 64 netctl endpoints -o xml
    expect_match "formats" "$(cat "$work/err")" "table.*wide.*json.*yaml.*name"
    expect_status 64 netctl endpoints --sort-by size
    expect_match "columns" "$(cat "$work/err")" "no column 'size'; known are NAMESPACE"
    expect_status 64 netctl endpoints -n default -A
    expect_status 64 netctl endpoints --timeout 0
}

test_the_reference_names_every_command_and_flag() {
    local command flag
    for command in endpoints services pods status version; do
        grep -q "^| .netctl $command" "$here/docs/netctl.md" || { echo "docs/netctl.md lacks $command"; exit 1; }
        for flag in $("$bin/netctl" $command --help | sed -nE 's/^  (-., )?(--[a-z-]+).*/\2/p'); do
            case $flag in
                --namespace | --all-namespaces | --output | --watch) flag=-${flag:2:1} ;;
                --help | --version) continue ;;
            esac
            [ "$flag" != -a ] || flag=-A
            grep -qe "\`$flag[ \`]" "$here/docs/netctl.md" || { echo "docs/netctl.md lacks $flag of $command"; exit 1; }
        done
    done
}

test_a_daemon_that_hangs_is_waited_for_as_long_as_asked() {
    web
    kill -STOP $daemon
    local began=$SECONDS
    expect_status 69 netctl status --timeout 1
    expect_match "why" "$(cat "$work/err")" 'no answer within 1 s \(--timeout\)'
    [ $((SECONDS - began)) -lt 4 ]
    expect_status 0 netctl endpoints --timeout 1
    expect_match "kernel" "$(cat "$work/out")" 'kernel only'
    kill -CONT $daemon
    wait_until 20 netctl status
}

test_colours_are_for_terminals() {
    web
    on_terminal() { script -qec "$bin/netctl endpoints --socket $work/podnetd.sock $*" /dev/null; }
    expect_match "terminal" "$(TERM=xterm on_terminal)" $'\e\\[32mready'
    expect_equal "NO_COLOR" "$(NO_COLOR=1 TERM=xterm on_terminal | grep -c $'\e')" 0
    expect_equal "--color never" "$(TERM=xterm on_terminal --color never | grep -c $'\e')" 0
    expect_equal "pipe" "$(netctl endpoints | grep -c $'\e')" 0
    expect_match "--color always" "$(netctl endpoints --color always)" $'\e\\[32mok'
    # A reader that goes away is no error to talk about.
    expect_equal "broken pipe" "$( (netctl endpoints; echo "status $?" >&2) 2>&1 >/dev/null | cat)" "status 0"
}

test_pods_are_listed_with_their_wires_and_orphans() {
    local keys='"ipam": {"type": "host-local", "addressMode": "host", "subnet": "10.11.23.0/24"}'
    plugins=$bin/cni
    ip netns add web-0
    ip netns add old-3
    local pod
    for pod in web-0 old-3; do
        echo "{\"cniVersion\": \"1.0.0\", \"name\": \"podnet\", \"type\": \"bridge\", \"bridge\": \"br0\", $keys}" |
            cni ADD "$pod-container" "/run/netns/$pod" eth0 >"$work/$pod.json"
    done
    local host_link
    host_link=$(jq -r '.interfaces[] | select(.name | startswith("veth")) | .name' "$work/web-0.json")
    expect_match "row" "$("$bin/netctl" pods)" "- +- +web-0-contai… +eth0 +10.11.23.2/32 +$host_link +br0 +/run/netns/web-0 +podnet +up"
    expect_match "how to enter" "$("$bin/netctl" pods)" 'nsenter --net=/run/netns/[a-z]*-[03] ip -br addr'
    for name in ct:web-0 10.11.23.2 "$host_link" /run/netns/web-0; do
        expect_equal "by $name" "$("$bin/netctl" pods "$name" -o name)" "pod/podnet/web-0-container/eth0"
    done
    ip netns del old-3
    wait_until 20 says ORPHAN "$bin/netctl" pods
    expect_status 1 "$bin/netctl" pods --problems
    expect_match "why" "$("$bin/netctl" pods -o wide)" 'ORPHAN.*namespace are gone, the address is still leased'
    expect_equal "document" "$("$bin/netctl" pods web-0-container -o json | jq -c '.items[0] | [.network, .containerID, .ifName, .addresses, .state]')" \
        '["podnet","web-0-container","eth0",["10.11.23.2/32"],"up"]'
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
