# Source this after sandbox.sh in tests of podnetd with a cluster: a fake API server that plays `recordings`, a daemon, and
# everything that the kernel has of it.

# Below, `jq -s`: of no input at all jq 1.6 says that it is as wanted.
api_server() { # OPTION…: sets `server` to the address of a fake API server, and `api` to its process
    rm -f "$work/address"
    "$bin/podnet-fake-apiserver" --recordings "$recordings" "$@" >"$work/address" &
    api=$!
    wait_until 20 test -s "$work/address"
    server=$(cat "$work/address")
}
daemon() { # OPTION…
    "$bin/podnetd" --socket "$work/podnetd.sock" --pod-cidr 10.11.0.0/16 --node-name node1 "$@" 2>>"$work/podnetd.log" &
    daemon=$!
    # Its status is bad news, and an exit status, as long as nothing is known.
    wait_until 10 sh -c "'$bin/netctl' status -o json --socket '$work/podnetd.sock' | jq -es '.[0].items'" || { cat "$work/podnetd.log"; exit 1; }
}
stop() {
    kill "$daemon"
    wait "$daemon"
}
netctl() { "$bin/netctl" "$@" --socket "$work/podnetd.sock"; }
status() { { netctl status -o json || true; } | jq -r ".items[0].$1"; }
complete() { wait_until 10 sh -c "'$bin/netctl' status -o json --socket '$work/podnetd.sock' | jq -es '.[0] | .items[0].source.isComplete and (.metadata.syncedAt != null)'" || { netctl status; exit 1; }; }
body() { awk 'blank >= 2 { print; next } /^$/ { blank++ }' "$recordings/$1.http"; }
# recording NAME PATH [STATUS]: what is on stdin is what the server answers to this path
recording() { { printf 'GET %s\n\nHTTP/1.1 %s\nContent-Type: application/json\n\n' "$2" "${3:-200}"; cat; } >"$recordings/$1.http"; }

# Everything that the kernel has of ours, without what differs between two equal tables: handles, counters, the order
# of elements and of chains, whether the daemon that owns the table runs, and which of a service's endpoints has which index.
kernel() {
    local family
    for family in ip ip6; do
        nft -j list table $family podnet >"$work/table.json" || { date +%T.%N; nft list tables; cat "$work/podnetd.log"; exit 1; } >&2
        jq -S <"$work/table.json" '
            del(.. | .handle?, .counter?, .metainfo?) | .nftables | map(select(. != {}) | del(.table.flags?)) |
            map(if .map then .map.elem |= (. // [] | map(
                if ((try .[0].elem.val.concat[0] catch null) | type) == "number" then .[0].elem.val.concat |= .[1:] else . end | tojson
            ) | sort) elif .set then
                .set.elem |= (. // [] | map(tojson) | sort) else . end) |
            sort_by([keys[0], (.chain.name // .rule.chain // .map.name // .set.name)])'
    done
}
