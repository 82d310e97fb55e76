//! The cases: valid and invalid files, with the expected verdicts of the real kernel and of skexec.
//!
//! `A000` to `A139` are mutations of a signed kernel that were first judged by other verifiers. The `Dnnn` test mistakes that other
//! verifiers made or that the kernel's source suggests. `E_…` came later. Every errno was measured with these files,
//! [`crate::db`] and [`crate::dbx`] in QEMU under OVMF with Secure Boot, on Debian's 6.12.95 and 6.12.117 cloud kernels, in November
//! 2026. The errnos of the `A` cases were the same on 6.12.107 and, except for SHA-3, on 7.2.13. `cargo xtask oracle` measures them
//! again, also on 6.1, and records the answers: [`crate::verdicts`].

pub(crate) mod attributes;
pub(crate) mod bag;
pub(crate) mod chain;
pub(crate) mod content;
pub(crate) mod crypto;
pub(crate) mod leaf;
pub(crate) mod pe;
pub(crate) mod pe_layout;
pub(crate) mod pkcs7;
pub(crate) mod revocation;
pub(crate) mod sections;
pub(crate) mod setup;
pub(crate) mod strict;
pub(crate) mod table;
pub(crate) mod time;
pub(crate) mod trust;

use crate::hash::Hash;

/// The expected verdict of skexec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    Accept,
    /// Accepted with a warning: by the machine's clock, the certificate is not valid.
    AcceptWarn,
    /// Refused, with this first reason.
    Reject(&'static str),
}

/// The entries of db, dbx and `SbatLevelRT` that the verdicts depend on; the names are those in [`crate::db`] and [`crate::dbx`].
#[derive(Debug, Clone, Default)]
pub struct Needs {
    pub db: Vec<&'static str>,
    pub dbx: Vec<&'static str>,
    pub sbat: bool,
}

#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub about: String,
    pub image: Vec<u8>,
    /// The errno of `kexec_file_load` on Linux 6.12 under Secure Boot, 0 for success; None if the kernel crashes.
    pub kernel: Option<i32>,
    pub skexec: Expect,
    /// The kernel accepts it, skexec does not.
    pub stricter: bool,
    /// The file crashes some kernels, current ones or older ones of this year. Give it only to a kernel in a VM.
    pub hazard: bool,
    pub needs: Needs,
}

pub(crate) const ENODATA: i32 = 61;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENOPKG: i32 = 65;
pub(crate) const EBADMSG: i32 = 74;
pub(crate) const ELIBBAD: i32 = 80;
pub(crate) const EMSGSIZE: i32 = 90;
pub(crate) const ENOEXEC: i32 = 8;
pub(crate) const ENOKEY: i32 = 126;
pub(crate) const EKEYREJECTED: i32 = 129;
/// ENOTSUPP has no name outside the kernel.
pub(crate) const ENOTSUPP: i32 = 524;

/// A case that the kernel and skexec accept, unless a method changes that.
pub(crate) fn case(name: &str, about: &str, image: Vec<u8>) -> Case {
    Case {
        name: name.into(),
        about: about.into(),
        image,
        kernel: Some(0),
        skexec: Expect::Accept,
        stricter: false,
        hazard: false,
        needs: Needs { db: vec!["root"], ..Needs::default() },
    }
}

impl Case {
    /// Names the image in [`crate::verdicts`].
    #[must_use]
    pub fn sha256(&self) -> String {
        Hash::Sha256.of(&self.image).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Refused by both.
    pub(crate) fn reject(self, errno: i32, slug: &'static str) -> Self {
        Self { kernel: Some(errno), skexec: Expect::Reject(slug), ..self }
    }

    /// Refused by skexec, accepted by the kernel.
    pub(crate) fn stricter(self, slug: &'static str) -> Self {
        Self { skexec: Expect::Reject(slug), stricter: true, ..self }
    }

    pub(crate) fn warn(self) -> Self {
        Self { skexec: Expect::AcceptWarn, ..self }
    }

    /// Refused by skexec; it crashes current kernels.
    pub(crate) fn crashes(self, slug: &'static str) -> Self {
        Self { kernel: None, skexec: Expect::Reject(slug), hazard: true, ..self }
    }

    /// It crashes some kernels that are still in use, but not the newest ones.
    pub(crate) fn crashed(self) -> Self {
        Self { hazard: true, ..self }
    }

    pub(crate) fn db(mut self, name: &'static str) -> Self {
        self.needs.db = vec![name];
        self
    }

    pub(crate) fn dbx(mut self, name: &'static str) -> Self {
        self.needs.dbx = vec![name];
        self
    }

    pub(crate) fn sbat(mut self) -> Self {
        self.needs.sbat = true;
        self
    }
}

/// All of them, by name.
#[must_use]
pub fn cases() -> Vec<Case> {
    let families = [
        pe::cases,
        pe_layout::cases,
        setup::cases,
        table::cases,
        pkcs7::cases,
        strict::cases,
        attributes::cases,
        time::cases,
        content::cases,
        trust::cases,
        chain::cases,
        bag::cases,
        leaf::cases,
        crypto::cases,
        revocation::cases,
        sections::cases,
    ];
    let mut all: Vec<Case> = families.iter().flat_map(|family| family()).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
