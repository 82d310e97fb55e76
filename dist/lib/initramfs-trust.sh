# shellcheck shell=sh
# Copies skexec's trust files into an initramfs that is being built. The hook of initramfs-tools and dracut's module source this file.
#
# In an initramfs every file belongs to root. If skexec refuses a file on this system, because other users may have written it or
# because it cannot be read, then skexec must refuse its copy, too. So the copy is made writable for all, or a dangling link. It has
# the same effect in both places: a refused certificate is not trusted, and with a refused revocation list skexec refuses every kernel.

# skexec_copy_trust ROOT TARGET: copies the trust files below ROOT (empty for /) to the same paths below TARGET.
skexec_copy_trust() {
    skexec_copy_folder "$1" "$2" /usr/lib/skexec/trust.d &&
        skexec_copy_folder "$1" "$2" /etc/skexec/trust.d &&
        skexec_copy_folder "$1" "$2" /usr/lib/skexec/revoked.d &&
        skexec_copy_folder "$1" "$2" /etc/skexec/revoked.d &&
        skexec_copy_file "$1" "$2" /usr/lib/skexec/policy.toml &&
        skexec_copy_file "$1" "$2" /etc/skexec/policy.toml &&
        # The file of former versions: while it exists, skexec refuses everything, here and there.
        skexec_copy_file "$1" "$2" /etc/skexec/policy.conf
}

skexec_copy_folder() {
    [ -d "$1$3" ] || return 0
    mkdir -p "$2$3" || return 1
    for skexec_file in "$1$3"/* "$1$3"/.[!.]*; do
        skexec_copy_file "$1" "$2" "${skexec_file#"$1"}" || return 1
    done
    skexec_keep_doubt "$1" "$2" "$3"
}

skexec_copy_file() {
    if [ "$(readlink "$1$3")" = /dev/null ]; then
        # A link to /dev/null masks a file.
        ln -sf /dev/null "$2$3"
    elif [ -f "$1$3" ]; then
        mkdir -p "$2${3%/*}" && cp -pL "$1$3" "$2$3" && skexec_keep_doubt "$1" "$2" "$3"
    elif [ -e "$1$3" ] || [ -L "$1$3" ]; then
        echo "W: skexec: $1$3 cannot be read, nor will it be in the initramfs" >&2
        ln -sf /skexec-unreadable "$2$3"
    fi
}

skexec_keep_doubt() {
    skexec_of_root "$1" "$1$3" && return 0
    echo "W: skexec: $1$3 will not be believed in the initramfs: others than root may have written it" >&2
    chmod o+w "$2$3"
}

# Whether only root can have written a file: checks the file and every directory of its path, after links.
skexec_of_root() {
    skexec_step=$(readlink -f "$2") || return 1
    while [ -n "$skexec_step" ] && [ "$skexec_step" != "$1" ]; do
        [ -n "$(find "$skexec_step" -prune -uid "${skexec_root_uid:-0}" ! -perm /022)" ] || return 1
        skexec_step=${skexec_step%/*}
    done
}
