#!/usr/bin/env bash
# podnetd as a service: configuration, signals, the service manager's words, one instance, and sources that break.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}

# configure: what is on stdin becomes the configuration, put in place whole.
configure() {
    cat >"$work/.podnetd.tmp"
    mv "$work/.podnetd.tmp" "$work/podnetd.yaml"
}
configured() { # KEYS: a daemon that has everything from a file
    printf 'servicesDir: %s\nsocket: %s\nlockFile: %s\n%s\n' "$work/services.d" "$work/podnetd.sock" "$work/lock" "$1" | configure
}
run_configured() {
    "$bin/podnetd" --config "$work/podnetd.yaml" 2>>"$work/podnetd.log" &
    daemon=$!
    wait_until 20 netctl endpoints --source daemon || { cat "$work/podnetd.log"; exit 1; }
}
reload() { # PATTERN: tells the daemon, and waits until its log says so
    local known
    known=$(wc -l <"$work/podnetd.log")
    kill -HUP $daemon
    wait_until 20 sh -c "tail -n +$((known + 1)) '$work/podnetd.log' | grep -qE \"$1\"" || { cat "$work/podnetd.log"; exit 1; }
}
# Whether somebody outside is seen by the endpoints with its own address.
outsider() { ask outside 80 2>/dev/null; }

test_the_shipped_configuration_is_good_and_mistakes_are_named() {
    expect_status 0 "$bin/podnetd" --check-config --config "$here/conf/podnetd.yaml"
    expect_match "good" "$(cat "$work/out")" 'the configuration is good'
    local before line
    before=$(snapshot)
    while IFS='|' read -r line expected; do
        printf 'masqueradeAll: false\n%b\n' "$line" >"$work/bad.yaml"
        expect_status 1 "$bin/podnetd" --config "$work/bad.yaml"
        expect_equal "lines about $line" "$(wc -l <"$work/err")" 1
        expect_match "$line" "$(cat "$work/err")" "bad.yaml:2: $expected"
    done <<'MISTAKES'
podCidr: []|unknown key 'podCidr': known are servicesDir
podCIDRs: [10.0.0.0/33]|podCIDRs\[0\]: '10.0.0.0/33' is not a CIDR
podCIDRs: 10.0.0.0/8|podCIDRs: '10.0.0.0/8' is not a list
ownTables: maybe|ownTables: 'maybe' is neither true nor false
logLevel: loud|logLevel: 'loud' is not one of trace, debug
socket: run/podnetd.sock|socket: 'run/podnetd.sock' is not an absolute path
MISTAKES
    expect_status 1 "$bin/podnetd" --config "$work/none.yaml"
    expect_match "missing file" "$(cat "$work/err")" 'none.yaml.*[Nn]o such file'
    expect_status 64 "$bin/podnetd" --pod-cidr 10.0.0.0/33
    expect_match "flag" "$(cat "$work/err")" "10.0.0.0/33"
    expect_status 64 "$bin/podnetd" --no-such-flag
    expect_equal "nothing was changed" "$(snapshot)" "$before"
}

test_flags_override_the_file_and_the_file_the_defaults() {
    node
    serve server 8080
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    printf 'servicesDir: /nowhere\nsocket: %s\nlockFile: %s\nlogFormat: json\n' "$work/podnetd.sock" "$work/lock" | configure
    "$bin/podnetd" --config "$work/podnetd.yaml" --services-dir "$work/services.d" 2>"$work/podnetd.log" &
    daemon=$!
    applied
    expect_equal "the flag's directory" "$(netctl status -o json | jq -r '.items[0].source.location')" "$work/services.d"
    expect_equal "the file's form of log" "$(jq -r 'select(.event == "started") | .event' "$work/podnetd.log")" started
}

test_a_reload_takes_good_settings_and_refuses_bad_ones() {
    node
    serve server 8080
    ip -n outside route add $vip via 192.0.2.2
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    configured 'podCIDRs: [10.200.0.0/16, 192.0.2.0/24]'
    run_configured
    applied
    expect_equal "a pod like any other" "$(outsider)" "server 192.0.2.1"
    configured 'podCIDRs: [10.200.0.0/16]'
    reload 'read the configuration again'
    wait_until 20 says 'server 10.200.0.1' outsider
    configured 'podCIDRs: [10.200.0.0/99]'
    reload "podCIDRs\[0\]: '10.200.0.0/99'"
    expect_equal "after a bad one, as before" "$(outsider)" "server 10.200.0.1"
    configured 'podCIDRs: ['
    reload 'not YAML'
    expect_equal "after a cut one, as before" "$(ask client 80)" "server 10.200.1.2"
    configured 'nodeName: other'
    reload 'a changed key is for the next start.*key=nodeName'
    expect_equal "still the same process" "$(netctl status -o json | jq '.items[0].pid')" $daemon
    configured 'logLevel: debug'
    reload 'read the configuration again'
    slice web 8080 p80 10.200.0.2 10.200.1.9 | put more.yaml
    wait_until 20 grep -q ' debug synced' "$work/podnetd.log" || { cat "$work/podnetd.log"; exit 1; }
}

