use super::*;
use crate::sources::testing::Tree;
use std::collections::HashSet;

/// A machine that permits everything, and what a row changes.
fn machine(changes: &[(&str, &str)]) -> Machine {
    let tree = Tree::new();
    tree.write("/proc/self/status", "CapEff:\t000001ffffffffff\nSeccomp:\t0\n");
    tree.write("/proc/self/uid_map", "0 0 4294967295\n");
    tree.write("/proc/2/comm", "kthreadd\n");
    tree.write("/proc/meminfo", "MemTotal:        1048576 kB\n");
    tree.write("/proc/sys/kernel/osrelease", "6.12.1\n");
    tree.write("/proc/sys/kernel/kexec_load_disabled", "0\n");
    tree.write("/proc/sys/kernel/kexec_load_limit_reboot", "-1\n");
    tree.write("/sys/kernel/kexec_loaded", "1\n");
    tree.write("/sys/kernel/kexec_crash_size", "268435456\n");
    tree.write("/sys/kernel/security/lsm", "capability\n");
    tree.write("/boot/config-6.12.1", "CONFIG_KEXEC_FILE=y\nCONFIG_KEXEC=y\nCONFIG_KEXEC_BZIMAGE_VERIFY_SIG=y\n");
    for (path, text) in changes {
        tree.write(path, text.as_bytes());
    }
    Machine::read(tree.root())
}

