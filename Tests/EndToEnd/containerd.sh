#!/usr/bin/env bash
# containerd, set up as README says: `ctr run --cni`, and pods through its CRI as kubelet makes them.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/runtimes.sh"
sandbox_cgroup=${sandbox_cgroup:-yes}

# README's lines for containerd, and what a test machine lacks: a registry, and the right to lower an OOM score.
set_up_containerd() {
    own_machine
    install_podnet
    cat >/etc/containerd/config.toml <<'CONF'
version = 2
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/opt/cni/bin"
conf_dir = "/etc/cni/net.d"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/test:1"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
CONF
    readme_says '[plugins."io.containerd.grpc.v1.cri".cni]' 'bin_dir = "/opt/cni/bin"' 'conf_dir = "/etc/cni/net.d"'
    make_rootfs
    make_image
    podman save -q -o "$work/image.tar" localhost/test:1
    start_containerd
    ctr -n k8s.io images import --snapshotter native "$work/image.tar" >/dev/null
    node_state >"$work/before"
}
start_containerd() {
    containerd >>"$work/containerd.log" 2>&1 &
    wait_until 20 ctr version || { tail "$work/containerd.log"; return 1; }
}
cri() { "$here/Tests/EndToEnd/Support/cri" "$@"; }
configure_network() {
    readme 'mkdir -p /etc/cni' | follow
    wait_until 20 sh -c "'$here/Tests/EndToEnd/Support/cri' status | grep -q NetworkReady=true"
}
netns_of() { echo "/proc/$(ctr -n k8s.io task ls | awk -v id="$1" '$1 == id { print $2 }')/ns/net"; }
# serve_inside ID NAME: answers with the name on port 80, as nobody put a container into the pod.
serve_inside() {
    mkdir -p "$work/www/$2"
    echo "$2" >"$work/www/$2/index.html"
    nsenter --net="$(netns_of "$1")" busybox httpd -f -p 80 -h "$work/www/$2" &
}
nothing_is_left() { node_state | diff "$work/before" -; }

test_ctr_run() {
    set_up_containerd
    configure_network
    # In the foreground: a detached ctr takes nobody's network down again.
    ctr run --cni --rm --rootfs "$rootfs" web /bin/serve &
    wait_until 20 sh -c 'ctr task ls | grep -q "web .*RUNNING"'
    expect_match "address" "$(ctr task exec --exec-id a web /bin/ip addr show eth0)" 'inet 10\.11\.23\.2/32'
    expect_match "loopback" "$(ctr task exec --exec-id b web /bin/ip addr show lo)" 'LOOPBACK,UP'
    expect_equal "answer" "$(fetch 10.11.23.2:80 | wc -l)" 1
    ctr task kill -s KILL web
    wait %ctr || true
    nothing_is_left
}

test_a_file_that_is_renamed_into_place_makes_the_node_ready() {
    set_up_containerd
    expect_match "before" "$(cri status | xargs)" 'RuntimeReady=true NetworkReady=false'
    configure_network
    expect_match "after" "$(cri status | xargs)" 'RuntimeReady=true NetworkReady=true'
}

test_a_pod_with_ports() {
    set_up_containerd
    configure_network
    local web other
    web=$(cri run web tcp:8080:80)
    other=$(cri run other)
    serve_inside "$web" web
    expect_equal "addresses" "$(cri addresses "$web") $(cri addresses "$other")" "10.11.23.2 10.11.23.3"
    expect_equal "answer" "$(fetch 10.11.23.2:80)" web
    expect_equal "answer on the node's port" "$(fetch 127.0.0.1:8080)" web
    expect_equal "answer to the other pod" "$(fetch 10.11.23.2:80 nsenter --net="$(netns_of "$other")")" web
    expect_match "loopback" "$(nsenter --net="$(netns_of "$other")" ip link show lo)" 'LOOPBACK,UP'
    cri stop "$web"
    expect_match "answer when it has stopped" "$(fetch 127.0.0.1:8080)" 'refused'
    cri stop "$web"
    cri remove "$web"
    cri stop "$other"
    cri remove "$other"
    nothing_is_left
}

test_ten_pods_at_once() {
    set_up_containerd
    configure_network
    local i pids=() ids
    for i in $(seq 10); do cri run "p$i" "tcp:$((8000 + i)):80" >"$work/p$i" & pids+=($!); done
    wait "${pids[@]}"
    ids=$(cat "$work"/p[0-9]*)
    expect_equal "addresses" "$(for i in $ids; do cri addresses "$i"; done | sort -u | wc -l)" 10
    serve_inside "$(cat "$work/p7")" p7
    expect_equal "answer" "$(fetch 127.0.0.1:8007)" p7
    pids=()
    for i in $ids; do (cri stop "$i" && cri remove "$i") & pids+=($!); done
    wait "${pids[@]}"
    nothing_is_left
}

# The daemon dies, then the pod, then its namespace; the next daemon has the sandbox on disk only.
test_a_pod_of_a_killed_daemon_is_stopped_completely() {
    set_up_containerd
    configure_network
    local web pid
    web=$(cri run web tcp:8080:80)
    pid=$(ctr -n k8s.io task ls | awk -v id="$web" '$1 == id { print $2 }')
    kill -KILL %containerd
    kill -KILL "$pid"
    umount /run/netns/cni-*
    rm -f /run/netns/cni-*
    start_containerd
    wait_until 20 cri stop "$web"
    cri remove "$web"
    nothing_is_left
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
