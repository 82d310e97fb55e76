#!/bin/sh
# Has dracut wait for the first stage's file system, with all that opens LVM and encrypted disks.

# Nearly every boot ends here.
case $(getcmdline) in
    *skexec.kernel=*)
        . /lib/skexec-lib.sh
        if skexec_asked && [ -n "$skexec_device" ]; then
            wait_for_dev "$skexec_device"
            # With systemd, without this nobody waits before the hook that mounts.
            : >/lib/dracut/need-initqueue
            # dracut does not start without a root.
            if [ -z "$root" ]; then
                root="block:$skexec_device"
                # shellcheck disable=SC2034 # dracut's
                rootok=1
            fi
        fi
        ;;
esac
