#!/bin/sh
# Makes dracut wait for the first stage's file system, and open LVM and encrypted disks for it.

# Without skexec.kernel=, as in most boots, there is nothing to do.
case $(getcmdline) in
    *skexec.kernel=*)
        . /lib/skexec-lib.sh
        if skexec_asked && [ -n "$skexec_device" ]; then
            wait_for_dev "$skexec_device"
            # With systemd, dracut would otherwise not wait for the device before the pre-mount hook.
            : >/lib/dracut/need-initqueue
            # dracut does not continue without a root.
            if [ -z "$root" ]; then
                root="block:$skexec_device"
                # shellcheck disable=SC2034 # dracut's
                rootok=1
            fi
        fi
        ;;
esac
