#!/usr/bin/env bash
# `make install` and `make uninstall`, and README's lines about installing, followed as they stand.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/runtimes.sh"
sandbox_cgroup=${sandbox_cgroup:-yes}

plugin_names() { sed -n 's/^PLUGINS *= *//p' "$here/Makefile"; }

# An installer left plugins with their file's rights (calico).
test_cve_2024_33522_nobody_but_root_can_write_or_gain_anything() {
    umask 0
    local root=$work/root target
    for target in install install-systemd; do
        make -C "$here" --no-print-directory $target BUILT="$PODNET_BIN" DESTDIR="$root" -o all >/dev/null
    done
    expect_equal "programs with other rights than 0755" "$(find "$root/opt/cni/bin" "$root/usr/sbin" "$root/usr/bin" -type f ! -perm 0755)" ""
    expect_equal "what runs with its file's rights" "$(find "$root" -perm /7000)" ""
    expect_equal "files that others may write" "$(find "$root" -type f -perm /022)" ""
    expect_equal "folders that others may write" "$(find "$root/opt/cni/bin" "$root/usr/sbin" "$root/usr/bin" -perm /022)" ""
    expect_equal "what is another's than root's" "$(find "$root" ! -user 0 -o ! -group 0)" ""
    expect_equal "capabilities of files" "$(python3 -c 'import os, sys
for folder, _, files in os.walk(sys.argv[1]):
    for file in files:
        if "security.capability" in os.listxattr(os.path.join(folder, file)): print(file)' "$root")" ""
}

test_install_puts_links_in_place_and_uninstall_takes_them_away() {
    make -C "$here" --no-print-directory install BUILT="$PODNET_BIN" DESTDIR="$work/root" -o all >/dev/null
    expect_equal "files" "$(cd "$work/root" && find . -type f | sort | xargs)" \
        "$({ printf './opt/cni/bin/%s\n' podnet-cni $(plugin_names); echo ./usr/bin/netctl; echo ./usr/sbin/podnetd; } | sort | xargs)"
    expect_equal "inodes" "$(stat -c %i "$work"/root/opt/cni/bin/* | sort -u | wc -l)" 1
    expect_equal "modes" "$(stat -c %a "$work"/root/opt/cni/bin/bridge "$work/root/usr/sbin/podnetd" | xargs)" "755 755"
    expect_equal "what runs with its file's rights" "$(find "$work/root" -perm /6000)" ""
    expect_match "versions" "$(CNI_COMMAND=VERSION "$work/root/opt/cni/bin/bridge")" '"1.1.0"'
    expect_equal "libraries of a toolchain" "$(ldd "$work"/root/{opt/cni/bin/bridge,usr/{sbin/podnetd,bin/netctl}} | grep -iE 'swift|foundation|dispatch' || true)" ""
    make -C "$here" --no-print-directory install BUILT="$PODNET_BIN" DESTDIR="$work/root" -o all >/dev/null
    cp /bin/true "$work/root/opt/cni/bin/another"
    rm "$work/root/opt/cni/bin/loopback"
    cp /bin/true "$work/root/opt/cni/bin/loopback"
    make -C "$here" --no-print-directory uninstall DESTDIR="$work/root"
    expect_equal "what is another's stays" "$(cd "$work/root" && find . -type f | sort | xargs)" \
        "./opt/cni/bin/another ./opt/cni/bin/loopback"
}

# Another package's plugin and network are there before, and work afterwards.
test_readmes_first_commands_install_beside_what_is_there() {
    own_machine
    mkdir -p /opt/cni/bin
    cp /bin/true /opt/cni/bin/another
    cat >/etc/cni/net.d/87-other.conflist <<'CONF'
{"cniVersion": "0.4.0", "name": "other", "plugins": [
  {"type": "bridge", "bridge": "other0", "isGateway": true, "ipam": {"type": "host-local", "subnet": "10.99.0.0/24"}},
  {"type": "portmap", "capabilities": {"portMappings": true}, "snat": true}, {"type": "firewall"}, {"type": "tuning"}]}
CONF
    local before
    before=$(sha256sum /opt/cni/bin/another /etc/cni/net.d/*)
    readme 'make && make install  ' | follow
    readme 'mkdir -p /etc/cni' | follow
    expect_equal "what is another's" "$(sha256sum /opt/cni/bin/another /etc/cni/net.d/87-other.conflist)" "$before"
    expect_equal "networks" "$(ls -A /etc/cni/net.d | xargs)" "10-podnet.conflist 87-other.conflist"
    expect_match "netctl" "$(/usr/bin/netctl --version)" '^netctl [0-9.]+$'
    plugins=/opt/cni/bin
    local name
    for name in 10-podnet 87-other; do
        ip netns add "$name"
        expect_match "address of $name" "$(chain ADD pod "/run/netns/$name" eth0 <"/etc/cni/net.d/$name.conflist")" '"10\.(11\.23|99\.0)\.2/'
        chain DEL pod "/run/netns/$name" eth0 <"/etc/cni/net.d/$name.conflist"
    done
    readme 'mkdir -p /etc/podnet' | grep -v '^podnetd$' | follow
    readme 'mkdir -p /etc/podnet' | grep -q '^podnetd$'
    podnetd 2>"$work/podnetd.log" &
    wait_until 20 says '10\.11\.23\.2:4432' netctl endpoints || { netctl endpoints; cat "$work/podnetd.log"; exit 1; }
    kill %podnetd
    wait
}

test_the_plugins_alone() {
    own_machine
    readme 'make plugins' | sed "s|\$| CNIBINDIR=/usr/lib/podnet/cni|" | follow
    expect_equal "files" "$(ls -A /usr/lib/podnet/cni | xargs)" "$({ plugin_names | tr ' ' '\n'; echo podnet-cni; } | sort | xargs)"
    expect_equal "no more" "$(find /opt/cni /usr/sbin/podnetd /usr/bin/netctl 2>/dev/null | xargs)" ""
    expect_equal "what they need" "$(ldd /usr/lib/podnet/cni/bridge 2>&1 | xargs)" "not a dynamic executable"
}

# A node whose folders have owners and modes of their own, and an older plugin that runs.
test_a_node_without_swift_gets_copies() {
    mkdir -m 711 "$work/node"
    mkdir -p "$work/node/opt/cni/bin"
    cp /bin/sleep "$work/node/opt/cni/bin/bridge"
    "$work/node/opt/cni/bin/bridge" 30 &
    local running=$!
    readme 'make && make install install-systemd' |
        sed "s|/tmp/podnet|$work/root|; s|ssh root@node tar -C / |tar -C $work/node |" | follow
    kill -0 $running
    kill $running
    expect_equal "mode of /" "$(stat -c %a "$work/node")" 711
    expect_equal "files" "$(cd "$work/node" && find . -type f | sort | xargs)" "$(cd "$work/root" && find . -type f | sort | xargs)"
    expect_equal "plugins" "$(stat -c '%i %u %a' "$work"/node/opt/cni/bin/* | sort -u | sed 's/^[0-9]* //')" "0 755"
    expect_match "it works" "$(CNI_COMMAND=VERSION "$work/node/opt/cni/bin/bridge")" '"1.1.0"'
    [ -e "$work/node/usr/lib/systemd/system/podnetd.service" ] && [ -e "$work/node/usr/lib/sysusers.d/podnet.conf" ]
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
