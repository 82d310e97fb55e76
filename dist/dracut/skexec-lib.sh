# shellcheck shell=sh
# Functions that skexec's dracut hooks share.

type getarg >/dev/null 2>&1 || . /lib/dracut-lib.sh
. /usr/lib/skexec/first-stage.sh

skexec_shell() {
    emergency_shell -n skexec "$@"
}

# Whether this is a first stage; if so, skexec_device is set to the device of its file system.
skexec_asked() {
    skexec_parse "$(getcmdline)"
    [ -n "$skexec_kernel" ] || return 1
    skexec_root=${skexec_root:-$(getarg root=)}
    # shellcheck disable=SC2034 # of the hooks
    skexec_device=$(label_uuid_to_dev "$skexec_root")
}
