# Pods of one plugin, for test cases: `plugins` is where the plugins are, `plugin` which it is (on bridge br0 unless it is
# said), results are in $work.

# conf KEYS [VERSION]
conf() {
    local keys=$1
    [ "${plugin:-bridge}" != bridge ] || keys="\"bridge\": \"br0\"${keys:+, $keys}"
    echo "{\"cniVersion\": \"${2:-1.1.0}\", \"name\": \"net\", \"type\": \"${plugin:-bridge}\"${keys:+, $keys}}"
}
# call VERB CONTAINER KEYS [NETNS [IFNAME]]
call() {
    local netns=${4-/run/netns/$2}
    conf "$3" "${version:-1.1.0}" | cni "$1" "$2" "$netns" "${5:-eth0}" "${plugin:-bridge}"
}
# attach CONTAINER KEYS: a namespace and an ADD; the result is in $work/CONTAINER.json
attach() {
    ip netns add "$1"
    call ADD "$1" "$2" >"$work/$1.json" || { cat "$work/$1.json"; return 1; }
    ip -n "$1" link set lo up
}
check() { call CHECK "$1" "$2, \"prevResult\": $(cat "$work/$1.json")"; }
# node: one good pod with $keys, an empty namespace for a second one, and a note of everything.
node() {
    attach first "$keys"
    ip netns add pod
    snapshot >"$work/before"
}
# unchanged: everything is as it was, and the good pod is still right.
unchanged() {
    snapshot | diff "$work/before" -
    check first "$keys"
}
# address CONTAINER [INDEX]
address() { jq -r ".ips[${2:-0}].address | split(\"/\")[0]" "$work/$1.json"; }
serve() {
    ip netns exec "$1" socat "TCP-LISTEN:$2,fork,reuseaddr${3:+,$3}" SYSTEM:"echo $1" &
    wait_until 20 ip netns exec "$1" sh -c "ss -ltn | grep -q ':$2 '"
}
ask() { ip netns exec "$1" timeout 3 socat -u "TCP:$2:$3,connect-timeout=2" -; }

# Whether bridged packets pass the hooks of IP; a sysctl of the sandbox's own namespace, absent without br_netfilter.
bridge_netfilter() {
    local file
    for file in /proc/sys/net/bridge/bridge-nf-call-ip{,6}tables; do [ ! -e $file ] || echo "$1" >$file; done
}
