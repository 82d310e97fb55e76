#!/bin/sh
# dracut calls this after two thirds of its time limit, if the device has not appeared.

# shellcheck disable=SC2154 # skexec-lib.sh sets skexec_device and skexec_root
case $(getcmdline) in
    *skexec.kernel=*)
        . /lib/skexec-lib.sh
        if skexec_asked && [ ! -e "$skexec_device" ]; then
            # After the shell, this kernel's own system boots.
            cancel_wait_for_dev "$skexec_device"
            skexec_fail "$skexec_root, which skexec.root= names, did not appear"
            : >"$skexec_system/run/skexec-left"
        fi
        ;;
esac
