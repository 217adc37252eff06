#!/usr/bin/env bash
# podman with the CNI backend, set up as README says: run, published ports, several networks, pods from YAML.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/runtimes.sh"
sandbox_cgroup=${sandbox_cgroup:-yes}

# README's lines for podman, and what this machine lacks: systemd, and an image.
set_up_podman() {
    own_machine
    install_podnet CNIBINDIR=/usr/lib/podnet/cni
    cat >/etc/containers/containers.conf.d/50-podnet.conf <<'CONF'
[network]
network_backend = "cni"
cni_plugin_dirs = ["/usr/lib/podnet/cni", "/usr/lib/cni"]
default_network = "podnet"
CONF
    cat >/etc/containers/containers.conf.d/90-test.conf <<'CONF'
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
infra_image = "localhost/test:1"
CONF
    readme_says /etc/containers/containers.conf.d/50-podnet.conf '[network]' 'network_backend = "cni"' \
        'cni_plugin_dirs = ["/usr/lib/podnet/cni", "/usr/lib/cni"]' 'default_network = "podnet"'
    readme 'mkdir -p /etc/cni' | follow
    make_rootfs
    node_state >"$work/before"
}
# run NAME OPTIONS…: a container that serves its name on port 80.
run() {
    local name=$1
    shift
    podman run -d --name "$name" --hostname "$name" "$@" --rootfs "$rootfs:O" serve >/dev/null
}
address() { podman inspect "$1" --format "{{(index .NetworkSettings.Networks \"${2:-podnet}\").IPAddress}}"; }
nothing_is_left() { node_state | diff "$work/before" -; }

test_a_container_answers_and_leaves_nothing() {
    set_up_podman
    run web
    expect_equal "address" "$(address web)" 10.11.23.2
    expect_equal "answer" "$(fetch 10.11.23.2:80)" web
    expect_match "address inside" "$(podman exec web ip addr show eth0)" 'inet 10\.11\.23\.2/32'
    expect_match "MAC" "$(podman exec web ip link show eth0)" \
        "$(podman inspect web --format '{{.NetworkSettings.Networks.podnet.MacAddress}}')"
    podman stop -t 5 web >/dev/null
    nothing_is_left
    podman start web >/dev/null
    expect_equal "answer after a restart" "$(fetch "$(address web):80")" web
    podman rm -f -t 5 web >/dev/null
    nothing_is_left
}


test_network_commands_know_our_networks() {
    set_up_podman
    expect_equal "network ls" "$(podman network ls --format '{{.Name}} {{.Driver}}')" "podnet bridge"
    expect_equal "network inspect" "$(podman network inspect podnet | jq -c '.[0] | [.network_interface, .subnets]')" \
        '["br0",[{"subnet":"10.11.23.0/24","gateway":"10.11.23.1"}]]'
    second_network >/etc/cni/net.d/20-second.conflist
    run web --network second
    expect_refusal_by_podman 'being used' network rm second
    podman rm -f -t 5 web >/dev/null
    podman network rm second >/dev/null
    expect_equal "networks" "$(podman network ls --format '{{.Name}}')" podnet
}
expect_refusal_by_podman() {
    local pattern=$1 text
    shift
    if text=$(podman "$@" 2>&1); then echo "no error from podman $*"; exit 1; fi
    expect_match "podman $*" "$text" "$pattern"
}

test_published_ports() {
    set_up_podman
    add_outside
    node_state >"$work/before"
    run web -p 8080:80 -p 127.0.0.1:8081:80/tcp
    local address
    address=$(address web)
    expect_equal "on the node's address" "$(fetch 192.0.2.2:8080)" web
    expect_equal "on localhost" "$(fetch 127.0.0.1:8080)" web
    expect_equal "on localhost alone" "$(fetch 127.0.0.1:8081)" web
    expect_equal "from outside" "$(fetch 192.0.2.2:8080 ip netns exec outside)" web
    expect_match "from outside, of localhost's" "$(fetch 192.0.2.2:8081 ip netns exec outside)" 'refused|timed out'
    expect_equal "podman port" "$(podman port web 80/tcp | sort | xargs)" "0.0.0.0:8080 127.0.0.1:8081"
    run other
    expect_equal "from another container" "$(podman exec other wget -q -O - http://192.0.2.2:8080/)" web
    podman rm -f -t 5 web >/dev/null
    expect_match "afterwards" "$(fetch 127.0.0.1:8080)" 'refused'
    podman rm -f -t 5 other >/dev/null
    nothing_is_left
}

