# Source this after sandbox.sh and build.sh in a test of a container runtime. It gives a test a machine of its own: cgroups
# below ours, and an /etc, /opt and /usr that can be written and are forgotten, so that README's lines are followed as
# they stand. Set sandbox_cgroup=yes before cases.sh, and call own_machine first in every case.

# Runtimes make cgroups by absolute path and leave some of their parents. Below a cgroup namespace all of it lies in one
# cgroup of ours, which the runner removes when the case is over.

# A line "mount-point type options root" for each hierarchy; of a hybrid machine only those of version 1, because crun
# and podman refuse the mixture.
cgroup_hierarchies() {
    awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup/) print $5, $(i + 1), $(i + 3), $4 }' /proc/self/mountinfo |
        sort | awk '{ line[NR] = $0; type[NR] = $2; if ($2 == "cgroup") old = 1 }
            END { for (i = 1; i <= NR; i++) if (!old || type[i] == "cgroup") print line[i] }'
}
# own_cgroup POINT TYPE OPTIONS ROOT: the folder of this process's cgroup in a hierarchy.
own_cgroup() {
    local path
    path=$(awk -F: -v type="$2" -v options=",$3," '
        type == "cgroup2" ? $2 == "" : $2 != "" && index(options, "," $2 ",") { print $3; exit }' /proc/self/cgroup)
    echo "$1/${path#"${4%/}"}"
}
# enter_cgroup NAME: moves this shell into a cgroup NAME below its own, in every hierarchy.
enter_cgroup() {
    local point type options root parent file
    while read -r point type options root; do
        parent=$(own_cgroup "$point" "$type" "$options" "$root")
        mkdir -p "$parent/$1"
        for file in cpuset.cpus cpuset.mems; do
            [ "$type" = cgroup2 ] || [ ! -e "$parent/$file" ] || cat "$parent/$file" >"$parent/$1/$file"
        done
        [ ! -e "$parent/$1/cgroup.clone_children" ] || echo 1 >"$parent/$1/cgroup.clone_children"
        echo $$ >"$parent/$1/cgroup.procs"
    done < <(cgroup_hierarchies)
}
# remove_cgroup NAME: takes away what is below our own cgroups under this name. Its processes have ended; the kernel may
# still be at it.
remove_cgroup() {
    local point type options root folder
    while read -r point type options root; do
        folder=$(own_cgroup "$point" "$type" "$options" "$root")/$1
        wait_until 20 sh -c "[ ! -e '$folder' ] || find '$folder' -depth -type d -exec rmdir {} +"
        [ ! -e "$folder" ] || { echo "left behind: $folder" >&2; return 1; }
    done < <(cgroup_hierarchies)
}
# Inside the cgroup namespace: shows each hierarchy from our own cgroup on.
mount_cgroups() {
    local point type options root
    umount -l /sys/fs/cgroup/unified 2>/dev/null || true
    while read -r point type options root; do
        options=$(sed -E 's/(^|,)(rw|ro|xattr|nsdelegate|memory_recursiveprot|release_agent=[^,]*)//g; s/^,//' <<<"$options")
        case $options in name=*) options=none,$options ;; esac
        umount "$point"
        mount -t "$type" ${options:+-o "$options"} "$type" "$point"
    done < <(cgroup_hierarchies)
}

own_machine() {
    local folder
    mount_cgroups
    for folder in etc opt usr; do
        mkdir -p "$work/overlay/$folder/upper" "$work/overlay/$folder/work"
        mount -t overlay -o "lowerdir=/$folder,upperdir=$work/overlay/$folder/upper,workdir=$work/overlay/$folder/work" \
            overlay "/$folder"
    done
    rm -rf /etc/cni/net.d /opt/cni
    mkdir -p /etc/cni/net.d /etc/containers/containers.conf.d
    echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
    # The overlay driver refuses to lie on an overlay or tmpfs; this one copies.
    printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
        >/etc/containers/storage.conf
}

# install_podnet [SETTINGS…]: README's first command.
install_podnet() { make -C "$here" --no-print-directory install BUILT="$PODNET_BIN" -o all "$@" >/dev/null; }
# readme BEGINNING: the lines of README's block of commands that begins so.
readme() {
    awk -v beginning="$1" '/^```/ { inside = !inside && $0 == "```sh"; first = 1; next }
        inside && first { wanted = index($0, beginning) == 1; first = 0; found += wanted }
        inside && wanted; END { exit !found }' "$here/README.md"
}
# follow: runs such lines as a user does, in the repository; what is built is built already.
follow() {
    (cd "$here" && bash -euc "make() { command make --no-print-directory BUILT='$PODNET_BIN' -o all -o plugins \"\$@\" >/dev/null; }
$(cat)")
}
# readme_says TEXT…: README has each of the texts, as a user would copy it.
readme_says() {
    local text
    for text in "$@"; do grep -qF "\`$text\`" "$here/README.md" || { echo "README does not say: $text" >&2; return 1; }; done
}

# A root file system that has an address to ask and little else.
make_rootfs() {
    rootfs=$work/rootfs
    local name
    mkdir -p "$rootfs"/{bin,proc,sys,dev,etc,tmp,www}
    cp /bin/busybox "$rootfs/bin/"
    for name in sh ip httpd cat sleep wget hostname; do ln -s busybox "$rootfs/bin/$name"; done
    # The name of the container is what it answers with.
    cat >"$rootfs/bin/serve" <<'SERVE'
#!/bin/sh
trap 'exit 0' TERM
hostname >/www/index.html
httpd -f -p "${1:-80}" -h /www &
wait
SERVE
    printf '#!/bin/sh\ntrap "exit 0" TERM\nsleep 1000 & wait\n' >"$rootfs/bin/pause"
    chmod +x "$rootfs/bin/serve" "$rootfs/bin/pause"
}
# localhost/test:1, an image of it that waits; what pods' namespaces are kept by.
make_image() { tar -C "$rootfs" -c . | podman import -q -c 'CMD ["/bin/pause"]' - localhost/test:1 >/dev/null; }

# fetch ADDRESS:PORT [COMMAND…]: what is served there, as COMMAND (ip netns exec …) sees it. Waits until it is.
fetch() {
    local text deadline=$((SECONDS + 3))
    until text=$(printf 'GET / HTTP/1.0\r\n\r\n' | timeout 3 "${@:2}" socat -t 2 - "TCP:$1,connect-timeout=1" 2>&1); do
        [ $SECONDS -lt $deadline ] || { echo "$text" | tail -n 1; return; }
        sleep 0.05
    done
    sed '1,/^\r*$/d' <<<"$text"
}

# What pods own on the node; what they share (bridges, base chains, counters of leases) may stay.
node_state() {
    ip -j link | jq -r '.[].ifname | select(test("^(veth|ifb|bwp)"))'
    { find /var/lib/cni -type f ! -name 'last_reserved_ip*' ! -name lock ! -name '.podnet*' 2>/dev/null || true; } | sort
    nft -j list ruleset | jq -c '.nftables[] | (.set, .map) | select(.elem) | [.name, .elem]'
    nft list ruleset | grep -E 'dnat( ip6?)? to \[?[0-9a-f]+[.:]' || true
}
