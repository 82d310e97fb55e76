#!/bin/busybox sh
# The init of every kernel that a test boots. Kernel messages go to the first serial port, answers to the second.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/ TERM=linux
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mount -t securityfs securityfs /sys/kernel/security

# There are modules only for kernels that were packed with theirs, in a directory named like the release.
for module in /vm/modules/"$(uname -r)"/*.ko; do
    [ -e "$module" ] && insmod "$module"
done
[ -d /sys/firmware/efi/efivars ] && mount -t efivarfs -o ro efivarfs /sys/firmware/efi/efivars

case " $(cat /proc/cmdline) " in
*" vm.shell "*)
    cat /vm/welcome 2>/dev/null
    setsid cttyhack sh
    ;;
*)
    stty -F /dev/ttyS1 raw -echo
    agent serve /dev/ttyS1
    ;;
esac
poweroff -f
