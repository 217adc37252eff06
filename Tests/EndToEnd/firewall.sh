#!/usr/bin/env bash
# Policies between pods, with real packets: within a bridge, between bridges, from outside and from the node.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
plugins=${PODNET_BIN:-}/cni

# list NETWORK POLICY: network one is 10.12.1.0/24 and fd00:12:1::/112 on bridge br-one, and so on.
list() {
    local number=${1/one/1}
    number=${number/two/2}
    echo "{\"cniVersion\": \"${version:-1.1.0}\", \"name\": \"$1\", \"plugins\": [
        {\"type\": \"bridge\", \"bridge\": \"br-$1\", \"isDefaultGateway\": true${keys:-}, \"ipam\": {\"type\": \"host-local\"${mode:-},
            \"ranges\": [[{\"subnet\": \"10.12.$number.0/24\"}], [{\"subnet\": \"fd00:12:$number::/112\"}]]}},
        {\"type\": \"firewall\", \"ingressPolicy\": \"$2\"}]}"
}
attach() { # CONTAINER NETWORK POLICY
    ip netns add "$1"
    chain ADD "$1" "/run/netns/$1" eth0 <<<"$(list "$2" "$3")" >"$work/$1.json" || { cat "$work/$1.json"; return 1; }
    ip -n "$1" link set lo up
    ip netns exec "$1" socat TCP6-LISTEN:80,fork,reuseaddr,ipv6only=0 SYSTEM:"echo $1" &
    wait_until 20 ip netns exec "$1" sh -c "ss -ltn | grep -q ':80 '"
}
check() { chain CHECK "$1" "/run/netns/$1" eth0 "$work/$1.json" <<<"$(list "$2" "$3")"; }
address() { jq -r ".ips[${2:-0}].address | split(\"/\")[0]" "$work/$1.json"; }
# reaches FROM TO: over both families, or over none; anything else is an error.
reaches() {
    local run=() four six
    [ -z "$1" ] || run=(ip netns exec "$1")
    four=$("${run[@]}" timeout 1 socat -u "TCP:$(address "$2"):80,connect-timeout=0.5" - 2>/dev/null || true)
    six=$("${run[@]}" timeout 1 socat -u "TCP:[$(address "$2" 1)]:80,connect-timeout=0.5" - 2>/dev/null || true)
    case "$four,$six" in
        "$2,$2") echo yes ;;
        ,) echo no ;;
        *) echo "half: '$four' '$six'" ;;
    esac
}
bridge_netfilter() {
    local file
    for file in /proc/sys/net/bridge/bridge-nf-call-ip{,6}tables; do [ ! -e $file ] || echo "$1" >$file; done
}

test_same_bridge_lets_in_the_bridges_own_pods_only() {
    bridge_netfilter 0
    attach a one same-bridge
    attach b one same-bridge
    attach c two same-bridge
    attach d two open
    expect_equal "within one bridge" "$(reaches a b)" yes
    expect_equal "from another bridge" "$(reaches c a)" no
    expect_equal "and back" "$(reaches a c)" no
    expect_equal "from the node" "$(reaches '' a)" yes
    expect_match "what was dropped is counted" "$(nft list chain inet podnet-cni firewall-decide)" 'packets [1-9]'
    check a one same-bridge
    check d two open
    nft list ruleset >/dev/null
    # A pod without a policy is reached by all.
    expect_equal "to an open pod" "$(reaches a d)" yes
}

test_isolated_lets_in_no_pod() {
    bridge_netfilter 0
    local mode=', "addressMode": "host"'
    attach a one isolated
    attach b one isolated
    expect_equal "within one bridge" "$(reaches a b)" no
    expect_equal "from the node" "$(reaches '' a)" yes
    check a one isolated
}

