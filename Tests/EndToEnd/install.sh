#!/usr/bin/env bash
# `make install` and `make uninstall`.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"

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

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
