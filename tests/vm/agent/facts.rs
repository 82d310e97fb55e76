//! The facts that this kernel shows about the machine, from /proc and /sys.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use vm_protocol::facts::{E820, Efi, Facts, Initrd, SetupData};

use crate::kcore;

pub(crate) const BOOT_PARAMS: &str = "/sys/kernel/boot_params/data";
const SETUP_DATA: &str = "/sys/kernel/boot_params/setup_data";
const EFI: &str = "/sys/firmware/efi";
const SECURE_BOOT: &str = "efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Since 6.8.
const INITRD: &str = "/sys/firmware/initrd";

// Offsets in boot_params (Documentation/arch/x86/zero-page.rst).
const RSDP: usize = 0x070;
const EXT_RAMDISK_IMAGE: usize = 0x0c0;
const EXT_RAMDISK_SIZE: usize = 0x0c4;
const SECURE_BOOT_BYTE: usize = 0x1ec;
const TYPE_OF_LOADER: usize = 0x210;
const RAMDISK_IMAGE: usize = 0x218;
const RAMDISK_SIZE: usize = 0x21c;

pub(crate) fn print() -> Result<ExitCode> {
    println!("{}", serde_json::to_string(&gather()?)?);
    Ok(ExitCode::SUCCESS)
}

fn gather() -> Result<Facts> {
    let params = Params(fs::read(BOOT_PARAMS).context(BOOT_PARAMS)?);
    let cmdline = fs::read_to_string("/proc/cmdline")?.trim_end().to_owned();
    let retained = cmdline.split_whitespace().any(|word| word == "retain_initrd");
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has = |flag: &str| flags.split_whitespace().any(|word| word == flag);
    Ok(Facts {
        release: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim_end().to_owned(),
        initrd: if retained { initrd(&params)? } else { None },
        cmdline,
        efi: Path::new(EFI).exists().then(efi),
        rsdp: params.long(RSDP)?,
        acpi_tables: names("/sys/firmware/acpi/tables").into_iter().filter(|name| name.len() == 4).collect(),
        secure_boot: params.byte(SECURE_BOOT_BYTE)?,
        loader_type: params.byte(TYPE_OF_LOADER)?,
        e820: e820()?,
        setup_data: setup_data()?,
        la57: has("la57"),
        sha_ni: has("sha_ni"),
    })
}

/// The zero page that this kernel was given.
struct Params(Vec<u8>);

impl Params {
    fn field<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        Ok(self.0.get(at..at + N).with_context(|| format!("boot_params end before {at:#x}"))?.try_into()?)
    }

    fn byte(&self, at: usize) -> Result<u8> {
        self.field(at).map(|[byte]| byte)
    }

    fn long(&self, at: usize) -> Result<u64> {
        self.field(at).map(u64::from_le_bytes)
    }

    /// A number whose upper half lies elsewhere.
    fn split(&self, low: usize, high: usize) -> Result<u64> {
        let word = |at| self.field(at).map(u32::from_le_bytes).map(u64::from);
        Ok(word(high)? << 32 | word(low)?)
    }
}

fn initrd(params: &Params) -> Result<Option<Initrd>> {
    let size = params.split(RAMDISK_SIZE, EXT_RAMDISK_SIZE)?;
    if size == 0 {
        return Ok(None);
    }
    let sha256 = match File::open(INITRD) {
        Ok(file) => sha256(&file, 0, size)?,
        // Older kernels retain the initrd, too, but show it only in their memory.
        Err(_) => {
            let kcore = File::open(kcore::PATH).context(kcore::PATH)?;
            let at = kcore::offset(&kcore, params.split(RAMDISK_IMAGE, EXT_RAMDISK_IMAGE)?, size)?;
            sha256(&kcore, at, size)?
        }
    };
    Ok(Some(Initrd { size, sha256 }))
}

pub(crate) fn print_sha256(path: &Path) -> Result<ExitCode> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    println!("{}", sha256(&file, 0, file.metadata()?.len())?);
    Ok(ExitCode::SUCCESS)
}

fn sha256(file: &File, mut at: u64, size: u64) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut left = size;
    let mut buffer = vec![0; 1 << 20];
    while left > 0 {
        let part = usize::try_from(left)?.min(buffer.len());
        file.read_exact_at(&mut buffer[..part], at)?;
        hasher.update(&buffer[..part]);
        let read = u64::try_from(part)?;
        (at, left) = (at + read, left - read);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn efi() -> Efi {
    let below = |name: &str| names(&format!("{EFI}/{name}")).len();
    let mut byte = [0; 5];
    let variable = File::open(Path::new(EFI).join(SECURE_BOOT));
    let readable = variable.is_ok_and(|mut variable| variable.read_exact(&mut byte).is_ok());
    Efi { runtime_map: below("runtime-map"), variables: below("efivars"), readable }
}

fn e820() -> Result<Vec<E820>> {
    let mut map = vec![];
    for name in names("/sys/firmware/memmap") {
        let field = |field: &str| line(&format!("/sys/firmware/memmap/{name}/{field}"));
        map.push(E820 {
            start: hexadecimal(&field("start")?)?,
            end: hexadecimal(&field("end")?)?,
            kind: field("type")?,
        });
    }
    map.sort_by_key(|entry| entry.start);
    Ok(map)
}

fn setup_data() -> Result<Vec<SetupData>> {
    let mut entries = vec![];
    let mut numbers: Vec<u32> = names(SETUP_DATA).iter().filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    for number in numbers {
        let kind = u32::try_from(hexadecimal(&line(&format!("{SETUP_DATA}/{number}/type"))?)?)?;
        let length = fs::metadata(format!("{SETUP_DATA}/{number}/data"))?.len();
        entries.push(SetupData { kind, length });
    }
    Ok(entries)
}

fn names(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn line(path: &str) -> Result<String> {
    Ok(fs::read_to_string(path).with_context(|| path.to_owned())?.trim().to_owned())
}

fn hexadecimal(text: &str) -> Result<u64> {
    Ok(u64::from_str_radix(text.trim_start_matches("0x"), 16)?)
}
