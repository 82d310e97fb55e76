//! On a machine that enforces nothing: the files, the command line and the memory.

use super::{Case, EINVAL, LOAD, initrd, kernel};

pub(super) const CASES: &[Case] = &[
    Case {
        cause: "truncated",
        about: "a truncated image: half of the kernel",
        errno: "OK",
        exit: 4,
        reason: "truncated",
        ..kernel!("/boot/vmlinuz.truncated")
    },
    Case {
        cause: "digest-mismatch",
        about: "a kernel with one bit changed",
        errno: "OK",
        exit: 3,
        reason: "digest-mismatch",
        ..kernel!("/boot/vmlinuz.flipped")
    },
    Case {
        cause: "unsigned",
        about: "a kernel without a signature",
        errno: "OK",
        exit: 3,
        reason: "unsigned",
        ..kernel!("/boot/vmlinuz.unsigned")
    },
    Case {
        cause: "unknown-signer",
        about: "a kernel that a stranger signed",
        errno: "OK",
        exit: 3,
        reason: "unknown-signer",
        words: "Required key not available (ENOKEY)",
        ..kernel!("/boot/vmlinuz.stranger")
    },
    Case {
        cause: "initrd-empty",
        about: "an empty initrd",
        before: ": >/run/empty",
        errno: "EINVAL",
        exit: 4,
        reason: "initrd-empty",
        words: EINVAL,
        ..initrd!("/run/empty")
    },
    Case {
        cause: "cmdline-too-long",
        about: "a command line of 2017 bytes, one more than fits",
        before: "line=$(printf '%2017s' '' | tr ' ' x)",
        skexec: "load /boot/vmlinuz --keys /keys/debian --initrd /boot/initrd --cmdline \"$line\"",
        kexec: "-s -l /boot/vmlinuz --initrd=/boot/initrd --command-line=\"$line\"",
        raw: "file-load /boot/vmlinuz --initrd /boot/initrd --cmdline \"$line\"",
        errno: "EINVAL",
        exit: 4,
        reason: "cmdline-too-long",
        words: EINVAL,
        ..LOAD
    },
    Case {
        cause: "empty",
        about: "an empty kernel",
        before: ": >/run/empty",
        errno: "EINVAL",
        exit: 4,
        reason: "empty",
        words: EINVAL,
        ..kernel!("/run/empty")
    },
    Case {
        cause: "not-regular",
        about: "a directory as the kernel",
        errno: "EINVAL",
        exit: 4,
        reason: "not-regular",
        words: EINVAL,
        ..kernel!("/boot")
    },
    Case {
        cause: "not-a-kernel",
        about: "an initrd as the kernel",
        errno: "ENOEXEC",
        exit: 4,
        reason: "not-a-kernel",
        words: "Exec format error (ENOEXEC)",
        ..kernel!("/boot/initrd")
    },
    Case {
        cause: "too-big",
        about: "a kernel of 5 GiB; kexec-tools would read it into memory",
        before: "truncate -s 5G /run/huge",
        after: "rm /run/huge",
        skexec: "load /run/huge ...",
        kexec: "",
        raw: "file-load /run/huge ...",
        errno: "EFBIG",
        exit: 4,
        reason: "too-big",
        words: "File too large (EFBIG)",
        ..LOAD
    },
    Case {
        cause: "half-of-ram",
        about: "an initrd as large as half of the memory",
        before: "total=$(sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo); \
                 agent big-initrd --sparse /run/big $((total / 2048))",
        after: "rm /run/big",
        errno: "EINVAL",
        exit: 4,
        reason: "half-of-ram",
        words: EINVAL,
        ..initrd!("/run/big")
    },
    Case {
        cause: "out-of-memory",
        about: "an initrd larger than all memory: skexec refuses it for the limit of half of it",
        before: "agent big-initrd --sparse /run/big 3500",
        after: "rm /run/big",
        errno: "ENOMEM",
        exit: 4,
        reason: "half-of-ram",
        ..initrd!("/run/big")
    },
];
