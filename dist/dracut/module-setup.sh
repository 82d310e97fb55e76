#!/bin/bash
# Puts skexec into an initramfs, so that it can be a first stage: see skexec(8).

# called by dracut
check() {
    # kdump's initramfs has the running kernel's command line: with a skexec.kernel= on it, a crash kernel would boot another kernel
    # and save no dump. Its module is kdumpbase (Fedora) or kdump (SUSE). With 255, dracut adds this one only if it is asked for by name.
    # shellcheck disable=SC2154 # dracut's
    [[ " $dracutmodules $add_dracutmodules $force_add_dracutmodules " =~ \ kdump(base)?\  ]] && return 255
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
    # Secrets that `skexec load --credential` adds to this initramfs when it is loaded.
    inst_multiple dd rm
    inst_hook cleanup 95 "$moddir/skexec-forget.sh"
    return 0
}
