#!/usr/bin/env bash
# podnetd as it is deployed: without root, with one capability, as a systemd service, in a container, in a cluster.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}
unit=$here/conf/systemd/podnetd.service

# unprivileged CAPABILITIES COMMAND…: as a user of no name, with these capabilities at most and nothing to gain more by.
unprivileged() {
    local capabilities=$1
    shift
    setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set "-all$capabilities" \
        --inh-caps "-all$capabilities" --ambient-caps "-all$capabilities" "$@"
}
# A daemon as the service manager starts it: its directory is there, and it may write nowhere else.
runtime_directory() {
    install -d -o 65534 -g 65534 -m 0755 /run/podnet
    chmod 0755 "$work"
}

test_one_capability_and_no_root_are_enough() {
    node
    serve server 8080
    { service web $vip 80; slice web 8080 p80 10.200.0.2; } | put web.yaml
    runtime_directory
    install -d -o 65534 "$work/traced"
    unprivileged ,+net_admin strace -f -qq -o "$work/traced/calls" -e trace=all \
        "$bin/podnetd" --services-dir "$work/services.d" --pod-cidr 10.200.0.0/16 --connection-metrics endpoints 2>"$work/podnetd.log" &
    local traced=$!
    wait_until 20 nft get element ip podnet cluster-ips "{ $vip }" || { cat "$work/podnetd.log"; exit 1; }
    daemon=$(pgrep -x podnetd)
    expect_equal "user" "$(awk '/^Uid/ { print $2 } /^CapPrm|^CapBnd|^CapAmb/ { print $2 }' "/proc/$daemon/status" | xargs)" \
        "65534 0000000000001000 0000000000001000 0000000000001000"
    expect_equal "service" "$(ask client 80)" "server 10.200.1.2"
    { service db 10.96.14.21 81; slice db 8080 p81 10.200.1.9; } | put more.yaml
    wait_until 20 sh -c 'nft list map ip podnet endpoints | grep -q 10.200.1.9'
    expect_equal "health" "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:10256/readyz)" 200
    expect_match "connections" "$(curl -s http://127.0.0.1:10249/metrics)" 'podnet_service_connections_total\{[^}]*\} 1'
    expect_equal "socket" "$(stat -c '%u %a' /run/podnet/podnetd.sock)" "65534 600"
    expect_match "netctl" "$("$bin/netctl" endpoints --source daemon)" '10\.200\.0\.2:8080'
    kill -HUP "$daemon"
    wait_until 20 grep -q 'read the configuration again' "$work/podnetd.log"
    kill -TERM "$daemon"
    wait $traced
    expect_equal "trouble" "$(grep -E ' (warning|error|critical) ' "$work/podnetd.log" || true)" ""
    expect_equal "the rules stay" "$(ask client 80 | cut -d ' ' -f 1)" server
    calls_are_allowed
}

# What the daemon called is what the unit's filter lets through; the program's own start, up to execve, is strace's.
calls_are_allowed() {
    allowed() { systemd-analyze syscall-filter "$1" | awk '/^    [a-z@]/ { print $1 }' | while read -r name; do
        if [[ $name = @* ]]; then allowed "$name"; else echo "$name"; fi; done; }
    command -v systemd-analyze >/dev/null || return 0
    sort -u <(allowed @system-service) >"$work/service"
    sort -u <(allowed @privileged) <(allowed @resources) >"$work/not"
    { comm -23 "$work/service" "$work/not"; sed -n 's/^SystemCallFilter=\([a-z]*\)$/\1/p' "$unit"; } | sort -u >"$work/allowed"
    [ "$(wc -l <"$work/allowed")" -gt 100 ]
    sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$work/traced/calls" | sort -u >"$work/called"
    [ "$(wc -l <"$work/called")" -gt 30 ]
    expect_equal "calls outside of the filter" "$(comm -23 "$work/called" "$work/allowed" | xargs)" ""
}

test_what_is_missing_is_named() {
    node
    runtime_directory
    expect_status 1 timeout 10 setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --ambient-caps=-all \
        "$bin/podnetd" --services-dir "$work/services.d"
    expect_match "no capability" "$(cat "$work/err")" 'CAP_NET_ADMIN'
    chown root /run/podnet
    expect_status 1 unprivileged ,+net_admin timeout 10 "$bin/podnetd" --services-dir "$work/services.d"
    expect_match "no directory" "$(cat "$work/err")" 'Permission denied'
    expect_match "no directory" "$(cat "$work/err")" '/run/podnet'
}

test_the_service_is_valid_and_closed() {
    make -C "$here" --no-print-directory install-systemd DESTDIR="$work/root" >/dev/null
    expect_equal "user" "$(awk '$1 == "u" { print $2 }' "$work/root/usr/lib/sysusers.d/podnet.conf")" \
        "$(sed -n 's/^User=//p' "$work/root/usr/lib/systemd/system/podnetd.service")"
    command -v systemd-analyze >/dev/null || return 0
    # What it starts is not installed here.
    sed 's|^ExecStart=.*|ExecStart=/bin/true|; /^Documentation/d' "$unit" >"$work/podnetd.service"
    expect_equal "verify" "$(systemd-analyze verify --man=no "$work/podnetd.service" 2>&1 | grep podnetd || true)" ""
    # CVE-2023-27593: an agent that can write to the plugins is root.
    expect_equal "what it can write to" "$(sed -nE 's/^(ProtectSystem|ReadWritePaths|BindPaths|[A-Z][a-z]*Directory)=/\1 /p' "$unit" | xargs)" \
        "RuntimeDirectory podnet ConfigurationDirectory podnet ProtectSystem strict"
    # 2.0 of 10.
    systemd-analyze security --offline=true --threshold=20 "$work/podnetd.service" >"$work/security" || { cat "$work/security"; exit 1; }
    mkdir "$work/root/etc"
    systemd-sysusers --root="$work/root"
    grep -q '^podnet:' "$work/root/etc/passwd"
}

