#!/bin/sh
# Removes the credentials that skexec added to this initramfs, before the system on the disk is started.

# The files of an initramfs are in memory: their bytes are overwritten there, and then removed. A file has at most 1 MiB.
for skexec_file in /etc/credstore/*; do
    if [ -f "$skexec_file" ] && [ ! -L "$skexec_file" ]; then
        dd if=/dev/zero of="$skexec_file" bs=4096 count=256 conv=notrunc 2>/dev/null
        rm -f "$skexec_file"
    fi
done
