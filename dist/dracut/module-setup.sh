#!/bin/bash
# Puts skexec into an initramfs, so that it can be a first stage: see skexec(8).

# called by dracut
check() {
    local INITRAMFS=yes
    if [[ -r ${dracutsysrootdir-}/etc/default/skexec ]]; then
        . "${dracutsysrootdir-}/etc/default/skexec"
    fi
    [[ $INITRAMFS == no ]] && return 255
    require_binaries skexec || return 1
    return 0
}

# called by dracut
depends() {
    echo base
    return 0
}

# called by dracut
installkernel() {
    # efivarfs is needed if it is a module; if it is none, the initramfs is built without it.
    hostonly='' instmods efivarfs
    return 0
}

# called by dracut
# shellcheck disable=SC2154 # dracut sets initdir and moddir
install() {
    inst_multiple skexec mkdir mount umount sleep modprobe
    inst_multiple -o reboot halt
    inst_simple /usr/lib/skexec/first-stage.sh
    # shellcheck source=../lib/initramfs-trust.sh
    . "${dracutsysrootdir-}/usr/lib/skexec/initramfs-trust.sh" && skexec_copy_trust "${dracutsysrootdir-}" "$initdir" || {
        dwarn "skexec: its keys could not be copied; this initramfs cannot be a first stage"
        rm -f "${initdir:?}/usr/sbin/skexec"
    }
    inst_simple "$moddir/skexec-lib.sh" /lib/skexec-lib.sh
    inst_hook cmdline 15 "$moddir/skexec-cmdline.sh"
    inst_hook initqueue/timeout 15 "$moddir/skexec-timeout.sh"
    inst_hook pre-mount 15 "$moddir/skexec-pre-mount.sh"
    return 0
}
