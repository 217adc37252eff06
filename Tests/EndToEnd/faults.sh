#!/usr/bin/env bash
# What podnetd does about a kernel that refuses something, and about others who change or remove its tables: where no
# owner protects these (--no-own-tables), and where nothing happens at all. scripts/disrupt has the load to it.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}

# Names the first endpoint's element in map endpoints.
first_element="{ 0x00000000 . $vip . tcp . 80 }"
# Chains and sets by name, as they come back at the end; the rules of each as they are.
table_in_order() {
    nft -j list table ip podnet | jq -S 'del(.. | .counter?, .handle?)
        | .nftables |= sort_by((.chain // .set // .map // {}).name // "", .rule.chain // "")'
}
logged() { grep -c "$1" "$work/podnetd.log" || true; }
milliseconds() { echo $(((${EPOCHREALTIME/./} - $1) / 1000)); }
# many COUNT: so many services, bad among them.
many() {
    local number name
    for number in $(seq "$1"); do
        name=many-$number
        [ "$number" != $(($1 / 3)) ] || name=bad
        service $name 10.97.$((number / 250)).$((number % 250 + 1)) 80
        slice $name 8080 p80 10.200.0.2
    done
}
# pause: the daemon stops, all of it, until SIGCONT.
pause() {
    kill -STOP $daemon
    wait_until 20 sh -c "! cat /proc/$daemon/task/*/status | grep State: | grep -qv stopped"
}
frontends() { nft list map ip podnet frontends | grep -c ' . tcp . 80 ' || true; }

test_a_service_that_the_kernel_refuses_stands_aside_and_999_are_served_at_once() {
    clang -shared -fPIC -O1 -o "$work/refuse.so" "$here/Tests/EndToEnd/Support/refuse.c"
    printf default/bad >"$work/refused"
    node
    serve server 8080
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    # Preloaded into the daemon alone: netctl and nft say what is there.
    PODNET_TEST_REFUSED=$work/refused LD_PRELOAD=$work/refuse.so launch --pod-cidr 10.200.0.0/16
    applied
    many 1000 >"$work/many"
    put many.yaml <"$work/many"
    local began=${EPOCHREALTIME/./}
    wait_until 20 grep -q 'a service is left out.*service=default/bad' "$work/podnetd.log" || { cat "$work/podnetd.log"; exit 1; }
    wait_until 20 sh -c '[ "$(nft list map ip podnet frontends | grep -c " . tcp . 80 ")" = 1000 ]' || { frontends; exit 1; }
    echo "FIGURE 999 services are served beside a refused one after $(milliseconds $began) ms"
    expect_equal "one of them" "$(ask client 80 10.97.3.250)" "server 10.200.1.2"
    expect_match "its row" "$(netctl endpoints bad)" 'the kernel refused the service: .*(Operation not supported|Invalid argument)'
    expect_match "the others" "$(netctl services many-1)" ' ok'
    expect_match "status" "$(netctl status)" 'Service default/bad.*the kernel refused it'
    expect_equal "services left out" "$(logged 'a service is left out')" 1
    # When the kernel takes it, all it needs is a reason to be tried again.
    : >"$work/refused"
    kill -HUP $daemon
    wait_until 20 ask client 80 10.97.1.84 || { netctl endpoints bad; exit 1; }
    expect_match "its row" "$(netctl endpoints bad)" ' ready +ok'
}

test_a_deleted_element_chain_and_table_are_back_at_once_and_the_log_says_who_it_was() {
    web --no-own-tables
    local round what began command
    for round in 1 2 3; do
        while IFS='|' read -r what command; do
            began=${EPOCHREALTIME/./}
            nft $command
            wait_until 20 nft get element ip podnet endpoints "$first_element"
            wait_until 20 nft list chain ip podnet nat-output
            echo "FIGURE a deleted $what is back after $(milliseconds $began) ms, the starts of nft included"
            expect_equal "service" "$(ask client 80)" "server 10.200.1.2"
        done <<COMMANDS
element|delete element ip podnet endpoints $first_element
chain|delete chain ip podnet nat-output
table|delete table ip podnet
everything|flush ruleset
COMMANDS
    done
    wait_until 20 sh -c "[ \$(grep -c 'took back what others changed.* by=nft' '$work/podnetd.log') = 12 ]" ||
        { cat "$work/podnetd.log"; exit 1; }
    wait_until 20 netctl status
    expect_match "status" "$(netctl status)" 'drift repaired 12'
}

test_what_others_do_to_elements_or_elsewhere_is_no_reason_to_read_the_tables() {
    web --no-own-tables
    local before number readings
    before=$(table_in_order)
    readings=$(logged 'read our tables')
    for number in $(seq 20); do nft add table inet others-$number; done
    nft delete element ip podnet endpoints "$first_element"
    wait_until 20 nft get element ip podnet endpoints "$first_element"
    nft add element ip podnet cluster-ips '{ 10.96.9.9 }'
    wait_until 20 sh -c '! nft get element ip podnet cluster-ips "{ 10.96.9.9 }"'
    nft flush map ip podnet frontends
    wait_until 20 ask client 80
    # Nor is what they do to rules, chains and sets: those are read alone.
    nft flush chain ip podnet unserved
    wait_until 20 sh -c 'nft list chain ip podnet unserved | grep -q reject'
    nft delete chain ip podnet nat-output
    wait_until 20 nft list chain ip podnet nat-output
    nft insert rule ip podnet services drop
    wait_until 20 ask client 80
    nft 'flush chain ip podnet services; flush chain ip podnet unserved-virtual; delete map ip podnet frontends'
    wait_until 20 ask client 80
    nft 'add set ip podnet theirs { type mark; }'
    wait_until 20 sh -c '! nft list set ip podnet theirs'
    expect_equal "the table" "$(table_in_order)" "$before"
    expect_equal "readings" "$(logged 'read our tables')" "$readings"
    expect_equal "others' tables" "$(nft list tables | grep -c others)" 20
}

test_open_connections_go_on_even_before_flushed_rules_are_back() {
    node
    ip netns exec server socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:"while echo tick && sleep 0.05; do true; done" &
    wait_until 20 ip netns exec server sh -c "ss -ltn | grep -q ':8080 '"
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    start --no-own-tables
    applied
    ip netns exec client socat -u TCP:$vip:80 - >"$work/ticks" &
    wait_until 20 test -s "$work/ticks"
    pause
    nft flush ruleset
    expect_equal "our tables" "$(nft list tables | grep -c 'podnet$' || true)" 0
    local seen
    seen=$(wc -l <"$work/ticks")
    wait_until 20 sh -c "[ \$(wc -l <'$work/ticks') -gt $((seen + 10)) ]" || { echo "stuck at $seen"; exit 1; }
    kill -CONT $daemon
    applied
    stop KILL || true
    expect_equal "the daemon's own tables are gone with it" "$(nft list tables | grep -c anchor || true)" 0
    nft get element ip podnet cluster-ips "{ $vip }" >/dev/null
}

test_new_connections_wait_until_flushed_rules_are_back() {
    web --no-own-tables --service-cidr 10.96.0.0/16
    pause
    nft flush ruleset
    local from
    for from in client node; do ask $from 80 >"$work/from-$from" 2>&1 & done
    sleep 0.3
    expect_equal "connections that are remembered" "$(grep -c "dst=$vip " /proc/net/nf_conntrack || true)" 0
    kill -CONT $daemon
    wait_until 20 grep -q . "$work/from-client"
    wait_until 20 grep -q . "$work/from-node"
    expect_equal "a pod" "$(cat "$work/from-client")" "server 10.200.1.2"
    expect_match "the node" "$(cat "$work/from-node")" "^server "
}

test_the_first_change_is_committed_at_once_a_burst_as_one_and_then_there_is_peace() {
    web --log-level debug
    wait_until 20 netctl status
    local began commits
    commits=$(logged ' synced ')
    began=${EPOCHREALTIME/./}
    { service one 10.96.1.1 80; slice one 8080 p80 10.200.0.2; } | put one.yaml
    applied 10.96.1.1
    echo "FIGURE a first change is in the kernel after $(milliseconds $began) ms, the start of nft included"
    expect_equal "commits for a first change" "$(($(logged ' synced ') - commits))" 1
    commits=$(logged ' synced ')
    kill -STOP $daemon
    local number
    for number in $(seq 50); do { service burst-$number 10.96.2.$number 80; slice burst-$number 8080 p80 10.200.0.2; } | put burst-$number.yaml; done
    kill -CONT $daemon
    applied 10.96.2.50
    wait_until 20 netctl status
    [ $(($(logged ' synced ') - commits)) -le 3 ] || { echo "$(($(logged ' synced ') - commits)) commits for a burst of 50 files"; exit 1; }
    commits=$(logged .)
    sleep 3
    expect_equal "lines of log while nothing happens" "$(($(logged .) - commits))" 0
    expect_equal "readings since the start" "$(logged 'read our tables')" 1
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
