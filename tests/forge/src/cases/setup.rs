//! The bzImage within the PE: files that the kernel's loader refuses before it checks the signature; and a check that the loader
//! never makes, whether the bytes that it copies were signed.

use super::{Case, EINVAL, ENOEXEC, case};
use crate::bzimage::BzImage;
use crate::recipe::Recipe;

fn signed(name: &str, about: &str, change: impl FnOnce(&mut BzImage)) -> Case {
    let mut image = BzImage::default();
    change(&mut image);
    case(name, about, Recipe::new().image(image.build()).build())
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        signed("E_setup_no_hdrs_flag", "boot_flag is not AA55", |i| i.boot_flag = 0).reject(ENOEXEC, "not-a-kernel"),
        signed("E_setup_version_20b", "boot protocol 2.11", |i| i.version = 0x20b).reject(ENOEXEC, "boot-protocol"),
        signed("E_setup_version_20c", "boot protocol 2.12, the oldest that is taken", |i| i.version = 0x20c),
        signed("E_setup_not_loaded_high", "a zImage", |i| i.loadflags = 0).reject(ENOEXEC, "setup-header"),
        signed("E_setup_no_64bit", "no 64-bit entry point", |i| i.xloadflags = 0x72).reject(ENOEXEC, "no-64bit-entry"),
        signed("E_setup_not_above_4g", "may not be loaded above 4 GiB", |i| i.xloadflags = 0x71)
            .reject(ENOEXEC, "no-64bit-entry"),
        // bzImage64_load refuses with ENOEXEC. Kernels verify first, but the signature is valid, so the errno is the loader's.
        signed("D036_setup_sects_past_table", "the setup part ends behind the file", |i| {
            (i.setup_sects, i.syssize) = (255, Some(0x500));
        })
        .reject(ENOEXEC, "truncated"),
        signed("D036_setup_sects_into_table", "the protected-mode part starts in the certificate table", |i| {
            (i.setup_sects, i.syssize) = ((0x7000 / 512) as u8, Some(0x10));
        })
        .stricter("truncated"),
        signed("D036_setup_sects_0", "0 means 4 (Documentation/arch/x86/boot.rst)", |i| i.setup_sects = 0),
        signed("D036_init_size_small", "init_size less than the file's own bytes", |i| i.init_size = 0x1000)
            .reject(EINVAL, "setup-header"),
        signed("D036_syssize_too_big", "syssize says more than the file has", |i| i.syssize = Some(0x1_0000))
            .stricter("truncated"),
    ]
}
