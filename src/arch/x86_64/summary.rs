//! What the next kernel and the purgatory are told, in short.

use super::boot_params::BootParams;
use crate::memory::PhysAddr;
use serde::Serialize;
use skexec_purgatory::{Console, OnMismatch, Params};

/// What boot_params hold, and what the purgatory does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// `e820` entries.
    pub e820_entries: usize,
    /// `acpi_rsdp_addr`, a physical address; zero where it is not known.
    pub acpi_rsdp_addr: PhysAddr,
    /// Entries of EFI's runtime map; `None` where none is handed on.
    pub efi_descriptors: Option<usize>,
    /// `secure_boot`, by the boot protocol's numbers: 0 unset, 1 unknown, 2 off, 3 on.
    pub secure_boot: u8,
    /// Whether the next kernel gets random bytes to start from.
    pub rng_seed: bool,
    /// How the purgatory computes SHA-256: `sha-ni` or `portable`.
    pub sha256: &'static str,
    /// Where the purgatory reports damage.
    pub console: String,
    /// What it does after the report: `reset` or `halt`.
    pub on_mismatch: &'static str,
    /// It checks nothing but itself.
    #[serde(skip)]
    pub unchecked: bool,
}

impl Summary {
    pub(super) fn new(boot_params: &BootParams<'_>, params: &Params) -> Self {
        let handover = boot_params.handover;
        Self {
            e820_entries: boot_params.e820.len(),
            acpi_rsdp_addr: handover.acpi_rsdp_addr.unwrap_or_default(),
            efi_descriptors: boot_params.efi().map(|efi| efi.map.len()),
            secure_boot: handover.secure_boot.unwrap_or_default(),
            rng_seed: boot_params.rng_seed.is_some(),
            sha256: if params.sha_ni != 0 { "sha-ni" } else { "portable" },
            console: match params.console {
                Console::SERIAL => format!("serial port {:#x}", params.port),
                Console::VGA => "vga".into(),
                _ => "none".into(),
            },
            on_mismatch: if params.on_mismatch == OnMismatch::HALT { "halt" } else { "reset" },
            unchecked: false,
        }
    }

    /// The lines for people.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let efi = self.efi_descriptors.map_or("no EFI".into(), |count| format!("EFI runtime map of {count}"));
        let rsdp = match self.acpi_rsdp_addr.get() {
            0 => "RSDP not known".into(),
            _ => format!("RSDP {}", self.acpi_rsdp_addr),
        };
        let seed = if self.rng_seed { "a random seed" } else { "no random seed" };
        let checked = if self.unchecked { "itself alone" } else { "every segment" };
        let Self { e820_entries, secure_boot, sha256, console, on_mismatch, .. } = self;
        vec![
            ("tells", format!("{e820_entries} e820 entries, {rsdp}, {efi}, secure_boot {secure_boot}, {seed}")),
            ("checks", format!("SHA-256 ({sha256}) of {checked}; console {console}; on damage {on_mismatch}")),
        ]
    }
}
