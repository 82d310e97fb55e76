//! Signs of a guest whose memory the host cannot read: AMD SEV, Intel TDX. There the next kernel would not find the bytes that
//! kexec copied, and the purgatory would fault at its first access to a port.
//!
//! Linux has no one place that shows all of these guests. Each sign is looked for, the surest first. The flags in
//! /proc/cpuinfo are not enough: a guest's kernel clears `sev` where it cannot read the host's SYSCFG register
//! (arch/x86/kernel/cpu/amd.c, `early_detect_mem_encrypt`). The kernel cannot hide CPUID.

use super::cpu;
use super::handover::Handover;
use crate::sources::Root;
use crate::sys::cpuid;
use std::path::Path;

/// Which kind of guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// AMD SEV, with or without encrypted state.
    Sev,
    /// AMD SEV-SNP.
    SevSnp,
    /// Intel TDX.
    Tdx,
}

/// Such a guest, and the sign by which it was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confidential {
    /// The kind of guest.
    pub kind: Kind,
    /// The sign, for messages: a path, or a flag and the place where it stood.
    pub sign: String,
}

impl Confidential {
    /// `None` where no sign was found; the machine may be such a guest all the same.
    #[must_use]
    pub fn read(root: &Root, handover: &Handover) -> Option<Self> {
        let flags = cpu::flags(root).unwrap_or_default();
        // A test reads its own root; the processor that the test runs on must not count.
        let leaves = if root.0 == Path::new("/") { Leaves::read() } else { Leaves::default() };
        by_files(root).or_else(|| by_flags(&flags)).or_else(|| leaves.sign()).or_else(|| {
            let blob = handover.cc_blob_address?;
            Some(found(Kind::SevSnp, format!("boot_params.cc_blob_address is {blob:#x}")))
        })
    }
}

fn found(kind: Kind, sign: impl Into<String>) -> Confidential {
    Confidential { kind, sign: sign.into() }
}

/// The devices come with the guest's drivers, the directory with the kernel (6.11).
fn by_files(root: &Root) -> Option<Confidential> {
    [(Kind::Tdx, "/dev/tdx_guest"), (Kind::SevSnp, "/dev/sev-guest"), (Kind::SevSnp, "/sys/devices/system/cpu/sev")]
        .into_iter()
        .find_map(|(kind, path)| root.has(path).then(|| found(kind, path)))
}

/// Only a guest has `tdx_guest`. A host has `sev` too, but not `hypervisor`.
fn by_flags(flags: &cpu::Flags) -> Option<Confidential> {
    if flags.has("tdx_guest") {
        return Some(found(Kind::Tdx, "tdx_guest in /proc/cpuinfo"));
    }
    let (flag, kind) = [("sev_snp", Kind::SevSnp), ("sev_es", Kind::Sev), ("sev", Kind::Sev)]
        .into_iter()
        .find(|(flag, _)| flags.has("hypervisor") && flags.has(flag))?;
    Some(found(kind, format!("hypervisor and {flag} in /proc/cpuinfo")))
}

/// What CPUID says; zeros where there is no such leaf.
#[derive(Debug, Clone, Copy, Default)]
struct Leaves {
    /// Leaf 1, ECX bit 31.
    hypervisor: bool,
    /// Leaf 0x8000001f, EAX: bit 1 SEV, bit 4 SEV-SNP.
    memory_encryption: u32,
    /// Leaf 0x21, EBX, EDX, ECX: twelve letters.
    tdx: [u32; 3],
}

impl Leaves {
    fn read() -> Self {
        Self {
            hypervisor: cpuid(1).is_some_and(|leaf| leaf.ecx & (1 << 31) != 0),
            memory_encryption: cpuid(0x8000_001f).map_or(0, |leaf| leaf.eax),
            tdx: cpuid(0x21).map_or([0; 3], |leaf| [leaf.ebx, leaf.edx, leaf.ecx]),
        }
    }

    fn sign(self) -> Option<Confidential> {
        if !self.hypervisor {
            return None;
        }
        if self.tdx.map(u32::to_le_bytes).concat() == *b"IntelTDX    " {
            return Some(found(Kind::Tdx, "CPUID leaf 0x21"));
        }
        let kind = match (self.memory_encryption & (1 << 4), self.memory_encryption & (1 << 1)) {
            (0, 0) => return None,
            (0, _) => Kind::Sev,
            _ => Kind::SevSnp,
        };
        Some(found(kind, format!("CPUID leaf 0x8000001f is {:#x}", self.memory_encryption)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn a_plain_machine_has_no_sign() {
        let tree = Tree::new();
        assert_eq!(Confidential::read(tree.root(), &Handover::default()), None);
        tree.write("/proc/cpuinfo", "flags : fpu hypervisor sme sev_guest xtdx_guest\n");
        assert_eq!(Confidential::read(tree.root(), &Handover::default()), None);
        tree.write("/proc/cpuinfo", "flags : fpu sme sev sev_es sev_snp\n");
        assert_eq!(Confidential::read(tree.root(), &Handover::default()), None, "a host");
    }

    #[test]
    fn each_sign_is_seen_and_named() {
        let flags = [
            ("tdx_guest", Kind::Tdx),
            ("hypervisor sev", Kind::Sev),
            ("sev sev_es hypervisor", Kind::Sev),
            ("hypervisor sev sev_es sev_snp", Kind::SevSnp),
        ];
        for (flags, kind) in flags {
            let tree = Tree::new();
            tree.write("/proc/cpuinfo", format!("flags : fpu {flags} x\n"));
            let guest = Confidential::read(tree.root(), &Handover::default()).unwrap();
            assert_eq!(guest.kind, kind, "{flags}");
            assert!(guest.sign.contains("/proc/cpuinfo"));
        }
        let files = [("/dev/tdx_guest", Kind::Tdx), ("/dev/sev-guest", Kind::SevSnp)];
        for (path, kind) in files {
            let tree = Tree::new();
            tree.write(path, "");
            assert_eq!(Confidential::read(tree.root(), &Handover::default()), Some(found(kind, path)));
        }
        let tree = Tree::new();
        tree.directory("/sys/devices/system/cpu/sev");
        assert_eq!(Confidential::read(tree.root(), &Handover::default()).unwrap().kind, Kind::SevSnp);
        let handover = Handover { cc_blob_address: Some(0x1000), ..Handover::default() };
        assert_eq!(Confidential::read(Tree::new().root(), &handover).unwrap().kind, Kind::SevSnp);
    }

    #[test]
    fn cpuid_of_a_guest() {
        let tdx = [*b"Inte", *b"lTDX", *b"    "].map(u32::from_le_bytes);
        let rows = [
            (Leaves { hypervisor: true, memory_encryption: 0, tdx }, Some(Kind::Tdx)),
            (Leaves { hypervisor: true, memory_encryption: 0b1_0010, tdx: [0; 3] }, Some(Kind::SevSnp)),
            (Leaves { hypervisor: true, memory_encryption: 0b1010, tdx: [0; 3] }, Some(Kind::Sev)),
            (Leaves { hypervisor: true, memory_encryption: 0b0_1101, tdx: [0; 3] }, None),
            (Leaves { hypervisor: false, memory_encryption: 0b1_1011, tdx }, None),
        ];
        for (leaves, wanted) in rows {
            assert_eq!(leaves.sign().map(|guest| guest.kind), wanted, "{leaves:?}");
        }
    }
}
