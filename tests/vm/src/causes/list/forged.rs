//! On a machine with Secure Boot that trusts the signer of forged files.

use forge::bzimage::BzImage;
use forge::pki;
use forge::recipe::Recipe;
use forge::vmlinux::Vmlinux;

use super::{Case, LOAD};

/// The files of these cases are those of [`files`].
macro_rules! case {
    ($cause:literal, $about:literal, $file:literal, $errno:literal, $on_6_1:expr, $exit:literal) => {
        Case {
            cause: $cause,
            about: $about,
            skexec: concat!("load /forged/", $file, " --no-initrd --no-cmdline"),
            kexec: concat!("-s -l /forged/", $file, " --command-line=quiet"),
            raw: concat!("file-load /forged/", $file),
            errno: $errno,
            on_6_1: $on_6_1,
            exit: $exit,
            reason: $cause,
            words: concat!("(", $errno, ")"),
            ..LOAD
        }
    };
}

pub(super) const CASES: &[Case] = &[
    case!("bad-signature", "a signature of zeros", "A064_p7_sig_zero", "EINVAL", Some("EBADMSG"), 3),
    case!("pkcs7", "a message without a signer", "A098_p7_zero_si", "EBADMSG", None, 3),
    case!("pkcs7-size", "a message longer than 65535 bytes", "A135_p7_64k", "EMSGSIZE", None, 3),
    case!("wincert-type", "a WIN_CERTIFICATE of revision 1.0", "A021_pe_wincert_rev1", "ENOTSUPP", None, 3),
    case!("unsupported-algorithm", "a signature with MD5", "A100_p7_hash_md5", "ENOPKG", Some("OK"), 3),
    case!("pe-header", "a damaged PE signature", "A028_pe_bad_pesig", "ELIBBAD", None, 4),
    case!("setup-header", "a zImage", "E_setup_not_loaded_high", "ENOEXEC", None, 4),
    case!("no-64bit-entry", "a kernel without a 64-bit entry point", "E_setup_no_64bit", "ENOEXEC", None, 4),
    case!("no-5level", "a kernel that cannot start with five-level page tables", "four-level", "ENOEXEC", None, 4),
    Case {
        cause: "unsupported-format",
        about: "an ELF vmlinux with a detached signature, by kexec_file_load",
        skexec: "load /forged/vmlinux --signature /forged/vmlinux.p7s --method file --no-initrd --no-cmdline",
        kexec: "-s -l /forged/vmlinux --command-line=quiet",
        raw: "file-load /forged/vmlinux",
        errno: "ENOEXEC",
        exit: 4,
        reason: "unsupported-format",
        words: "Exec format error (ENOEXEC)",
        ..LOAD
    },
];

/// The files below /forged, by name.
pub(crate) fn files() -> Vec<(String, Vec<u8>)> {
    let wanted = |name: &str| CASES.iter().any(|case| case.raw.ends_with(&format!("/{name}")));
    let mut files: Vec<_> =
        forge::cases().into_iter().filter(|case| wanted(&case.name)).map(|case| (case.name, case.image)).collect();
    // KERNEL_64, CAN_BE_LOADED_ABOVE_4G, EFI_KEXEC, and not 5LEVEL.
    let four_level = BzImage { xloadflags: 0x13, ..BzImage::default() };
    files.push(("four-level".to_owned(), Recipe::new().image(four_level.build()).build()));
    let vmlinux = Vmlinux::default().build();
    files.push(("vmlinux.p7s".to_owned(), forge::detached(&vmlinux, &pki::signer())));
    files.push(("vmlinux".to_owned(), vmlinux));
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_is_there() {
        let names: BTreeSet<_> = files().into_iter().map(|(name, _)| format!("file-load /forged/{name}")).collect();
        for case in CASES {
            assert!(names.contains(case.raw), "{}", case.raw);
        }
    }
}
