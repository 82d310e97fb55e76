# shellcheck shell=sh
# Copies skexec's trust into an initramfs that is being made. Sourced by the hook of initramfs-tools and dracut's module.
#
# In an initramfs every file is root's, so what skexec does not believe here because others may have written it must not be
# copied. A list of revocations only forbids: it is copied in any case, as is a link to /dev/null, which masks a file.

# skexec_copy_trust ROOT TARGET: what lies below ROOT (empty for /), to the same place below TARGET.
skexec_copy_trust() {
    skexec_copy_folder "$1" "$2" /usr/lib/skexec/trust.d
    skexec_copy_folder "$1" "$2" /etc/skexec/trust.d
    skexec_copy_folder "$1" "$2" /usr/lib/skexec/revoked.d
    skexec_copy_folder "$1" "$2" /etc/skexec/revoked.d
    skexec_copy_file "$1" "$2" /etc/skexec/policy.conf
}

skexec_copy_folder() {
    [ -d "$1$3" ] || return 0
    mkdir -p "$2$3" || return 1
    for skexec_file in "$1$3"/*; do
        skexec_copy_file "$1" "$2" "${skexec_file#"$1"}"
    done
}

skexec_copy_file() {
    if [ "$(readlink "$1$3")" = /dev/null ]; then
        ln -sf /dev/null "$2$3"
        return
    fi
    [ -f "$1$3" ] || return 0
    case $3 in
        */revoked.d/*) ;;
        *)
            skexec_of_root "$1" "$1$3" || {
                echo "W: skexec: $1$3 is left out: others than root may write to it" >&2
                return 0
            }
            ;;
    esac
    mkdir -p "$2${3%/*}" && cp -pL "$1$3" "$2$3"
}

# Whether only root can have written a file: it and every directory on the way to it, links followed.
skexec_of_root() {
    skexec_step=$(readlink -f "$2") || return 1
    while [ -n "$skexec_step" ] && [ "$skexec_step" != "$1" ]; do
        [ -n "$(find "$skexec_step" -prune -uid "${skexec_root_uid:-0}" ! -perm /022)" ] || return 1
        skexec_step=${skexec_step%/*}
    done
}
