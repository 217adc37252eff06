# A list of plugins called as libcni calls them, for tests of what runtimes do. Source after sandbox.sh.
#
# network=FILE.conflist; capabilities='{…}' and CNI_ARGS are the runtime's; `folders` is its CNI_PATH. The result of an ADD
# and its capabilities are cached, as libcni does it, and CHECK and DEL read them from there.

# execute VERB PLUGIN CONTAINER NETNS IFNAME < config: libcni sets every variable, also to nothing, and hands on its own
# environment. Not through a pipe: VERSION need not read what it is given.
execute() {
    local folder program=
    for folder in ${folders//:/ }; do [ -n "$program" ] || [ ! -e "$folder/$2" ] || program=$folder/$2; done
    [ -n "$program" ] || { echo "no plugin $2 in $folders" >&2; return 1; }
    CNI_COMMAND=$1 CNI_CONTAINERID=${3-} CNI_NETNS=${4-} CNI_IFNAME=${5-} CNI_ARGS=${CNI_ARGS-} CNI_PATH=$folders "$program"
}
types() { jq -r '.plugins[].type' "$network"; }

# plugin_config INDEX CAPABILITIES PREVIOUS: what a plugin of the list reads.
plugin_config() {
    jq -c --argjson index "$1" --argjson given "${2:-{\}}" --argjson previous "${3:-null}" '
        {name, cniVersion} as $shared | .plugins[$index] + $shared
        | [.capabilities // {} | to_entries[] | select(.value and $given[.key] != null) | {(.key): $given[.key]}] as $runtime
        | if $runtime == [] then . else .runtimeConfig = ($runtime | add) end
        | if $previous then .prevResult = $previous else . end' "$network"
}
cache_of() { echo "/var/lib/cni/results/$(jq -r .name "$network")-$1-$2"; }
# Versions before 0.4.0 know no prevResult for CHECK and DEL.
cached() { [ "$(jq -r .cniVersion "$network")" \< 0.4.0 ] || [ ! -s "$1" ] || jq -c "$2" "$1"; }
cached_config() { plugin_config "$1" "$(cached "$2" .capabilityArgs)" "$(cached "$2" .result)"; }

# network_add CONTAINER NETNS IFNAME: prints the last plugin's result.
network_add() {
    local index=0 type result='' cache
    for type in $(types); do
        result=$(execute ADD "$type" "$@" <<<"$(plugin_config $index "$capabilities" "$result")") || { echo "$result"; return 1; }
        index=$((index + 1))
    done
    cache=$(cache_of "$1" "$3")
    mkdir -p "${cache%/*}"
    jq -n --argjson result "$result" --argjson capabilities "$capabilities" --arg netns "$2" \
        '{kind: "cniCacheV1", netns: $netns, capabilityArgs: $capabilities, result: $result}' >"$cache"
    echo "$result"
}
# network_check CONTAINER NETNS IFNAME
network_check() {
    local index=0 type cache
    cache=$(cache_of "$1" "$3")
    for type in $(types); do
        execute CHECK "$type" "$@" <<<"$(cached_config $index "$cache")" || return 1
        index=$((index + 1))
    done
}
# network_delete CONTAINER NETNS IFNAME: the list backwards, and not further than the first error.
network_delete() {
    local index type cache all
    cache=$(cache_of "$1" "$3")
    mapfile -t all < <(types)
    for ((index = ${#all[@]} - 1; index >= 0; index--)); do
        execute DEL "${all[index]}" "$@" <<<"$(cached_config $index "$cache")" || return 1
    done
    rm -f "$cache"
}
network_status() {
    local index=0 type
    for type in $(types); do
        execute STATUS "$type" <<<"$(plugin_config $index)" || return 1
        index=$((index + 1))
    done
}
# network_gc '[{"containerID": …, "ifname": …}]'
network_gc() {
    local index=0 type
    for type in $(types); do
        execute GC "$type" <<<"$(plugin_config $index | jq -c --argjson valid "$1" '."cni.dev/valid-attachments" = $valid')" ||
            return 1
        index=$((index + 1))
    done
}
# network_validate: VERSION of every plugin, with the variables that libcni invents for old plugins.
network_validate() {
    local type
    for type in $(types); do
        execute VERSION "$type" dummy dummy dummy <<<"$(jq -c '{cniVersion}' "$network")" |
            jq -es --slurpfile list "$network" '.[0].supportedVersions | index($list[0].cniVersion)' >/dev/null || return 1
    done
}
