#!/usr/bin/env bash
# podnetd and portmap with one and the same port (CVE-2019-9946: ports of pods came before services).
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib/sandbox.sh"
. "$here/scripts/lib/build.sh"
. "$here/scripts/lib/services.sh"
bin=${PODNET_BIN:-}
plugins=$bin/cni

# hosted VERB: a pod that publishes the service's port and its node port.
hosted() {
    runtime='{"portMappings": [{"hostPort": 80, "containerPort": 81, "protocol": "tcp"},
        {"hostPort": 30080, "containerPort": 81, "protocol": "tcp"}]}' chain "$1" hosted /run/netns/hosted eth0 <<'LIST'
{"cniVersion": "1.1.0", "name": "net", "plugins": [{"type": "bridge", "bridge": "br0", "isDefaultGateway": true,
    "ipam": {"type": "host-local", "subnet": "10.12.0.0/24"}}, {"type": "portmap"}]}
LIST
}
publish() {
    ip netns add hosted
    hosted ADD >/dev/null
    serve hosted 81
}
# The service has port 80 of its own address and of one that is the node's, and a node port.
manifest() { web_service 'externalIPs: [192.0.2.3]' '10.200.0.2 here' | put web.yaml; }
answers() { expect_match "$1 → $3:$2, $order" "$(ask "$1" "$2" "$3" || echo nothing)" "^$4 "; }
# Services have their own addresses and ports, the pod has what is left of port 80.
each_has_its_own() {
    local from
    for from in client node outside; do
        answers $from 80 $vip server
        answers $from 80 192.0.2.3 server
        answers $from 30080 192.0.2.2 server
        answers $from 80 192.0.2.2 hosted
    done
}
prepare() {
    node
    ip addr add 192.0.2.3/24 dev outside
    serve server 8080
    manifest
}

test_cve_2019_9946_a_published_port_takes_nothing_from_a_service_whoever_came_first() {
    local order
    prepare
    order="the daemon first"
    start
    applied
    publish
    each_has_its_own
    order="the daemon again"
    stop
    start
    applied
    each_has_its_own
    order="the pod's ports again"
    hosted DEL
    hosted ADD >/dev/null
    each_has_its_own
    order="the service's tables made anew"
    stop
    "$bin/podnetd" --cleanup >/dev/null
    expect_match "no service" "$(ask outside 30080 192.0.2.2)" '^hosted '
    start
    applied
    each_has_its_own
}

test_cve_2019_9946_the_pod_first() {
    local order="the pod first"
    prepare
    publish
    start
    applied
    each_has_its_own
}

. "$here/scripts/lib/cases.sh"
run_cases "${BASH_SOURCE[0]}" "$@"
