//! EFI's runtime services, as the running kernel shows them for a kexec (drivers/firmware/efi/runtime-map.c, efi.c).

use super::{array, field};
use crate::memory::PhysAddr;
use crate::sources::Root;

/// 64-bit firmware. The other, `EL32`, is served by a 64-bit kernel, but has never been handed on by one.
const EL64: [u8; 4] = *b"EL64";
/// Firmware has tens of them, large machines some hundreds.
const MAX_DESCRIPTORS: usize = 4096;
const RUNTIME_MAP: &str = "/sys/firmware/efi/runtime-map";

/// `efi_memory_desc_t`: a range that the runtime services use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// `EFI_MEMORY_TYPE`.
    pub kind: u32,
    /// Where it is.
    pub phys_addr: u64,
    /// Where the running kernel has mapped it: firmware can be told only once, so that the next one maps it there, too.
    pub virt_addr: u64,
    /// Pages of 4 KiB.
    pub num_pages: u64,
    /// Bit mask `EFI_MEMORY_*`.
    pub attribute: u64,
}

/// What a kernel needs to use runtime services that another one has set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Efi {
    /// `EL64`.
    pub signature: [u8; 4],
    /// `EFI_MEMORY_DESCRIPTOR_VERSION`.
    pub memdesc_version: u32,
    /// The system table.
    pub systab: PhysAddr,
    /// Its vendor's name.
    pub fw_vendor: PhysAddr,
    /// Its runtime services; kernels before 5.6 take them from here, later ones from the system table. A kernel that was
    /// itself started by kexec knows their virtual address only, which is none for these.
    pub runtime: Option<PhysAddr>,
    /// Its configuration tables.
    pub tables: PhysAddr,
    /// The SMBIOS entry point; firmware may leave a virtual address in its own table.
    pub smbios: Option<PhysAddr>,
    /// The runtime map; never empty.
    pub map: Vec<Descriptor>,
}

impl Efi {
    /// All of it, or nothing: with half a map the next kernel would call firmware whose memory it gave away.
    pub(super) fn read(root: &Root, own: &[u8; field::SIZE], systab: &Systab) -> Option<Self> {
        let signature = array(own, field::EFI_LOADER_SIGNATURE).filter(|signature| *signature == EL64)?;
        let half = |offset| array(own, offset).map(u32::from_le_bytes).map(u64::from);
        let address = half(field::EFI_SYSTAB)? | half(field::EFI_SYSTAB_HI)? << 32;
        Some(Self {
            signature,
            memdesc_version: array(own, field::EFI_MEMDESC_VERSION).map(u32::from_le_bytes)?,
            systab: Some(address).filter(|address| *address != 0).map(PhysAddr::new)?,
            fw_vendor: number(root, "/sys/firmware/efi/fw_vendor").map(PhysAddr::new)?,
            runtime: number(root, "/sys/firmware/efi/runtime").filter(|address| address >> 63 == 0).map(PhysAddr::new),
            tables: number(root, "/sys/firmware/efi/config_table").map(PhysAddr::new)?,
            smbios: systab.get("SMBIOS"),
            map: map(root)?,
        })
    }
}

/// Entries are numbered from 0 on; one that cannot be read, or one that is none, makes the whole map useless.
fn map(root: &Root) -> Option<Vec<Descriptor>> {
    let mut map = Vec::new();
    while root.has(&format!("{RUNTIME_MAP}/{}", map.len())) {
        if map.len() == MAX_DESCRIPTORS {
            return None;
        }
        map.push(descriptor(root, map.len())?);
    }
    (!map.is_empty()).then_some(map)
}

fn descriptor(root: &Root, index: usize) -> Option<Descriptor> {
    let value = |name: &str| number(root, &format!("{RUNTIME_MAP}/{index}/{name}"));
    Some(Descriptor {
        kind: value("type")?.try_into().ok()?,
        phys_addr: value("phys_addr")?,
        virt_addr: value("virt_addr")?,
        num_pages: value("num_pages")?,
        attribute: value("attribute")?,
    })
}

fn number(root: &Root, path: &str) -> Option<u64> {
    hexadecimal(&root.text(path)?)
}

fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text.trim().strip_prefix("0x")?;
    // from_str_radix would take a sign.
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if only_digits { u64::from_str_radix(digits, 16).ok() } else { None }
}

/// /sys/firmware/efi/systab: lines such as `ACPI20=0x7fe014`.
pub(super) struct Systab(String);

impl Systab {
    pub(super) fn read(root: &Root) -> Self {
        Self(root.text("/sys/firmware/efi/systab").unwrap_or_default())
    }

    pub(super) fn get(&self, name: &str) -> Option<PhysAddr> {
        let value = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        hexadecimal(value).filter(|address| *address != 0).map(PhysAddr::new)
    }

    /// The newer table's pointer, or else the older's.
    pub(super) fn rsdp(&self) -> Option<PhysAddr> {
        self.get("ACPI20").or_else(|| self.get("ACPI"))
    }
}
