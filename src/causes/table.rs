//! The table of causes, by errno in the order in which the kernel makes its checks. Of causes that fit the facts equally well, the
//! earlier one is the more probable.

use super::fits;
use super::{Call, Cause, Facts, Fit};
use crate::reason::Reason;

const FILE: &[Call] = &[Call::FileLoad];
const SEGMENTS: &[Call] = &[Call::SegmentsLoad];
const LOADS: &[Call] = &[Call::FileLoad, Call::SegmentsLoad];
const JUMP: &[Call] = &[Call::Jump];
const ALL: &[Call] = &[Call::FileLoad, Call::SegmentsLoad, Call::Jump];

const CHECKED: &str = "skexec looks at the file before the call";

const fn row(
    reason: Reason,
    calls: &'static [Call],
    errnos: &'static [&'static str],
    why: &'static str,
    told: &'static str,
    fit: fn(&Facts<'_>) -> Fit,
) -> Cause {
    Cause { reason, calls, errnos, why, told, fit }
}

/// A cause that a check before the call finds.
const fn of_file(reason: Reason, errnos: &'static [&'static str], why: &'static str) -> Cause {
    row(reason, FILE, errnos, why, CHECKED, fits::checked)
}

/// Every cause.
#[rustfmt::skip]
pub const CAUSES: &[Cause] = &[
    // What the system permits.
    row(Reason::NoCapability, ALL, &["EPERM"],
        "the kernel loads and boots kernels only for a process with CAP_SYS_BOOT in the initial user namespace",
        "CapEff in /proc/self/status, and /proc/self/uid_map", fits::capability),
    row(Reason::KexecDisabled, LOADS, &["EPERM"],
        "kernel.kexec_load_disabled is 1, and the kernel never lets it be set back to 0",
        "/proc/sys/kernel/kexec_load_disabled", fits::disabled),
    row(Reason::LoadLimit, LOADS, &["EPERM"],
        "each load and each unload counts against the limit, even one that fails, and the kernel never lets the limit be raised",
        "/proc/sys/kernel/kexec_load_limit_reboot or _panic, before and after the call", fits::limit),
    row(Reason::Seccomp, ALL, &["EPERM", "ENOSYS"],
        "a seccomp filter of this process, such as a container's or SystemCallFilter= of a unit, answers in place of the kernel",
        "Seccomp is 2 in /proc/self/status, and no other fact speaks against the call", fits::seccomp),
    row(Reason::LoadPin, FILE, &["EPERM"],
        "LoadPin looks at the file system that the file is on, before the kernel looks at the file",
        "/proc/sys/kernel/loadpin/enforce, and /sys/kernel/security/lsm", fits::load_pin),
    row(Reason::Lockdown, FILE, &["EPERM"],
        "a kernel in lockdown verifies the signature itself, and answers alike whether it is missing, wrong, or made with a key that it does not hold",
        "/sys/kernel/security/lockdown; skexec verifies the file before the call and looks for the key in /proc/keys", fits::lockdown),
    row(Reason::SegmentsForbidden, SEGMENTS, &["EPERM", "EACCES"],
        "in lockdown (EPERM), or where IMA appraises kernels (EACCES), the kernel takes only files that it can verify, and kexec_load passes no file",
        "/sys/kernel/security/lockdown, the SecureBoot variable, and /sys/kernel/security/ima", fits::segments_forbidden),
    row(Reason::ImaRefused, FILE, &["EACCES"],
        "IMA, IPE, SELinux or another security module looked at the file and refused it",
        "no other cause has this errno", fits::alone),
    row(Reason::Busy, ALL, &["EBUSY"],
        "one lock covers both images: a load, an unload or a jump holds it, and so does a change of the crash kernel's memory",
        "no other cause has this errno", fits::alone),
    row(Reason::WriterOpen, FILE, &["ETXTBSY"],
        "the kernel does not read an image from a file that somebody has open for writing",
        "no other cause has this errno; skexec passes a copy in memory, unless IMA or LoadPin must see the original", fits::alone),
    row(Reason::NoKexec, ALL, &["ENOSYS", "EINVAL"],
        "the kernel was built without kexec: it has no call that loads, and reboot(2) does not know the command",
        "/sys/kernel has no kexec_loaded", fits::no_kexec),
    row(Reason::NoKexecFile, FILE, &["ENOSYS"],
        "the kernel was built without CONFIG_KEXEC_FILE",
        "the kernel's configuration, or its symbols in /proc/kallsyms", fits::no_file_load),
    row(Reason::NoKexecLoad, SEGMENTS, &["ENOSYS"],
        "the kernel was built without CONFIG_KEXEC",
        "the kernel's configuration, or its symbols in /proc/kallsyms", fits::no_segments_load),

    // The files, and what goes with them.
    of_file(Reason::NotRegular, &["EINVAL"],
        "the kernel reads images from regular files only"),
    of_file(Reason::Empty, &["EINVAL"],
        "the kernel reads no empty file"),
    of_file(Reason::InitrdEmpty, &["EINVAL"],
        "the kernel reads no empty file, also not as an initrd; a load without an initrd has a flag of its own"),
    row(Reason::CmdlineTooLong, FILE, &["EINVAL"],
        "the kernel takes as many bytes as the image's cmdline_size says, less 30 for elfcorehdr=, and counts the NUL: 2016 bytes of text for most images",
        "skexec compares the length before the call", fits::checked),
    row(Reason::CmdlineNul, FILE, &["EINVAL"],
        "the last byte of the command line must be its only NUL",
        "skexec looks for a NUL before the call", fits::checked),
    row(Reason::MemoryTooSmall, LOADS, &["EINVAL"],
        "the kernel takes no image that needs more than half of the memory, whatever of it is free",
        "skexec compares the sum with MemTotal in /proc/meminfo before the call", fits::memory_unknown),
    row(Reason::TooManySegments, LOADS, &["EINVAL"],
        "the kernel takes at most 16 segments",
        "skexec counts its segments before the call", fits::checked),
    row(Reason::TooBig, FILE, &["EFBIG"],
        "the kernel reads at most 4 GiB of a file",
        "no other cause has this errno; skexec looks at the size before the call", fits::alone),
    row(Reason::ChangedWhileRead, FILE, &["EIO"],
        "the kernel's own read of the file ended early: the file became shorter, or its disk has a fault",
        "the errno; skexec then reads the initrd itself, and names it where it cannot; the kernel's log tells of a disk's fault", fits::likely),
    of_file(Reason::NotAKernel, &["ENOEXEC"],
        "the kernel's loader takes a bzImage only"),
    of_file(Reason::UnsupportedFormat, &["ENOEXEC"],
        "the kernel's loader takes a bzImage only: no ELF vmlinux, no EFI program, no unified kernel image"),
    of_file(Reason::HeaderInvalid, &["ENOEXEC"],
        "the kernel's loader finds no valid setup_header"),
    of_file(Reason::No64BitEntry, &["ENOEXEC"],
        "the kernel's loader starts an image at its 64-bit entry only, at any address"),
    row(Reason::FiveLevel, FILE, &["ENOEXEC"],
        "the image's xloadflags do not say that it starts with five-level page tables",
        "skexec compares xloadflags with la57 in /proc/cpuinfo before the call", fits::checked),

    // Memory.
    row(Reason::OutOfMemory, LOADS, &["ENOMEM"],
        "the kernel copies the files into its own memory, and then once more into the image",
        "no other cause has this errno", fits::alone),
    row(Reason::NoMemoryHole, FILE, &["EADDRNOTAVAIL"],
        "the kernel needs one free range of physical addresses for each part of the image",
        "the load is not for a crash kernel", fits::no_hole),
    row(Reason::NoCrashKernel, LOADS, &["EADDRNOTAVAIL"],
        "a crash kernel goes into memory that crashkernel= reserved at boot, and there is none",
        "/sys/kernel/kexec_crash_size is 0", fits::no_reservation),
    row(Reason::CrashTooSmall, LOADS, &["EADDRNOTAVAIL"],
        "a crash kernel goes into memory that crashkernel= reserved at boot, and it does not fit",
        "/sys/kernel/kexec_crash_size is not 0", fits::small_reservation),

    // The signature: these answers come from a kernel that enforces signatures without lockdown's EPERM.
    row(Reason::Unsigned, FILE, &["ENODATA"],
        "a kernel that enforces signatures finds no certificate table in the image",
        "no other cause has this errno; skexec looks at the file before the call", fits::alone),
    of_file(Reason::UnknownSigner, &["ENOKEY"],
        "a kernel that enforces signatures has no key of this signer or of an issuer in its keyrings"),
    row(Reason::Lockdown, FILE, &["ENOKEY"],
        "neither .secondary_trusted_keys nor .platform has a key of this signer or of an issuer, whomever skexec trusts",
        "skexec trusts the signer; /proc/keys lists the kernel's keys", fits::alone),
    of_file(Reason::DigestMismatch, &["EKEYREJECTED"],
        "a kernel that enforces signatures computes another digest of the image than the signed one"),
    of_file(Reason::BadSignature, &["EKEYREJECTED", "EINVAL", "EBADMSG"],
        "a kernel that enforces signatures finds that the signature does not belong to the key"),
    row(Reason::RevokedCertificate, FILE, &["EKEYREJECTED"],
        "the signer's certificate is in the running kernel's .blacklist",
        "skexec reads the same lists before the call", fits::checked),
    row(Reason::KernelRefused, FILE, &["EKEYREJECTED"],
        "the kernel demands a signature, but was built without CONFIG_KEXEC_BZIMAGE_VERIFY_SIG and can verify none",
        "the kernel's configuration", fits::no_verifier),
    row(Reason::Lockdown, FILE, &["EKEYREVOKED", "EKEYEXPIRED"],
        "the signer's key in the running kernel's keyring was revoked there or has expired",
        "no other cause has these errnos", fits::alone),
    of_file(Reason::PeHeader, &["ELIBBAD"],
        "a kernel that enforces signatures cannot read the image as a PE file"),
    of_file(Reason::Truncated, &["ELIBBAD"],
        "a kernel that enforces signatures finds no certificate table at the end of the file; another kernel loads half an image without an error"),
    of_file(Reason::Pkcs7, &["EBADMSG"],
        "a kernel that enforces signatures cannot read the PKCS#7 message"),
    of_file(Reason::Pkcs7Size, &["EMSGSIZE"],
        "the kernel takes PKCS#7 messages up to 65535 bytes"),
    of_file(Reason::WinCertType, &["ENOTSUPP"],
        "the kernel takes only PKCS#7 in a WIN_CERTIFICATE, of revision 2.0"),
    of_file(Reason::UnsupportedAlgorithm, &["ENOPKG"],
        "the kernel's verifier does not know the algorithm"),
    row(Reason::KernelLacksAlgorithm, FILE, &["ENOPKG", "ENOENT"],
        "the kernel's verifier knows the algorithm, but it is not built in and no module has it",
        "/proc/crypto, and the kernel's configuration", fits::likely),

    // Faults of the caller.
    row(Reason::BadCall, LOADS, &["EFAULT"],
        "an address that was passed to the call cannot be read",
        "no other cause has this errno", fits::alone),
    row(Reason::BadCall, FILE, &["EBADF"],
        "a file descriptor that was passed to the call is closed, or is not open for reading",
        "no other cause has this errno", fits::alone),
    row(Reason::BadCall, LOADS, &["EINVAL"],
        "the call has a flag or a processor architecture that this kernel does not know, or segments that overlap",
        "what is left when every other cause of EINVAL is excluded", fits::checked),
    row(Reason::BadCall, SEGMENTS, &["EADDRNOTAVAIL"],
        "a segment does not begin and end at a border of pages, or lies above all memory that the kernel can address",
        "skexec aligns its segments, and puts those of a crash kernel into its reservation", fits::no_hole),

    // The jump.
    row(Reason::NothingLoaded, JUMP, &["EINVAL"],
        "there is no image to jump into",
        "/sys/kernel/kexec_loaded", fits::nothing_loaded),
    row(Reason::PidNamespace, JUMP, &["EINVAL"],
        "in another PID namespace reboot(2) can only end that namespace",
        "process 2 is not kthreadd", fits::child_namespace),
];
