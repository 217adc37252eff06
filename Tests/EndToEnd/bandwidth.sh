#!/usr/bin/env bash
# How fast pods receive and send, with real packets.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
plugins=${PODNET_BIN:-}/cni

list() { echo "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"plugins\": [
    {\"type\": \"bridge\", \"isDefaultGateway\": true, \"ipam\": {\"type\": \"host-local\", \"subnet\": \"10.12.0.0/24\"}},
    {\"type\": \"bandwidth\"$1}]}"; }
ingress=', "ingressRate": 8000000, "ingressBurst": 400000'
egress=', "egressRate": 8000000, "egressBurst": 400000'
attach() { # CONTAINER KEYS
    ip netns add "$1"
    chain ADD "$1" "/run/netns/$1" eth0 <<<"$(list "$2")" >"$work/$1.json" || { cat "$work/$1.json"; return 1; }
}
address() { jq -r '.ips[0].address | split("/")[0]' "$work/$1.json"; }
# milliseconds COMMAND…
milliseconds() {
    local start=${EPOCHREALTIME/./}
    "$@" >/dev/null
    echo $(((${EPOCHREALTIME/./} - start) / 1000))
}
receive() { socat -u "TCP:$1:81" - | wc -c | grep -qx 1000000; }
# pace COMMAND…: slow or fast, of one that fetches 1 MB, for which 8 Mbit/s take 0.95 s.
pace() {
    local time
    time=$(milliseconds "$@")
    if [ "$time" -gt 700 ] && [ "$time" -lt 3000 ]; then echo slow; elif [ "$time" -lt 500 ]; then echo fast; else echo "$time"; fi
}
export -f receive

test_each_direction_has_its_own_limit() {
    local name keys
    for name in both in out none; do
        keys=
        [ $name = out ] || [ $name = none ] || keys+=$ingress
        [ $name = in ] || [ $name = none ] || keys+=$egress
        attach $name "$keys"
        ip netns exec $name socat TCP-LISTEN:81,fork,reuseaddr SYSTEM:'head -c 1000000 /dev/zero' &
        wait_until 20 ip netns exec $name sh -c "ss -ltn | grep -q ':81 '"
    done
    socat TCP-LISTEN:81,bind=10.12.0.1,fork,reuseaddr SYSTEM:'head -c 1000000 /dev/zero' &
    wait_until 20 sh -c "ss -ltn | grep -q ':81 '"
    local result=
    for name in both in out none; do
        result+="$name receives $(pace ip netns exec $name bash -c 'receive 10.12.0.1'), sends $(pace receive "$(address $name)"); "
        chain CHECK $name /run/netns/$name eth0 "$work/$name.json" <<<"$(case $name in both) list "$ingress$egress" ;;
            in) list "$ingress" ;; out) list "$egress" ;; none) list "" ;; esac)"
    done
    expect_equal "paces" "$result" "both receives slow, sends slow; in receives slow, sends fast; out receives fast, sends slow; none receives fast, sends fast; "
}

test_the_kernel_has_what_was_wanted_and_check_sees_when_not() {
    attach c1 "$ingress$egress"
    local veth device
    veth=$(jq -r '.interfaces[1].name' "$work/c1.json")
    device=$(jq -r '.interfaces[-1].name' "$work/c1.json")
    expect_equal "devices" "$(ip -br link show type ifb | awk '{print $1}')" "$device"
    expect_equal "buckets" "$(tc -j qdisc show | jq -c "[.[] | select(.kind == \"tbf\") | [.dev, .options.rate]] | sort")" \
        "$(jq -nc --arg a "$veth" --arg b "$device" '[[$a, 1000000], [$b, 1000000]] | sort')"
    expect_match "way round" "$(tc filter show dev "$veth" parent ffff:)" "Redirect to device $device"
    check() { chain CHECK c1 /run/netns/c1 eth0 "$work/c1.json" <<<"$(list "$ingress$egress")"; }
    check
    tc qdisc del dev "$veth" root
    expect_refusal 999 'not shaped' check
    chain DEL c1 /run/netns/c1 eth0 <<<"$(list "$ingress$egress")"
    expect_equal "links left" "$(ip -br link | awk '{print $1}' | xargs)" "lo cni0"
}

test_huge_bursts_and_rates() {
    local keys
    for keys in ', "ingressRate": 1000, "ingressBurst": 4294967295, "egressRate": 1000, "egressBurst": 4294967295' \
        ', "ingressRate": 80000000000, "ingressBurst": 34359738352, "egressRate": 80000000000, "egressBurst": 34359738352'; do
        attach c1 "$keys"
        chain CHECK c1 /run/netns/c1 eth0 "$work/c1.json" <<<"$(list "$keys")"
        chain DEL c1 /run/netns/c1 eth0 <<<"$(list "$keys")"
        ip netns del c1
    done
}

test_nothing_is_left_without_a_namespace_and_two_interfaces_have_two_devices() {
    attach c1 "$egress"
    chain ADD c1 /run/netns/c1 eth1 <<<"$(list "$egress" | sed 's/"net"/"other"/')" >/dev/null
    expect_equal "devices" "$(ip -br link show type ifb | wc -l)" 2
    ip netns del c1
    chain DEL c1 "" eth0 <<<"$(list "$egress")"
    expect_equal "devices" "$(ip -br link show type ifb | wc -l)" 1
    chain DEL c1 "" eth1 <<<"$(list "$egress" | sed 's/"net"/"other"/')"
    chain DEL c1 "" eth1 <<<"$(list "$egress" | sed 's/"net"/"other"/')"
    expect_equal "devices" "$(ip -br link show type ifb | wc -l)" 0
    # GC finds what no DEL came for.
    attach c2 "$egress"
    echo '{"cniVersion": "1.1.0", "name": "net", "type": "bandwidth", "cni.dev/valid-attachments": []}' |
        env -i CNI_COMMAND=GC CNI_PATH="$plugins" "$plugins/bandwidth"
    expect_equal "devices" "$(ip -br link show type ifb | wc -l)" 0
}

test_bad_input_is_named_and_no_limit_needs_no_result() {
    ip netns add c1
    bandwidth() { echo "{\"cniVersion\": \"${2:-1.1.0}\", \"name\": \"net\", \"type\": \"bandwidth\"$1}" |
        cni ADD c1 /run/netns/c1 eth0 bandwidth; }
    expect_equal "result" "$(bandwidth '' | jq -c .)" '{"cniVersion":"1.1.0"}'
    expect_refusal 7 'chained plugin' bandwidth "$ingress"
    expect_refusal 7 'if burst is set, rate must also be set' bandwidth ', "ingressBurst": 1000'
    expect_refusal 7 'if rate is set, burst must also be set' bandwidth ', "bandwidth": {}, "ingressRate": 1000'
    expect_refusal 1 'incompatible CNI versions' bandwidth '' 0.2.0
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