test_the_cluster_role_is_what_the_client_asks_for() {
    "$bin/podnet-fake-apiserver" --verbose --recordings "$here/Tests/KubernetesClientTests/Recordings" >"$work/address" 2>"$work/requests" &
    wait_until 20 test -s "$work/address"
    "$bin/podnetd" --socket "$work/podnetd.sock" --server "$(cat "$work/address")" --node-name node1 2>"$work/podnetd.log" &
    wait_until 20 sh -c "[ \$(grep -c 'watch=1' '$work/requests') -ge 3 ] && grep -q /nodes '$work/requests'"
    stop_all() { kill %1 %2; wait || true; }
    stop_all
    "$here/Tests/EndToEnd/Support/check-cluster" "$here/conf/kubernetes/podnet.yaml" "$work/requests" || exit 1
    # Who asks for what the role does not have is found out.
    sed 's|/services?|/secrets?|' "$work/requests" >"$work/other"
    if "$here/Tests/EndToEnd/Support/check-cluster" "$here/conf/kubernetes/podnet.yaml" "$work/other" >/dev/null; then exit 1; fi
    # So is a daemon that could write to the plugins, or that sees the node's processes.
    local change
    for change in 's|mountPath: /run/podnet|&\n        - name: cni-bin\n          mountPath: /host|' 's|hostNetwork: true|&\n      hostPID: true|' \
        's|path: /run/podnet|path: /opt/cni|' 's|readOnlyRootFilesystem: true|privileged: true\n          &|'; do
        sed "$change" "$here/conf/kubernetes/podnet.yaml" >"$work/other.yaml"
        ! cmp -s "$work/other.yaml" "$here/conf/kubernetes/podnet.yaml"
        if "$here/Tests/EndToEnd/Support/check-cluster" "$work/other.yaml" "$work/requests" 2>"$work/why"; then echo "$change passes"; exit 1; fi
        expect_match "why not" "$(cat "$work/why")" AssertionError
    done
    # Its configuration is one, and the node's name comes from outside.
    python3 -c 'import sys, yaml; [print(o["data"]["podnetd.yaml"]) for o in yaml.safe_load_all(open(sys.argv[1])) if o["kind"] == "ConfigMap"]' \
        "$here/conf/kubernetes/podnet.yaml" >"$work/podnetd.yaml"
    expect_status 0 "$bin/podnetd" --check-config --config "$work/podnetd.yaml"
}

test_the_image_runs_on_nothing_but_its_base() {
    "$here/scripts/image-root" "$work/image" >/dev/null
    local image=$work/image program
    expect_equal "a second time" "$("$here/scripts/image-root" "$image" 2>&1)" "image-root: $image is there already"
    # The base's own libraries, and a shell.
    for program in /bin/sh /bin/cp /bin/mv; do
        ldd "$program" | grep -oE '/lib[^ ]+' | while read -r file; do install -D "$file" "$image$file"; done
    done
    ldd "$image/usr/sbin/podnetd" | grep -oE '/lib\S*/(libm|libz|libgcc_s|libstdc\+\+)\.so\S*' | while read -r file; do install -D "$file" "$image$file"; done
    ln -s usr/lib/x86_64-linux-gnu "$image/.lib" && cp -an "$image/usr/lib/." "$image/lib/"
    install -D /bin/sh "$image/bin/sh"
    for program in cp mv ln rm chmod sync; do install -D "$(command -v $program)" "$image/bin/$program"; done
    mkdir -p "$image/host" "$image/proc"
    # A program of Swift reads its own arguments there.
    mount --bind /proc "$image/proc"
    in_image() { env -i PATH=/usr/sbin:/usr/bin:/bin chroot "$image" "$@"; }
    expect_match "podnetd" "$(in_image podnetd --version)" '^[0-9.]+$'
    expect_match "netctl" "$(in_image netctl version 2>/dev/null || true)" '[0-9]\.[0-9]'
    cp /bin/true "$image/host/another"
    cp /bin/sleep "$image/host/bridge"
    "$image/host/bridge" 30 &
    local running=$!
    in_image /usr/libexec/podnet/install-plugins /host
    kill -0 $running
    expect_equal "plugins" "$(ls "$image/host" | xargs)" "$(ls "$image/opt/cni/bin" "$here/conf/none" 2>/dev/null | grep -v : | cat - <(echo another) | grep . | sort | xargs)"
    expect_equal "one file" "$(stat -c %i "$image"/host/* | sort | uniq -c | awk '{ print $1 }' | sort -n | xargs)" \
        "1 $(ls "$image/opt/cni/bin" | wc -l)"
    expect_equal "no rest" "$(ls -A "$image/host" | grep '^\.' || true)" ""
    expect_match "it works" "$(CNI_COMMAND=VERSION "$image/host/bridge")" '"1.1.0"'
    # A second time, over itself.
    in_image /usr/libexec/podnet/install-plugins /host
    expect_equal "no rest" "$(ls -A "$image/host" | grep '^\.' || true)" ""
    expect_match "it works" "$(CNI_COMMAND=VERSION "$image/host/host-local")" '"1.1.0"'
    expect_match "no folder" "$(in_image /usr/libexec/podnet/install-plugins /none 2>&1 || true)" 'is no folder'
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
