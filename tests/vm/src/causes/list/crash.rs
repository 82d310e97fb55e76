//! On a machine with memory for a crash kernel.

use super::{Case, EBUSY, END_HOLDER, LOAD, LOAD_IN_PROGRESS};

const CRASH_LOAD_IN_PROGRESS: &str =
    "agent file-load /boot/vmlinuz --initrd /boot/initrd --hold 90000 --panic >/run/held 2>&1 & holder=$!; sleep 3";

pub(super) const CASES: &[Case] = &[
    Case {
        cause: "crash-too-small",
        about: "an initrd larger than the reservation",
        before: "agent big-initrd --sparse /run/big 300",
        after: "rm /run/big",
        skexec: "load /boot/vmlinuz --panic --keys /keys/debian --initrd /run/big --reuse-cmdline",
        kexec: "-s -p /boot/vmlinuz --initrd=/run/big --reuse-cmdline",
        raw: "file-load /boot/vmlinuz --panic --initrd /run/big",
        errno: "EADDRNOTAVAIL",
        exit: 4,
        reason: "crash-too-small",
        words: "Cannot assign requested address (EADDRNOTAVAIL)",
        ..LOAD
    },
    Case {
        cause: "busy",
        about: "a load while a load of a crash kernel is in progress",
        before: CRASH_LOAD_IN_PROGRESS,
        after: END_HOLDER,
        errno: "EBUSY",
        reason: "busy",
        words: EBUSY,
        ..LOAD
    },
    Case {
        cause: "busy",
        about: "a load of a crash kernel while another load is in progress",
        before: LOAD_IN_PROGRESS,
        after: END_HOLDER,
        skexec: "load /boot/vmlinuz --panic ...",
        kexec: "-s -p /boot/vmlinuz ...",
        raw: "file-load /boot/vmlinuz --panic ...",
        errno: "EBUSY",
        reason: "busy",
        words: EBUSY,
        ..LOAD
    },
];
