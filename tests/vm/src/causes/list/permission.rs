//! On a machine that enforces nothing: what the system does not permit, and calls that are wrong.

use super::{Case, EBUSY, EINVAL, END_HOLDER, EPERM, JUMP, LOAD, LOAD_IN_PROGRESS, RAW, kernel};

/// The last two settings can only be tightened until the next boot, so that their cases come last.
pub(super) const CASES: &[Case] = &[
    Case {
        cause: "no-capability",
        about: "a load without CAP_SYS_BOOT",
        within: "agent without-sys-boot",
        reason: "no-capability",
        words: EPERM,
        ..LOAD
    },
    Case {
        cause: "no-capability",
        about: "a load in another user namespace",
        within: "unshare -U -r",
        reason: "no-capability",
        words: EPERM,
        ..LOAD
    },
    Case {
        cause: "no-capability",
        about: "a jump without CAP_SYS_BOOT",
        before: "agent file-load /boot/vmlinuz --initrd /boot/initrd >/dev/null",
        within: "agent without-sys-boot",
        reason: "no-capability",
        words: EPERM,
        ..JUMP
    },
    Case {
        cause: "seccomp",
        about: "a load under a seccomp filter that answers EPERM",
        within: "agent filtered 1",
        reason: "seccomp",
        words: EPERM,
        ..LOAD
    },
    Case {
        cause: "seccomp",
        about: "a load under a seccomp filter that answers ENOSYS",
        within: "agent filtered 38",
        errno: "ENOSYS",
        reason: "seccomp",
        words: "Function not implemented (ENOSYS)",
        ..LOAD
    },
    Case {
        cause: "busy",
        about: "a load while another load is in progress",
        before: LOAD_IN_PROGRESS,
        after: END_HOLDER,
        errno: "EBUSY",
        reason: "busy",
        words: EBUSY,
        ..LOAD
    },
    Case {
        cause: "open-for-writing",
        about: "a kernel that another process has open for writing: skexec loads its own copy",
        before: "cp /boot/vmlinuz /run/open; sleep 90 >>/run/open & holder=$!; sleep 1",
        after: END_HOLDER,
        errno: "ETXTBSY",
        exit: 0,
        ..kernel!("/run/open")
    },
    Case {
        cause: "no-crashkernel",
        about: "a crash kernel without crashkernel=",
        skexec: "load /boot/vmlinuz --panic ...",
        kexec: "-s -p /boot/vmlinuz ...",
        raw: "file-load /boot/vmlinuz --panic ...",
        errno: "EADDRNOTAVAIL",
        reason: "no-crashkernel",
        words: "Cannot assign requested address (EADDRNOTAVAIL)",
        ..LOAD
    },
    Case { cause: "bad-call", about: "a descriptor of no file", raw: "bad-call descriptor", errno: "EBADF", ..RAW },
    Case {
        cause: "cmdline-nul",
        about: "a command line without a NUL at its end",
        raw: "bad-call unterminated",
        errno: "EINVAL",
        ..RAW
    },
    Case {
        cause: "bad-call",
        about: "a command line at an address that cannot be read",
        raw: "bad-call pointer",
        errno: "EFAULT",
        ..RAW
    },
    Case { cause: "bad-call", about: "an unknown flag", raw: "bad-call flag", errno: "EINVAL", ..RAW },
    Case {
        cause: "bad-call",
        about: "a segment that begins within a page",
        raw: "bad-call alignment",
        errno: "EADDRNOTAVAIL",
        ..RAW
    },
    Case { cause: "too-many-segments", about: "17 segments", raw: "bad-call count", errno: "EINVAL", ..RAW },
    Case {
        cause: "nothing-loaded",
        about: "a jump with nothing loaded",
        errno: "EINVAL",
        exit: 1,
        reason: "nothing-loaded",
        words: EINVAL,
        ..JUMP
    },
    Case {
        cause: "pid-namespace",
        about: "a jump in another PID namespace",
        before: "agent file-load /boot/vmlinuz --initrd /boot/initrd >/dev/null",
        within: "unshare -p -f --mount-proc",
        errno: "EINVAL",
        reason: "pid-namespace",
        words: EINVAL,
        ..JUMP
    },
    Case {
        cause: "load-limit",
        about: "a load after kernel.kexec_load_limit_reboot is used up",
        before: "echo 0 >/proc/sys/kernel/kexec_load_limit_reboot",
        reason: "load-limit",
        words: EPERM,
        since_6_3: true,
        ..LOAD
    },
    Case {
        cause: "kexec-disabled",
        about: "a load after kernel.kexec_load_disabled was set",
        before: "echo 1 >/proc/sys/kernel/kexec_load_disabled",
        reason: "kexec-disabled",
        words: EPERM,
        ..LOAD
    },
];
