# build: compiles the programs and sets `bin` to where they are and `plugins` to a folder laid out as /opt/cni/bin.

build() {
    local top
    top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    if [ -z "${PODNET_BIN:-}" ]; then
        "$top/scripts/bootstrap"
        echo "building podnet (the first time takes some minutes)"
        (cd "$top" && swift build -c release "$@" >"$top/.build.log" 2>&1) || { tail -n 40 "$top/.build.log"; exit 1; }
        PODNET_BIN=$(cd "$top" && swift build -c release --show-bin-path)
        export PODNET_BIN
    fi
    bin=$PODNET_BIN
    plugins=$bin/cni
    mkdir -p "$plugins"
    # A copy, as `make install` makes one: the kernel keeps what a linker wrote in small pieces, and maps it more slowly.
    install -m 0755 "$bin/podnet-cni" "$plugins/.podnet-cni"
    local name
    for name in $(sed -n "s/^PLUGINS *= *//p" "$top/Makefile"); do ln -f "$plugins/.podnet-cni" "$plugins/$name"; done
}