const STATUS: &str = "/proc/self/status";
const NO_CAPABILITY: (&str, &str) = (STATUS, "CapEff:\t0000000000000000\nSeccomp:\t0\n");
const FILTER: (&str, &str) = (STATUS, "CapEff:\t000001ffffffffff\nSeccomp:\t2\n");
const LIMIT: &str = "/proc/sys/kernel/kexec_load_limit_reboot";
const LOCKDOWN: (&str, &str) = ("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
const UNREADABLE_LOCKDOWN: (&str, &str) = ("/sys/kernel/security/lockdown", "none integrity confidentiality\n");
const CRASH_SIZE: &str = "/sys/kernel/kexec_crash_size";

fn number(name: &str) -> i32 {
    Errno::named(name).unwrap().number
}

#[test]
fn the_facts_decide() {
    use Call::{FileLoad, Jump, SegmentsLoad};
    type Row = (Call, &'static str, &'static [(&'static str, &'static str)], Reason);
    let rows: &[Row] = &[
        (FileLoad, "EPERM", &[NO_CAPABILITY], Reason::NoCapability),
        (SegmentsLoad, "EPERM", &[NO_CAPABILITY], Reason::NoCapability),
        (Jump, "EPERM", &[NO_CAPABILITY], Reason::NoCapability),
        (FileLoad, "EPERM", &[("/proc/self/uid_map", "0 1000 1\n")], Reason::NoCapability),
        (FileLoad, "EPERM", &[("/proc/sys/kernel/kexec_load_disabled", "1\n")], Reason::KexecDisabled),
        (FileLoad, "EPERM", &[(LIMIT, "0\n")], Reason::LoadLimit),
        (FileLoad, "EPERM", &[LOCKDOWN], Reason::Lockdown),
        (SegmentsLoad, "EPERM", &[LOCKDOWN], Reason::SegmentsForbidden),
        (FileLoad, "EPERM", &[LOCKDOWN, NO_CAPABILITY], Reason::NoCapability),
        (FileLoad, "EPERM", &[LOCKDOWN, FILTER], Reason::Lockdown),
        (FileLoad, "EPERM", &[UNREADABLE_LOCKDOWN], Reason::Lockdown),
        (FileLoad, "EPERM", &[("/proc/sys/kernel/loadpin/enforce", "1\n"), LOCKDOWN], Reason::LoadPin),
        (FileLoad, "EPERM", &[FILTER], Reason::Seccomp),
        (SegmentsLoad, "ENOSYS", &[FILTER], Reason::Seccomp),
        (Jump, "EPERM", &[FILTER], Reason::Seccomp),
        (FileLoad, "EPERM", &[], Reason::KernelRefused),
        (FileLoad, "ENOSYS", &[], Reason::NoKexecFile),
        (FileLoad, "ENOSYS", &[FILTER, ("/boot/config-6.12.1", "CONFIG_KEXEC=y\n")], Reason::NoKexecFile),
        (SegmentsLoad, "ENOSYS", &[], Reason::NoKexecLoad),
        (FileLoad, "EACCES", &[], Reason::ImaRefused),
        (SegmentsLoad, "EACCES", &[], Reason::SegmentsForbidden),
        (FileLoad, "EBUSY", &[], Reason::Busy),
        (Jump, "EBUSY", &[], Reason::Busy),
        (FileLoad, "ETXTBSY", &[], Reason::WriterOpen),
        (FileLoad, "EINVAL", &[], Reason::KernelRefused),
        (FileLoad, "EINVAL", &[("/proc/meminfo", "\n")], Reason::MemoryTooSmall),
        (SegmentsLoad, "EINVAL", &[], Reason::KernelRefused),
        (FileLoad, "ENOEXEC", &[], Reason::KernelRefused),
        (FileLoad, "EADDRNOTAVAIL", &[], Reason::NoMemoryHole),
        (SegmentsLoad, "EADDRNOTAVAIL", &[], Reason::BadCall),
        (FileLoad, "ENOMEM", &[], Reason::OutOfMemory),
        (FileLoad, "EFBIG", &[], Reason::TooBig),
        (FileLoad, "EIO", &[], Reason::ChangedWhileRead),
        (FileLoad, "EFAULT", &[], Reason::BadCall),
        (FileLoad, "EBADF", &[], Reason::BadCall),
        (FileLoad, "ENODATA", &[], Reason::Unsigned),
        (FileLoad, "ENOKEY", &[], Reason::Lockdown),
        (FileLoad, "EKEYREVOKED", &[], Reason::Lockdown),
        (FileLoad, "EKEYREJECTED", &[], Reason::KernelRefused),
        (FileLoad, "ENOPKG", &[], Reason::KernelLacksAlgorithm),
        (FileLoad, "ENOTSUPP", &[], Reason::KernelRefused),
        (Jump, "EINVAL", &[("/sys/kernel/kexec_loaded", "0\n")], Reason::NothingLoaded),
        (Jump, "EINVAL", &[("/proc/2/comm", "bash\n")], Reason::PidNamespace),
        (Jump, "EINVAL", &[], Reason::NothingLoaded),
    ];
    for (call, errno, changes, wanted) in rows {
        let (before, after) = (machine(&[]), machine(changes));
        let facts = Facts { call: *call, errno: number(errno), slot: Slot::Reboot, before: &before, after: &after };
        assert_eq!(explain(&facts).reason, *wanted, "{call:?} {errno} {changes:?}");
    }
}

#[test]
fn a_crash_kernel_has_causes_of_its_own() {
    for (size, wanted) in
        [("0\n", Reason::NoCrashKernel), ("4096\n", Reason::CrashTooSmall), ("?\n", Reason::NoCrashKernel)]
    {
        let machine = machine(&[(CRASH_SIZE, size)]);
        let (call, errno) = (Call::FileLoad, number("EADDRNOTAVAIL"));
        let finding = explain(&Facts { call, errno, slot: Slot::Panic, before: &machine, after: &machine });
        assert_eq!(finding.reason, wanted, "{size}");
    }
}

#[test]
fn the_last_permitted_call_is_no_proof_of_the_limit() {
    let (one, none) = (machine(&[(LIMIT, "1\n")]), machine(&[(LIMIT, "0\n"), LOCKDOWN]));
    let (call, errno, slot) = (Call::FileLoad, number("EPERM"), Slot::Reboot);
    assert_eq!(explain(&Facts { call, errno, slot, before: &one, after: &none }).reason, Reason::Lockdown);
    assert_eq!(explain(&Facts { call, errno, slot, before: &none, after: &none }).reason, Reason::LoadLimit);
}

#[test]
fn where_nothing_is_proved_all_are_named() {
    let unknown = machine(&[(STATUS, "Seccomp:\t2\n"), UNREADABLE_LOCKDOWN]);
    let (call, errno, slot) = (Call::FileLoad, number("EPERM"), Slot::Reboot);
    let finding = explain(&Facts { call, errno, slot, before: &unknown, after: &unknown });
    let wanted = "a seccomp filter does not permit the call: the kernel answered Operation not permitted (EPERM); this is the most \
                  probable cause; others are: the running kernel is locked down and does not accept this image (lockdown), the process \
                  lacks CAP_SYS_BOOT, which it needs to load, unload or boot a kernel (no-capability)";
    assert_eq!(finding.to_string(), wanted);
    let known = machine(&[]);
    let finding = explain(&Facts { call, errno: number("ENOEXEC"), slot, before: &known, after: &known });
    let wanted = "the running kernel refused the image: the kernel answered Exec format error (ENOEXEC); skexec found none of its usual \
                  causes: not-a-kernel, unsupported-format, setup-header, no-64bit-entry, no-5level";
    assert_eq!(finding.to_string(), wanted);
    let finding = explain(&Facts { call, errno: 77, slot, before: &known, after: &known });
    assert_eq!(finding.to_string(), "the running kernel refused the image: the kernel answered errno 77");
}

/// Every errno that the calls are known to answer.
const KNOWN: &[(Call, &[&str])] = &[
    (
        Call::FileLoad,
        &[
            "EPERM",
            "ENOENT",
            "EIO",
            "ENOEXEC",
            "EBADF",
            "ENOMEM",
            "EACCES",
            "EFAULT",
            "EBUSY",
            "EINVAL",
            "ETXTBSY",
            "EFBIG",
            "ENOSYS",
            "ENODATA",
            "ENOPKG",
            "EBADMSG",
            "ELIBBAD",
            "EMSGSIZE",
            "EADDRNOTAVAIL",
            "ENOKEY",
            "EKEYEXPIRED",
            "EKEYREVOKED",
            "EKEYREJECTED",
            "ENOTSUPP",
        ],
    ),
    (Call::SegmentsLoad, &["EPERM", "ENOMEM", "EACCES", "EFAULT", "EBUSY", "EINVAL", "ENOSYS", "EADDRNOTAVAIL"]),
    (Call::Jump, &["EPERM", "EBUSY", "EINVAL"]),
];

#[test]
fn every_errno_has_a_cause() {
    for (call, errnos) in KNOWN {
        for errno in *errnos {
            let has = |cause: &&Cause| cause.calls.contains(call) && cause.errnos.contains(errno);
            assert!(CAUSES.iter().any(|cause| has(&cause)), "{call:?} {errno}");
        }
    }
}

#[test]
fn each_row_is_whole_and_stands_once() {
    let mut seen = HashSet::new();
    for cause in CAUSES {
        let reason = cause.reason;
        assert!(!cause.why.is_empty() && !cause.told.is_empty() && !reason.means().is_empty(), "{reason}");
        assert!(!cause.why.ends_with('.') && !cause.told.ends_with('.'), "{reason}");
        for (call, errno) in cause.calls.iter().flat_map(|call| cause.errnos.iter().map(move |errno| (call, errno))) {
            assert!(Errno::named(errno).is_some(), "{errno}");
            assert!(seen.insert((reason, call.name(), *errno)), "{reason} {call:?} {errno}");
        }
    }
}

/// The table of reasons says what `kexec_file_load` answers, too.
#[test]
fn the_table_of_reasons_agrees() {
    // The reference kernel has no revocation list, and reboot(2) is another call.
    let others = [Reason::RevokedCertificate, Reason::NoKexec];
    for cause in CAUSES.iter().filter(|cause| cause.calls.contains(&Call::FileLoad)) {
        let said = cause.reason.kernel();
        let agrees = said == "any" || cause.errnos.iter().all(|errno| said.contains(errno));
        assert!(agrees || others.contains(&cause.reason), "{}: {said}", cause.reason);
    }
}

#[test]
fn the_kernels_words_are_said_once() {
    let known = machine(&[LOCKDOWN]);
    let (call, slot) = (Call::FileLoad, Slot::Reboot);
    let finding = explain(&Facts { call, errno: number("ENOKEY"), slot, before: &known, after: &known });
    assert!(finding.to_string().ends_with("the kernel answered Required key not available (ENOKEY)"));
    assert!(kernel_says(&finding).unwrap().starts_with("neither .secondary_trusted_keys"));
    let says = kernel_says(&Reason::UnknownSigner.into()).unwrap();
    assert!(says.starts_with("Required key not available (ENOKEY): a kernel that enforces"), "{says}");
    assert_eq!(kernel_says(&Reason::PolicyFile.into()), None);
    let finding = explain(&Facts { call, errno: number("EINVAL"), slot, before: &known, after: &known });
    assert_eq!((finding.reason, kernel_says(&finding)), (Reason::KernelRefused, None));
}
