# Source this first in a script that sends packets, sets links or writes nftables: it runs the script again in network,
# mount and process namespaces of its own, where /run and /var/lib are empty. The kernel takes all of it away when the
# script ends, however it ends.

enter_sandbox() {
    if [ "${PODNET_SANDBOX:-}" != "$PPID" ]; then
        if [ "$(id -u)" != 0 ]; then
            echo "$(basename "$0"): needs root, to make namespaces of its own" >&2
            exit 77
        fi
        # Who needs cgroups of its own (lib/runtimes.sh) has a namespace of them, too.
        if [ -n "${sandbox_cgroup:-}" ]; then enter_cgroup "$sandbox_cgroup"; fi
        # The inner shell's parent is unshare's child, process 0 of the new process namespace as seen from inside.
        PODNET_SANDBOX=0 exec unshare ${sandbox_cgroup:+--cgroup} --net --mount --pid --fork --kill-child --mount-proc \
            --propagation private -- bash "$0" "$@"
    fi
    mount -t tmpfs -o mode=755 tmpfs /run
    mount -t tmpfs -o mode=755 tmpfs /var/lib
    mkdir -p /run/netns
    ip link set lo up
    work=$(mktemp -d /run/podnet-test.XXXXXX)
}

# Whether we stand in a namespace that the script made: its own machine-wide one has other links than lo.
assert_sandboxed() {
    [ "${PODNET_SANDBOX:-}" = "$PPID" ] || { echo "not in a sandbox" >&2; exit 1; }
}

# Colours and lines for people; plain text when nobody looks.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' green='' red='' dim='' plain=''
fi
heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
ok() { printf '  %sok%s   %s\n' "$green" "$plain" "$*"; }
fail() { printf '  %sFAIL%s %s\n' "$red" "$plain" "$*" >&2; exit 1; }
note() { printf '  %s%s%s\n' "$dim" "$*" "$plain"; }

# cni VERB CONTAINER NETNS IFNAME < config: calls a plugin as a runtime does. `plugins` is where they are.
cni() {
    local verb=$1 container=$2 netns=$3 ifname=$4 plugin=${5:-bridge}
    env -i PATH="$PATH" CNI_COMMAND="$verb" CNI_CONTAINERID="$container" CNI_NETNS="$netns" CNI_IFNAME="$ifname" \
        CNI_PATH="$plugins" ${CNI_ARGS:+CNI_ARGS="$CNI_ARGS"} "$plugins/$plugin"
}

# wait_until SECONDS COMMAND…: runs the command until it succeeds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.02
    done
}

# A neighbour of the node, 192.0.2.1 in the namespace `outside`; the node is 192.0.2.2 on `uplink`.
add_outside() {
    ip netns add outside
    ip link add uplink type veth peer name eth0 netns outside
    ip addr add 192.0.2.2/24 dev uplink
    ip link set uplink up
    ip -n outside addr add 192.0.2.1/24 dev eth0
    ip -n outside link set eth0 up
}

# Everything that must be as it was: links, addresses, routes, neighbours, nftables, leases, namespaces. What changes by
# itself (timers, carrier, indices) is left out.
snapshot() {
    ip -j -d link | jq -r '.[] | [.ifname, .mtu, .address, .master, .ifalias, .linkinfo.info_kind,
        .linkinfo.info_slave_data.isolated, .linkinfo.info_slave_data.hairpin, (.flags | index("UP") != null)] | @text'
    ip -j addr | jq -r '.[] | .ifname as $link | .addr_info[] | [$link, .local, .prefixlen] | @text'
    ip -j route show table main | jq -r '.[] | [.dst, .gateway, .dev, .protocol, .scope] | @text'
    ip -j neigh show nud permanent | jq -r '.[] | [.dst, .dev, .lladdr] | @text'
    nft list ruleset
    { find /var/lib/cni -mindepth 1 2>/dev/null || true; } | sort
    ls /run/netns
}

# chain VERB CONTAINER NETNS IFNAME [RESULT] < list: calls every plugin of a conflist as a runtime does: in order, each with
# the result of the one before; DEL in reverse, all of them with RESULT, a file, when there is one. `runtime` is the
# runtimeConfig as JSON. Prints ADD's last result.
chain() {
    local verb=$1 container=$2 netns=$3 ifname=$4 result=${5:-} list order=. status=0 config
    list=$(cat)
    [ "$verb" != DEL ] || order='reverse'
    [ -z "$result" ] || result=$(cat "$result")
    while read -r config; do
        config=$(jq -c --argjson plugin "$config" --argjson runtime "${runtime:-null}" --argjson prev "${result:-null}" \
            '{cniVersion, name} + $plugin + (if $runtime then {runtimeConfig: $runtime} else {} end)
             + (if $prev then {prevResult: $prev} else {} end)' <<<"$list")
        local output
        output=$(cni "$verb" "$container" "$netns" "$ifname" "$(jq -r .type <<<"$config")" <<<"$config") || status=$?
        if [ $status != 0 ]; then
            echo "$output"
            return $status
        fi
        [ "$verb" != ADD ] || result=$output
    done < <(jq -c ".plugins | $order | .[]" <<<"$list")
    [ "$verb" != ADD ] || echo "$result"
}