test_two_networks_and_connect() {
    set_up_podman
    second_network >/etc/cni/net.d/20-second.conflist
    run both --network podnet,second
    run one
    expect_equal "answer on the first" "$(fetch "$(address both):80")" both
    expect_equal "answer on the second" "$(fetch "$(address both second):80")" both
    expect_equal "interfaces" "$(podman exec both ip -o link | awk -F'[ :@]+' '{print $2}' | sort | xargs)" "eth0 eth1 lo"
    podman network connect second one
    expect_equal "connected" "$(fetch "$(address one second):80")" one
    podman network disconnect second one
    expect_equal "disconnected" "$(podman exec one ip -o link | awk -F'[ :@]+' '{print $2}' | sort | xargs)" "eth0 lo"
    expect_equal "leases of the second" "$(find /var/lib/cni/networks/second -name '10.*' | wc -l)" 1
    podman rm -f -t 5 both one >/dev/null
    nothing_is_left
}
second_network() {
    cat <<'CONF'
{"cniVersion": "0.4.0", "name": "second", "plugins": [{"type": "bridge", "bridge": "br1", "isDefaultGateway": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.12.0.0/24"}]]}}]}
CONF
}

test_a_requested_address_and_mac() {
    set_up_podman
    run web --ip 10.11.23.77 --mac-address 02:00:00:11:22:33
    expect_equal "address" "$(address web)" 10.11.23.77
    expect_match "MAC" "$(podman exec web ip link show eth0)" 02:00:00:11:22:33
    expect_equal "answer" "$(fetch 10.11.23.77:80)" web
    expect_refusal_by_podman '10\.11\.23\.77' run --rm --ip 10.11.23.77 --rootfs "$rootfs:O" sleep 1
    podman rm -f -t 5 web >/dev/null
    nothing_is_left
}

# podman writes bridge, portmap, firewall and tuning into the file.
test_a_network_that_podman_made() {
    set_up_podman
    podman network create --subnet 10.13.0.0/24 made >/dev/null
    run web --network made -p 8080:80
    expect_equal "answer" "$(fetch "$(address web made):80")" web
    expect_equal "answer on the published port" "$(fetch 127.0.0.1:8080)" web
    podman rm -f -t 5 web >/dev/null
    podman network rm made >/dev/null
    nothing_is_left
}

test_a_pod_from_yaml() {
    set_up_podman
    make_image
    cat >"$work/pod.yaml" <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - {name: one, image: "localhost/test:1", command: ["/bin/serve", "80"], ports: [{containerPort: 80, hostPort: 8080}]}
  - {name: two, image: "localhost/test:1", command: ["/bin/serve", "81"]}
YAML
    podman play kube --network podnet "$work/pod.yaml" >/dev/null
    local address
    address=$(podman inspect "$(podman pod inspect web --format '{{.InfraContainerID}}')" |
        jq -r '.[0].NetworkSettings.Networks.podnet.IPAddress')
    expect_equal "host port" "$(fetch 127.0.0.1:8080)" web
    expect_equal "the second container, by the same address" "$(fetch "$address:81")" web
    expect_equal "shared loopback" "$(podman exec web-one /bin/wget -q -O - http://127.0.0.1:81/)" web
    podman play kube --down "$work/pod.yaml" >/dev/null
    nothing_is_left
}

# Without root: the plugins run as root of a user namespace, beside slirp4netns, and see no directory of the real node.
test_rootless() {
    set_up_podman
    be_a_user
    as_user mkdir -p .config/cni/net.d .config/containers
    as_user tee .config/cni/net.d/10-podnet.conflist <"$here/conf/cni/10-podnet.conflist" >/dev/null
    printf '[storage]\ndriver = "vfs"\n' | as_user tee .config/containers/storage.conf >/dev/null
    cp -r "$rootfs" /home/tester/rootfs
    chown -R tester /home/tester/rootfs
    as_user podman run -d --name web --hostname web --network podnet -p 8080:80 --rootfs /home/tester/rootfs serve >/dev/null
    expect_match "address inside" "$(as_user podman exec web ip addr show eth0)" 'inet 10\.11\.23\.2/32'
    expect_equal "answer on the published port" "$(fetch 127.0.0.1:8080)" web
    as_user podman run -d --name other --network podnet --rootfs /home/tester/rootfs pause >/dev/null
    expect_equal "answer to another container" "$(as_user podman exec other wget -q -O - http://10.11.23.2/)" web
    as_user podman rm -f -t 5 web other >/dev/null
    expect_match "afterwards" "$(fetch 127.0.0.1:8080)" 'refused'
    nothing_is_left
}
# A user who may make tun devices and whose folders lie outside of /run, which podman hides from rootless plugins.
be_a_user() {
    mount -t tmpfs tmpfs /home
    mount --make-rshared /
    mknod -m 666 "$work/tun" c 10 200
    mount --bind "$work/tun" /dev/net/tun
    chmod 711 "$work"
    echo 'tester:x:4242:4242::/home/tester:/bin/sh' >>/etc/passwd
    echo 'tester:x:4242:' >>/etc/group
    echo 'tester:1000000:65536' | tee /etc/subuid >/etc/subgid
    install -d -o tester -g tester /home/tester /run/user/4242
    rm /etc/containers/storage.conf
}
as_user() {
    (cd /home/tester && setpriv --reuid 4242 --regid 4242 --clear-groups \
        env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/home/tester XDG_RUNTIME_DIR=/run/user/4242 "$@")
}

# podman's cleanup has not run, and nobody is in the namespace any more.
test_a_killed_container_is_removed_completely() {
    set_up_podman
    run web -p 8080:80
    kill -KILL "$(podman inspect web --format '{{.State.ConmonPid}}')" "$(podman inspect web --format '{{.State.Pid}}')"
    podman rm -f -t 0 web >/dev/null
    nothing_is_left
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
