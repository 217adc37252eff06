#!/usr/bin/env bash
# What a pod can send, with real frames: only what is its own.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/pods.sh"
plugins=${PODNET_BIN:-}/cni

host_mode='"ipam": {"type": "host-local", "addressMode": "host",
    "ranges": [[{"subnet": "10.11.23.0/24"}], [{"subnet": "fd00:11:23::/112"}]]}'
classic='"isDefaultGateway": true, "macspoofchk": true, "ipam": {"type": "host-local",
    "ranges": [[{"subnet": "10.11.23.0/24"}], [{"subnet": "fd00:11:23::/112"}]]}'

# Where test frames go, so that nothing else is taken for one.
nowhere=020d0d0d0d0d
other_mac=02aabbccddee
# 10.11.23.1, .2 (pod a), .3 (pod b); fd00:11:23::1, …
gateway=0a0b1701 own=0a0b1702 other=0a0b1703
gateway6=fd000011002300000000000000000001 own6=fd000011002300000000000000000002 other6=fd000011002300000000000000000003
none6=00000000000000000000000000000000 everyone6=ff020000000000000000000000000001

# Frames, as hexadecimal digits. ipv4 MAC SOURCE TARGET [PROTOCOL PAYLOAD]
ipv4() {
    local payload=${5:-0009000900080000}
    echo "$nowhere${1}08004500$(length $((20 + ${#payload} / 2)))0000000040${4:-11}0000$2$3$payload"
}
# ipv6 MAC SOURCE TARGET NEXT-HEADER PAYLOAD
ipv6() { echo "$nowhere${1}86dd60000000$(length $((${#5} / 2)))$4ff$2$3$5"; }
# arp MAC OPERATION SENDER-MAC SENDER TARGET
arp() { echo "$nowhere${1}0806000108000604000$2$3${4}000000000000$5"; }
length() { printf %04x "$1"; }
# icmp6 TYPE REST
icmp6() { echo "${1}000000$2"; }

# The link-local address that the kernel makes of a hardware address.
link_local() { printf 'fe80000000000000%02x%sfffe%s' $((0x${1:0:2} ^ 2)) "${1:2:4}" "${1:6:6}"; }

# send CONTAINER FRAME: by way of a file; printf hands a pipe what it has at every byte 0a, and a part of a frame is refused.
send() {
    printf "$(sed 's/../\\x&/g' <<<"$2")" >"$work/frame"
    ip netns exec "$1" socat -u OPEN:"$work/frame" INTERFACE:eth0
}

# watch_port CONTAINER: counts the test frames that get past podnet's rules.
watch_port() {
    mac=$(jq -r '.interfaces[2].mac' "$work/$1.json" | tr -d :)
    port=$(jq -r '.interfaces[1].name' "$work/$1.json")
    nft -f - <<EOF
table bridge witness {
    counter passed { }
    chain prerouting {
        type filter hook prerouting priority 0
        iifname "$port" ether daddr 02:0d:0d:0d:0d:0d counter name passed
    }
}
EOF
}
passed() { nft list counter bridge witness passed | grep -o 'packets [0-9]*' | cut -d' ' -f2; }
dropped() {
    nft list table bridge podnet-cni | grep -o 'packets [0-9]*' | awk '{sum += $2} END {print sum + 0}'
}
# passes WHAT FRAME, is_dropped WHAT FRAME: of pod a
passes() { expect_fate "$1" "$2" "1 0"; }
is_dropped() { expect_fate "$1" "$2" "0 1"; }
expect_fate() {
    local before after
    before=($(passed) $(dropped))
    send a "$2"
    after=($(passed) $(dropped))
    expect_equal "passed, dropped of $1" "$((after[0] - before[0])) $((after[1] - before[1]))" "$3"
}

