//! On machines that enforce signatures.

use super::{Case, EPERM, LOAD, kernel};

pub(super) const LOCKDOWN: &[Case] = &[
    Case {
        cause: "lockdown",
        about: "Debian's signed kernel: no key of its signer is in the kernel's keyrings",
        reason: "lockdown",
        words: EPERM,
        ..LOAD
    },
    Case {
        cause: "lockdown",
        about: "a kernel with one bit changed: the same answer of the kernel",
        exit: 3,
        reason: "digest-mismatch",
        ..kernel!("/boot/vmlinuz.flipped")
    },
    Case {
        cause: "lockdown",
        about: "a kernel without a signature: the same answer of the kernel",
        exit: 3,
        reason: "unsigned",
        ..kernel!("/boot/vmlinuz.unsigned")
    },
    Case {
        cause: "no-capability",
        about: "a load without CAP_SYS_BOOT, which comes before lockdown",
        within: "agent without-sys-boot",
        // Whether the kernel would accept the file is asked after the permission.
        reason: "no-capability",
        words: EPERM,
        ..LOAD
    },
    Case {
        cause: "segments-forbidden",
        about: "a load by kexec_load",
        skexec: "load /boot/vmlinuz --method segments ...",
        kexec: "-c -l /boot/vmlinuz ...",
        raw: "segments-load",
        reason: "segments-forbidden",
        words: EPERM,
        ..LOAD
    },
];

pub(super) const SECURE_BOOT: &[Case] = &[
    Case {
        cause: "digest-mismatch",
        about: "a kernel with one bit changed",
        errno: "EKEYREJECTED",
        exit: 3,
        reason: "digest-mismatch",
        words: "Key was rejected by service (EKEYREJECTED)",
        ..kernel!("/boot/vmlinuz.flipped")
    },
    Case {
        cause: "unsigned",
        about: "a kernel without a signature",
        errno: "ENODATA",
        exit: 3,
        reason: "unsigned",
        words: "No data available (ENODATA)",
        ..kernel!("/boot/vmlinuz.unsigned")
    },
    Case {
        cause: "unknown-signer",
        about: "a kernel that a stranger signed",
        errno: "ENOKEY",
        exit: 3,
        reason: "unknown-signer",
        words: "Required key not available (ENOKEY)",
        ..kernel!("/boot/vmlinuz.stranger")
    },
    Case {
        cause: "truncated",
        about: "a truncated image: half of the kernel",
        errno: "ELIBBAD",
        exit: 4,
        reason: "truncated",
        words: "Accessing a corrupted shared library (ELIBBAD)",
        ..kernel!("/boot/vmlinuz.truncated")
    },
    Case {
        cause: "segments-forbidden",
        about: "a load by kexec_load: IMA answers before lockdown does",
        skexec: "load /boot/vmlinuz --method segments ...",
        kexec: "-c -l /boot/vmlinuz ...",
        raw: "segments-load",
        errno: "EACCES",
        reason: "segments-forbidden",
        words: "Permission denied (EACCES)",
        ..LOAD
    },
];

pub(super) const IMA: &[Case] = &[
    Case {
        cause: "ima",
        about: "a kernel without an IMA signature",
        errno: "EACCES",
        reason: "ima",
        words: "Permission denied (EACCES)",
        ..LOAD
    },
    Case {
        cause: "segments-forbidden",
        about: "a load by kexec_load",
        skexec: "load /boot/vmlinuz --method segments ...",
        kexec: "-c -l /boot/vmlinuz ...",
        raw: "segments-load",
        errno: "EACCES",
        reason: "segments-forbidden",
        words: "Permission denied (EACCES)",
        ..LOAD
    },
];
