#!/bin/sh
# The device does not appear: dracut calls this when two thirds of its patience are gone.

# shellcheck disable=SC2154 # skexec-lib.sh sets skexec_device and skexec_root
case $(getcmdline) in
    *skexec.kernel=*)
        . /lib/skexec-lib.sh
        if skexec_asked && [ ! -e "$skexec_device" ]; then
            # Whoever leaves the shell boots this kernel's own system.
            cancel_wait_for_dev "$skexec_device"
            skexec_fail "$skexec_root, which skexec.root= names, did not appear"
        fi
        ;;
esac