expect_ipv4_and_arp_checked() {
    passes "IPv4 of its own" "$(ipv4 "$mac" $own $other)"
    is_dropped "another's hardware address" "$(ipv4 $other_mac $own $other)"
    is_dropped "another's address" "$(ipv4 "$mac" $other $gateway)"
    is_dropped "the gateway's address" "$(ipv4 "$mac" $gateway $other)"
    is_dropped "no address" "$(ipv4 "$mac" 00000000 $gateway)"
    local discover=0044004300080000
    passes "a DHCP client" "$(ipv4 "$mac" 00000000 ffffffff 11 $discover)"
    is_dropped "a DHCP client with another's hardware address" "$(ipv4 $other_mac 00000000 ffffffff 11 $discover)"
    is_dropped "no address, and another port" "$(ipv4 "$mac" 00000000 ffffffff 11 0044004500080000)"
    passes "ARP request" "$(arp "$mac" 1 "$mac" $own $gateway)"
    passes "ARP reply" "$(arp "$mac" 2 "$mac" $own $gateway)"
    passes "gratuitous ARP" "$(arp "$mac" 1 "$mac" $own $own)"
    passes "ARP probe of its own address" "$(arp "$mac" 1 "$mac" 00000000 $own)"
    is_dropped "ARP for another" "$(arp "$mac" 2 "$mac" $other $gateway)"
    is_dropped "ARP for the gateway" "$(arp "$mac" 1 "$mac" $gateway $gateway)"
    is_dropped "gratuitous ARP of another" "$(arp "$mac" 1 "$mac" $other $other)"
    is_dropped "ARP with another's hardware address inside" "$(arp "$mac" 2 $other_mac $own $gateway)"
    is_dropped "ARP with another's hardware address outside" "$(arp $other_mac 2 "$mac" $own $gateway)"
    is_dropped "ARP probe of another's address" "$(arp "$mac" 1 "$mac" 00000000 $other)"
    is_dropped "RARP" "$(arp "$mac" 3 "$mac" $own $own | sed 's/0806/8035/')"
}

expect_ipv6_checked() {
    local ll other_ll router
    ll=$(link_local "$mac") other_ll=$(link_local $other_mac)
    passes "IPv6 of its own" "$(ipv6 "$mac" $own6 $other6 11 0000000000080000)"
    passes "IPv6 from its link-local address" "$(ipv6 "$mac" "$ll" $everyone6 11 0000000000080000)"
    passes "a ping" "$(ipv6 "$mac" $own6 $other6 3a "$(icmp6 80 00000000)")"
    is_dropped "another's address" "$(ipv6 "$mac" $other6 $own6 11 0000000000080000)"
    is_dropped "another's link-local address" "$(ipv6 "$mac" "$other_ll" $own6 11 0000000000080000)"
    is_dropped "another's hardware address" "$(ipv6 $other_mac $own6 $other6 11 0000000000080000)"
    passes "solicitation" "$(ipv6 "$mac" $own6 $everyone6 3a "$(icmp6 87 "00000000${gateway6}0101$mac")")"
    passes "solicitation by link-local" "$(ipv6 "$mac" "$ll" $everyone6 3a "$(icmp6 87 "00000000$gateway6")")"
    is_dropped "solicitation from another" "$(ipv6 "$mac" $other6 $everyone6 3a "$(icmp6 87 "00000000$gateway6")")"
    is_dropped "solicitation with another's hardware address" \
        "$(ipv6 "$mac" $own6 $everyone6 3a "$(icmp6 87 "00000000${gateway6}0101$other_mac")")"
    is_dropped "solicitation with that hidden behind another option" \
        "$(ipv6 "$mac" $own6 $everyone6 3a "$(icmp6 87 "00000000${gateway6}0e010000000000000101$other_mac")")"
    passes "duplicate address detection" "$(ipv6 "$mac" $none6 $everyone6 3a "$(icmp6 87 "00000000$own6")")"
    passes "duplicate address detection with a nonce" \
        "$(ipv6 "$mac" $none6 $everyone6 3a "$(icmp6 87 "00000000${ll}0e01123456789abc")")"
    is_dropped "duplicate address detection of another's" \
        "$(ipv6 "$mac" $none6 $everyone6 3a "$(icmp6 87 "00000000$other6")")"
    passes "advertisement" "$(ipv6 "$mac" $own6 $everyone6 3a "$(icmp6 88 "60000000${own6}0201$mac")")"
    passes "advertisement without address" "$(ipv6 "$mac" $own6 $everyone6 3a "$(icmp6 88 "60000000$own6")")"
    is_dropped "advertisement of another" "$(ipv6 "$mac" $own6 $everyone6 3a "$(icmp6 88 "20000000${other6}0201$mac")")"
    is_dropped "advertisement of another without address" "$(ipv6 "$mac" $own6 $everyone6 3a "$(icmp6 88 "60000000$other6")")"
    is_dropped "advertisement of another's hardware address" \
        "$(ipv6 "$mac" $own6 $everyone6 3a "$(icmp6 88 "20000000${own6}0201$other_mac")")"
    router="40080708000000000000000003044040000151800000384000000000fd000066000000000000000000000000"
    is_dropped "router advertisement" "$(ipv6 "$mac" "$ll" $everyone6 3a "$(icmp6 86 $router)")"
    # Behind a destination-options header.
    is_dropped "router advertisement behind a header" \
        "$(ipv6 "$mac" "$ll" $everyone6 3c "3a00010400000000$(icmp6 86 $router)")"
    is_dropped "advertisement behind a header" \
        "$(ipv6 "$mac" $own6 $everyone6 3c "3a00010400000000$(icmp6 88 "20000000$other6")")"
    is_dropped "redirect" "$(ipv6 "$mac" "$ll" $own6 3a "$(icmp6 89 "00000000$ll$other6")")"
    passes "report of groups" "$(ipv6 "$mac" $none6 $everyone6 3a "$(icmp6 8f 00000000)")"
}

