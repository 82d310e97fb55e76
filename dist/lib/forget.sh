#!/bin/sh
# Removes the credentials that skexec added to this initramfs, before the system on the disk is started.
#
# A script of initramfs-tools (init-bottom), and a hook of dracut (cleanup). dracut sources it: it must not exit there.
case "${1-}" in
    prereqs)
        echo
        exit 0
        ;;
esac

# The files of an initramfs are in memory: their bytes are overwritten there, and then removed. A file has at most 1 MiB. The name of a
# credential may begin with a dot.
for skexec_file in /etc/credstore/* /etc/credstore/.*; do
    if [ -f "$skexec_file" ] && [ ! -L "$skexec_file" ]; then
        dd if=/dev/zero of="$skexec_file" bs=4096 count=256 conv=notrunc 2>/dev/null
        rm -f "$skexec_file"
    fi
done
