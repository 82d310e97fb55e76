#!/bin/sh
# If skexec.kernel= is on the command line, this initramfs is a first stage: see skexec(8).

# shellcheck disable=SC2154 # skexec-lib.sh sets skexec_device and skexec_root
case $(getcmdline) in
    *skexec.kernel=*)
        . /lib/skexec-lib.sh
        if skexec_asked; then
            if [ -z "$skexec_root" ]; then
                skexec_fail "skexec.kernel= was given, but neither skexec.root= nor root= says on which file system"
            elif [ -e "$skexec_device" ]; then
                skexec_boot "$skexec_device" "$(udevadm info --query=property --name="$skexec_device" | sed -n 's/^ID_FS_TYPE=//p')"
            elif [ ! -e "$skexec_system/run/skexec-left" ]; then
                # The device has disappeared, or dracut did not wait for it.
                skexec_fail "$skexec_root, which skexec.root= names, is not there"
            fi
        fi
        ;;
esac