expect_nothing_else() {
    is_dropped "a VLAN tag" "$(ipv4 "$mac" $own $other | sed 's/0800/810000640800/')"
    is_dropped "two VLAN tags" "$(ipv4 "$mac" $own $other | sed 's/0800/88a80064810000640800/')"
    is_dropped "a priority tag" "$(ipv4 "$mac" $own $other | sed 's/0800/810000000800/')"
    is_dropped "another type" "${nowhere}${mac}88b5$(printf '00%.0s' {1..46})"
    is_dropped "802.2" "${nowhere}${mac}0026$(printf '42%.0s' {1..46})"
}

test_in_host_address_mode_a_pod_speaks_only_as_itself() {
    attach a "$host_mode"
    attach b "$host_mode"
    watch_port a
    expect_ipv4_and_arp_checked
    expect_ipv6_checked
    expect_nothing_else
    check a "$host_mode"
}

test_macspoofchk_checks_addresses_that_ipam_gave() {
    attach a "$classic"
    attach b "$classic"
    watch_port a
    expect_ipv4_and_arp_checked
    expect_ipv6_checked
    expect_nothing_else
    check a "$classic"
}

# Others' accepts came before the check of who sends (Incus).
test_cve_2025_52890_the_checks_hold_with_every_other_plugin_and_others_accepts() {
    local name list runtime
    list="{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"plugins\": [
        {\"type\": \"bridge\", \"bridge\": \"br0\", \"ipMasq\": true, \"hairpinMode\": true, $host_mode},
        {\"type\": \"portmap\", \"masqAll\": true}, {\"type\": \"firewall\", \"ingressPolicy\": \"isolated\"},
        {\"type\": \"bandwidth\", \"ingressRate\": 80000000, \"ingressBurst\": 8000000, \"egressRate\": 80000000,
            \"egressBurst\": 8000000}, {\"type\": \"tuning\", \"promisc\": true, \"allmulti\": true}]}"
    nft -f - <<'OTHERS'
table bridge others {
    chain first { type filter hook prerouting priority -2000; accept; }
    chain early { type filter hook prerouting priority -300; ether type { arp, 0x88b5 } accept; udp dport { 9, 67 } accept; }
}
OTHERS
    for name in a b; do
        ip netns add $name
        runtime="{\"portMappings\": [{\"hostPort\": $((8000 + $(printf %d "'$name"))), \"containerPort\": 80, \"protocol\": \"tcp\"}]}" \
            chain ADD $name /run/netns/$name eth0 <<<"$list" >"$work/$name.json" || { cat "$work/$name.json"; exit 1; }
    done
    watch_port a
    expect_ipv4_and_arp_checked
    expect_ipv6_checked
    expect_nothing_else
}

test_macspoofchk_without_ipam_checks_the_hardware_address() {
    attach a '"macspoofchk": true'
    watch_port a
    passes "IPv4 of any address" "$(ipv4 "$mac" $other $gateway)"
    passes "any type" "${nowhere}${mac}88b5$(printf '00%.0s' {1..46})"
    is_dropped "another's hardware address" "$(ipv4 $other_mac $own $other)"
    check a '"macspoofchk": true'
}

test_it_can_be_switched_off() {
    attach a "\"macspoofchk\": false, $host_mode"
    expect_equal "tables of the bridge family" "$(nft list tables bridge)" ""
}

test_nothing_is_dropped_of_what_pods_usually_do() {
    bridge_netfilter 0
    local keys a6 b6
    for keys in "$host_mode" "$classic, \"forceAddress\": true, \"hairpinMode\": true"; do
        attach a "$keys"
        attach b "$keys"
        a6=$(jq -r '.ips[1].address' "$work/a.json") b6=$(jq -r '.ips[1].address | split("/")[0]' "$work/b.json")
        serve b 80
        serve b 81 pf=ip6
        expect_equal "IPv4" "$(ask a "$(address b)" 80)" b
        expect_equal "IPv6" "$(ask a "[$b6]" 81)" b
        # Again with neighbours unknown, an address that is looked for and one that is announced.
        ip -n a neigh flush dev eth0
        expect_equal "IPv4" "$(ask a "$(address b)" 80)" b
        expect_equal "IPv6" "$(ask a "[$b6]" 81)" b
        ip netns exec a sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv4.conf.eth0.arp_notify=1
        ip -n a addr del "$a6" dev eth0
        ip -n a addr add "$a6" dev eth0
        wait_until 20 sh -c '[ -z "$(ip -n a addr show tentative)" ]'
        expect_equal "dropped" "$(nft list table bridge podnet-cni | grep 'packets [1-9]' || true)" ""
        jobs -p | xargs -r kill 2>/dev/null || true
        call DEL a "$keys"
        call DEL b "$keys"
        ip netns del a
        ip netns del b
    done
}

# A pod that forges from the moment its interface appears, while it is added and deleted, gets no frame through
# (CVE-2015-5240). What sends runs before there is an interface, and tries without a pause.
spray() {
    ip netns exec a python3 - "$1" <<'SPRAY'
import socket, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
while True:
    try:
        link.sendto(bytes.fromhex(sys.argv[1]), ("eth0", 0))
    except OSError:
        pass
SPRAY
}
test_no_forged_frame_passes_while_a_pod_comes_and_goes() {
    ip netns add a
    nft -f - <<'EOF'
table bridge witness {
    counter passed { }
    chain prerouting {
        # Before br_netfilter, which drops frames without a checksum, and is asked first when the bridge comes last.
        type filter hook prerouting priority -900
        ether saddr 02:aa:bb:cc:dd:ee counter name passed
    }
}
EOF
    local sum=0
    spray "$(ipv4 $other_mac $own $other)" &
    for _ in $(seq 20); do
        call ADD a "$host_mode" >/dev/null
        sleep 0.05
        call DEL a "$host_mode"
    done
    kill %1
    expect_equal "forged frames that passed" "$(passed)" 0
    sum=$(dropped)
    [ "$sum" -gt 1000 ] || { echo "only $sum forged frames were sent"; exit 1; }
}

test_elements_go_with_their_pod() {
    attach a "$host_mode"
    attach b "$host_mode"
    call DEL a "$host_mode"
    expect_equal "elements of a" "$(nft list table bridge podnet-cni | grep -c '"net/a/eth0"' || true)" 0
    expect_match "elements of b" "$(nft list table bridge podnet-cni)" 'net/b/eth0'
    nft flush set bridge podnet-cni senders-ip
    expect_refusal 999 'senders-ip: missing' check b "$host_mode"
    conf "$host_mode, \"cni.dev/valid-attachments\": []" |
        env -i CNI_COMMAND=GC CNI_PATH="$plugins" "$plugins/bridge"
    expect_equal "tables" "$(nft list tables)" ""
}

. "$here/scripts/lib/cases.sh"
bin=${PODNET_BIN:-}
run_cases "${BASH_SOURCE[0]}" "$@"
