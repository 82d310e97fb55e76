//! EFI's runtime services, as the running kernel shows them for a kexec (drivers/firmware/efi/runtime-map.c, efi.c).

use super::array;
use crate::arch::x86_64::boot_params::field;
use crate::memory::PhysAddr;
use crate::sources::Root;

/// 64-bit firmware. A 64-bit kernel can use 32-bit firmware (`EL32`) as well, but no kernel hands it on.
const EL64: [u8; 4] = *b"EL64";
/// Descriptors that are read at most. Firmware has tens of them, large machines some hundreds.
const MAX_DESCRIPTORS: usize = 4096;
const RUNTIME_MAP: &str = "/sys/firmware/efi/runtime-map";

/// `efi_memory_desc_t`: a range that the runtime services use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// `EFI_MEMORY_TYPE`.
    pub kind: u32,
    /// The physical address of its first byte.
    pub phys_addr: u64,
    /// The virtual address at which the running kernel has mapped it. Firmware can be told its addresses only once, so that the
    /// next kernel must map it there too.
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
    /// The address of the system table.
    pub systab: PhysAddr,
    /// The address of the vendor's name.
    pub fw_vendor: PhysAddr,
    /// The address of the table of runtime services. Kernels before 5.6 take it from here, later ones from the system table. A
    /// kernel that was itself started by kexec knows only the virtual address, which is not handed on.
    pub runtime: Option<PhysAddr>,
    /// The address of the configuration tables.
    pub tables: PhysAddr,
    /// The address of the SMBIOS entry point; firmware may leave a virtual address in its own table.
    pub smbios: Option<PhysAddr>,
    /// The runtime map; never empty.
    pub map: Vec<Descriptor>,
}

impl Efi {
    /// Reads all of it, or gives nothing: with half a map the next kernel would reuse the memory of firmware that it calls.
    pub(super) fn read(root: &Root, own: &[u8; field::SIZE], systab: &Systab) -> Option<Self> {
        let signature = array(own, field::EFI_LOADER_SIGNATURE).filter(|signature| *signature == EL64)?;
        let half = |field| array(own, field).map(u32::from_le_bytes).map(u64::from);
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

/// Entries are numbered from 0 on. One entry that cannot be read or understood makes the whole map useless.
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
    // from_str_radix would accept a sign.
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

    /// The root pointer of ACPI 2.0, or else that of ACPI 1.0.
    pub(super) fn rsdp(&self) -> Option<PhysAddr> {
        self.get("ACPI20").or_else(|| self.get("ACPI"))
    }
}