test_the_service_manager_hears_of_every_change() {
    node
    serve server 8080
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    socat -u UNIX-RECV:"$work/notify.sock" OPEN:"$work/notify",creat,append &
    wait_until 20 test -S "$work/notify.sock"
    configured 'podCIDRs: []'
    # The interval is half of this, and never less than what one turn of the loop takes.
    NOTIFY_SOCKET=$work/notify.sock WATCHDOG_USEC=6000000 run_configured
    wait_until 20 grep -q READY=1 "$work/notify"
    # Ready means that the rules are there.
    nft get element ip podnet cluster-ips "{ $vip }" >/dev/null
    expect_match "status" "$(cat "$work/notify")" 'STATUS=generation 1, 1 services'
    wait_until 10 grep -q WATCHDOG=1 "$work/notify"
    : >"$work/notify"
    reload 'read the configuration again'
    wait_until 20 grep -q READY=1 "$work/notify"
    expect_match "reload" "$(cat "$work/notify")" $'RELOADING=1\nMONOTONIC_USEC=[0-9]+.*READY=1'
    : >"$work/notify"
    echo 'no: [' | configure
    reload 'the new configuration is not used'
    wait_until 20 grep -q READY=1 "$work/notify"
    stop
    wait_until 20 grep -q STOPPING=1 "$work/notify"
}

test_an_abstract_socket_of_the_service_manager() {
    node
    socat -u ABSTRACT-RECV:podnet-notify OPEN:"$work/notify",creat,append &
    wait_until 20 sh -c 'ss -xl | grep -q @podnet-notify || grep -q @podnet-notify /proc/net/unix'
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    configured ''
    NOTIFY_SOCKET=@podnet-notify run_configured
    wait_until 20 grep -q READY=1 "$work/notify"
}

test_the_socket_is_for_root_alone_and_stale_ones_are_replaced() {
    web
    expect_equal "mode" "$(stat -c '%a %F' "$work/podnetd.sock")" "600 socket"
    expect_match "over HTTP" "$(curl -s --unix-socket "$work/podnetd.sock" http://localhost/healthz)" '"lastUpdated"'
    # A name that is no path would be open to every container on the node's network (CVE-2020-15257), a group's rights to
    # its members (CVE-2022-29178).
    expect_equal "sockets without a path" "$(grep -c ' @' /proc/net/unix || true)" 0
    chmod 755 "$work"
    expect_status 1 setpriv --reuid 65534 --regid 0 --clear-groups --inh-caps=-all \
        socat -u OPEN:/dev/null "UNIX-CONNECT:$work/podnetd.sock"
    expect_match "another user" "$(cat "$work/err")" 'Permission denied'
    stop KILL || true
    [ -S "$work/podnetd.sock" ]
    start
    expect_equal "mode" "$(stat -c %a "$work/podnetd.sock")" 600
    stop
    [ ! -e "$work/podnetd.sock" ]
}

test_a_second_daemon_ends_and_the_first_goes_on() {
    web
    local command before
    ruleset() { nft -j list ruleset | jq -S 'del(.. | .counter?)'; }
    before=$(ruleset)
    mkdir "$work/others.d"
    { service other 10.96.0.77 80; slice other 8080 p80 10.200.0.2; } >"$work/others.d/other.yaml"
    for command in "" --cleanup; do
        expect_status 1 timeout 5 "$bin/podnetd" --services-dir "$work/others.d" --socket "$work/other.sock" $command
        expect_match "who runs" "$(cat "$work/err")" "another podnetd \(process $daemon\) holds /run/podnet/podnetd.lock"
    done
    expect_equal "the ruleset" "$(ruleset)" "$before"
    expect_equal "first one's service" "$(ask client 80)" "server 10.200.1.2"
    expect_status 0 netctl status
}

test_cleanup_removes_our_tables_and_nothing_else() {
    nft add table ip others
    web
    stop
    expect_equal "they outlive the daemon" "$(ask client 80)" "server 10.200.1.2"
    expect_status 0 "$bin/podnetd" --cleanup
    expect_equal "tables" "$(nft list tables)" "table ip others"
    expect_match "what was done" "$(cat "$work/out")" 'removed table ip podnet'
    expect_status 0 "$bin/podnetd" --cleanup
    expect_equal "a second time" "$(cat "$work/out")" ""
}

test_a_source_that_breaks_never_empties_the_kernel() {
    web
    still() { expect_equal "$1" "$(ask client 80)" "server 10.200.1.2"; }
    # settled: the daemon has seen what just happened to its directory.
    settled() { wait_until 20 says "$1" netctl status || { netctl status; exit 1; }; }
    mv "$work/services.d" "$work/elsewhere"
    settled 'services.d'
    still "directory gone"
    echo no >"$work/services.d"
    sleep 0.3
    still "a file in its place"
    rm "$work/services.d"
    mkdir "$work/services.d"
    sleep 0.3
    still "an empty directory in its place"
    rmdir "$work/services.d"
    mv "$work/elsewhere" "$work/services.d"
    mount -t tmpfs tmpfs "$work/services.d"
    sleep 0.3
    still "another file system mounted over it"
    umount "$work/services.d"
    : | put web.yaml
    settled 'web.yaml'
    still "a file of no bytes"
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | first_bytes 90 | put web.yaml
    settled 'web.yaml'
    still "a file that was cut"
    mkdir "$work/services.d/dir.yaml"
    ln -s /nowhere "$work/services.d/dangling.yaml"
    ln -s loop.yaml "$work/services.d/loop.yaml"
    head -c 4096 /dev/urandom >"$work/services.d/noise.yaml"
    settled 'noise.yaml'
    still "beside things that are no manifests"
    # A restart while all of this is broken: what the kernel has stays.
    stop KILL || true
    start
    settled 'noise.yaml'
    still "after a restart"
    rm -r "$work"/services.d/{dir,dangling,loop,noise}.yaml
    { service web $vip 82; slice web 8080 p82 10.200.0.2; } | put web.yaml
    wait_until 20 ask client 82
    wait_until 20 netctl status
    if ask client 80 2>/dev/null; then echo "port 80 is still served"; exit 1; fi
    # To have no service is said by a manifest without any.
    echo '# nothing' | put web.yaml
    wait_until 20 sh -c "! nft get element ip podnet cluster-ips '{ $vip }'" || { netctl status; exit 1; }
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