test_isolated_within_a_bridge_that_the_node_does_not_see_into_is_refused() {
    bridge_netfilter 0
    ip netns add a
    expect_refusal 111 'portIsolation' chain ADD a /run/netns/a eth0 <<<"$(list one isolated)"
    chain DEL a /run/netns/a eth0 <<<"$(list one isolated)"
    ip netns del a
    [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || return 0
    bridge_netfilter 1
    attach a one isolated
    attach b one isolated
    expect_equal "within one bridge" "$(reaches a b)" no
}

test_delete_needs_neither_result_nor_namespace_and_meets_no_other_pod() {
    bridge_netfilter 0
    attach a one same-bridge
    attach b one same-bridge
    snapshot | grep -v last_reserved >"$work/before"
    attach c one same-bridge
    kill %3 2>/dev/null || true
    ip netns del c
    chain DEL c "" eth0 <<<"$(list one same-bridge)"
    chain DEL c "" eth0 <<<"$(list one same-bridge)"
    snapshot | grep -v last_reserved | diff "$work/before" -
    check a one same-bridge
    # The plugin alone, too, without a result.
    echo '{"cniVersion": "1.1.0", "name": "one", "type": "firewall"}' | cni DEL b "" eth0 firewall
    expect_refusal 999 'firewall-protected-ip.*missing' check b one same-bridge
    jq '{cniVersion, name: "one", type: "firewall", ingressPolicy: "same-bridge", prevResult: .}' "$work/b.json" |
        cni ADD b /run/netns/b eth0 firewall >/dev/null
    check b one same-bridge
    gc() { echo "{\"cniVersion\": \"1.1.0\", \"name\": \"one\", \"type\": \"firewall\", \"cni.dev/valid-attachments\": $1}" |
        env -i CNI_COMMAND=GC CNI_PATH="$plugins" "$plugins/firewall"; }
    gc '[{"containerID": "b", "ifname": "eth0"}]'
    expect_refusal 999 'firewall-protected-ip.*missing' check a one same-bridge
    check b one same-bridge
}

test_open_costs_nothing_and_bad_input_is_named() {
    ip netns add a
    chain ADD a /run/netns/a eth0 <<<"$(list one open)" >/dev/null
    expect_equal "tables" "$(nft list tables | grep -c podnet-cni || true)" 0
    firewall() { echo "{\"cniVersion\": \"${2:-1.1.0}\", \"name\": \"n\", \"type\": \"firewall\"$1}" |
        cni ADD a /run/netns/a eth0 firewall; }
    expect_refusal 7 'unknown ingress policy: .*closed' firewall ', "ingressPolicy": "closed"'
    expect_refusal 7 'missing prevResult from earlier plugin' firewall ''
    expect_refusal 7 'pf' firewall ', "backend": "pf"'
    expect_refusal 1 'incompatible CNI versions' firewall '' 0.3.1
}

# Pods whose packets the reference's rules let pass, and that podnet deletes after the node has changed over.
test_what_the_reference_let_pass_goes_with_the_pod() {
    local version=1.0.0 ours=$plugins tool
    plugins=${PODNET_REFERENCE_PLUGINS:-/usr/lib/cni}
    attach a one open
    attach b one open
    plugins=$ours
    iptables-nft -A CNI-FORWARD -s 192.0.2.9 -j ACCEPT
    iptables-nft -A CNI-ADMIN -d "$(address a)" -j DROP
    rules() { for tool in iptables-nft-save ip6tables-nft-save; do $tool -t filter | grep -c -- "-A CNI-FORWARD.*$1" || true; done | xargs; }
    expect_equal "rules of a and b" "$(rules ACCEPT)" "5 4"
    chain DEL a "" eth0 <<<"$(list one open)"
    expect_equal "after a DEL without a result, which does not know the addresses" "$(rules ACCEPT)" "5 4"
    chain DEL a "" eth0 "$work/a.json" <<<"$(list one open)"
    expect_equal "rules left" "$(rules ACCEPT)" "3 2"
    expect_equal "an administrator's rules" "$(iptables-nft-save | grep -c -- '192.0.2.9\|CNI-ADMIN -d')" 2
    chain DEL b /run/netns/b eth0 "$work/b.json" <<<"$(list one open)"
    expect_equal "rules in the end" "$(rules ACCEPT)" "1 0"
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
