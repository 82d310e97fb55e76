//! Machines that were started by EFI.

use crate::machine::{IMA, SEGMENTS, call, lab};
use crate::support::{Call, Lab};
use serde_json::json;

/// The running kernel's boot_params: the address of ACPI's RSDP, and Secure Boot (2 off, 3 on).
fn told(lab: &Lab, secure_boot: u8) {
    let mut own = vec![0; 4096];
    own[0x70..0x78].copy_from_slice(&0x1fff_0014_u64.to_le_bytes());
    own[0x1ec] = secure_boot;
    lab.system_bytes("/sys/kernel/boot_params/data", &own);
}

/// Makes it a machine that was started by EFI, with Secure Boot off.
fn by_efi(lab: &Lab) {
    told(lab, 2);
    lab.system("/sys/firmware/efi/fw_vendor", "0x1ffe0000\n");
    lab.system_bytes("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", &[6, 0, 0, 0, 0]);
    lab.system_bytes("/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c", &[6, 0, 0, 0, 0]);
}

#[test]
fn a_stale_initrd_of_efi_is_never_taken() {
    let line = "load {}/vmlinuz --no-initrd --no-cmdline --keys {}/root.pem --json --method";
    let empty = b"070701";
    let lab = lab();
    by_efi(&lab);
    let run = lab.run(&format!("{line} file"));
    assert_eq!(run.exit, 0, "{run:?}");
    let Some(Call::Load { initrd: Some(initrd), .. }) = lab.kernel.calls.borrow_mut().pop() else {
        panic!("a file load")
    };
    assert!(initrd.starts_with(empty) && initrd.len() == 124, "{initrd:?}");
    let run = lab.run(&format!("{line} segments"));
    assert_eq!((run.exit, run.json()["warnings"].clone()), (0, json!(["handover-incomplete"])), "{run:?}");
    let (_, segments) = call(&lab);
    assert!(segments.iter().any(|(_, _, bytes)| *bytes == initrd), "an empty archive");
    // IMA demands an original file, so no empty initrd is made in memory.
    lab.kernel.calls.borrow_mut().clear();
    lab.system("/boot/config-6.12.0-test", IMA);
    lab.run(&format!("{line} file"));
    assert!(matches!(lab.kernel.calls.borrow().as_slice(), [Call::Load { initrd: None, .. }]));
}

#[test]
fn an_efi_machine_without_acpi_is_not_handed_over() {
    let lab = lab();
    by_efi(&lab);
    lab.system_bytes("/sys/kernel/boot_params/data", b"");
    let run = lab.run(&format!("{SEGMENTS} --json"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (5, Some("handover")), "{run:?}");
    assert!(lab.run("status").out.contains("  segments does not work: what the next kernel must know"));
}

#[test]
fn secure_boot_forbids_segments_without_lockdown_too() {
    let lab = lab();
    by_efi(&lab);
    told(&lab, 3);
    let run = lab.run(&format!("{SEGMENTS} --json"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (5, Some("segments-forbidden")), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
}
