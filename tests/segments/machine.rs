//! The test machine, and the one call that is made on it.

use crate::support::{Call, Lab};
use serde_json::Value;

pub(crate) const SEGMENTS: &str =
    "load {}/vmlinuz --initrd {}/initrd --cmdline console=ttyS0 --keys {}/root.pem --method segments";
pub(crate) const IMA: &str =
    "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_IMA_APPRAISE=y\nCONFIG_IMA_APPRAISE_REQUIRE_KEXEC_SIGS=y\n";
pub(crate) const KHO: &str = "CONFIG_KEXEC=y\nCONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n";
pub(crate) const IOMEM: &str = "\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
0009fc00-0009ffff : Reserved
00100000-1ffdffff : System RAM
  01000000-01ffffff : Kernel code
  10000000-13ffffff : Crash kernel
1ffe0000-1fffffff : Reserved
";

/// A machine with 512 MiB, most of it free.
pub(crate) fn lab() -> Lab {
    let lab = Lab::new();
    lab.system("/boot/config-6.12.0-test", "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\n");
    lab.system("/proc/iomem", IOMEM);
    let map = [
        (0, 0x9fbff, "System RAM"),
        (0x9fc00, 0x9ffff, "Reserved"),
        (0x10_0000, 0x1ffd_ffff, "System RAM"),
        (0x1ffe_0000, 0x1fff_ffff, "Reserved"),
    ];
    for (number, (start, end, kind)) in map.iter().enumerate() {
        for (name, text) in [("start", format!("{start:#x}")), ("end", format!("{end:#x}")), ("type", (*kind).into())] {
            lab.system(&format!("/sys/firmware/memmap/{number}/{name}"), &format!("{text}\n"));
        }
    }
    let mut own = vec![0; 4096];
    own[0x0f] = 1;
    own[0x70..0x78].copy_from_slice(&0xf_5b20_u64.to_le_bytes());
    own[0x1ec] = 2;
    lab.system_bytes("/sys/kernel/boot_params/data", &own);
    lab.system("/sys/kernel/security/ima/ascii_runtime_measurements", "");
    lab.file("initrd", b"070701 an initrd");
    lab
}

/// Where its kernel has its memory, as virtual addresses.
pub(crate) const DIRECT: u64 = 0xffff_8880_0000_0000;

/// /proc/kcore of a kernel of 16 MiB at 16 MiB.
fn kcore() -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    (bytes[0x20], bytes[0x36], bytes[0x38]) = (64, 56, 2);
    for (at, physical, length) in
        [(0xffff_ffff_8100_0000_u64, 0x100_0000_u64, 0x100_0000), (DIRECT + 0x1000, 0x1000, 1)]
    {
        bytes.extend([1, 0, at, physical, length, length, 4096_u64].map(u64::to_le_bytes).as_flattened());
    }
    bytes
}

/// Gives it 64 MiB for a crash kernel, and two processors.
pub(crate) fn reserve(lab: &Lab) {
    lab.system("/sys/kernel/kexec_crash_size", "67108864\n");
    for (cpu, at) in [(0, "1fc51a00"), (1, "1fd51a00")] {
        lab.system(&format!("/sys/devices/system/cpu/cpu{cpu}/crash_notes"), &format!("{at}\n"));
        lab.system(&format!("/sys/devices/system/cpu/cpu{cpu}/crash_notes_size"), "376\n");
    }
    lab.system("/sys/kernel/vmcoreinfo", "0x0000000003e1c000 1000\n");
    lab.system_bytes("/proc/kcore", &kcore());
}

/// The one call that was made: its entry point, and its segments in ascending order of addresses.
pub(crate) fn call(lab: &Lab) -> (u64, Vec<(u64, u64, Vec<u8>)>) {
    let calls = lab.kernel.calls.borrow();
    let [Call::Segments { entry, segments, .. }] = calls.as_slice() else {
        panic!("one load of segments, not {calls:?}")
    };
    (*entry, segments.clone())
}

pub(crate) fn number(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().unwrap())
}

pub(crate) fn word(bytes: &[u8], offset: usize) -> u64 {
    u32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap()).into()
}

/// The address of a named segment.
pub(crate) fn address(plan: &Value, name: &str) -> u64 {
    let segments = plan["segments"].as_array().unwrap();
    segments.iter().find(|segment| segment["name"] == name).unwrap()["addr"].as_u64().unwrap()
}
