//! Facts about a vmlinux that are found in the bytes of its segments, because it has no setup_header.

use crate::machine::Release;
use memchr::memmem;

const BANNER: &[u8] = b"Linux version ";
/// The maximum length of the version text, the same as for a bzImage.
const MAX_RELEASE: usize = 200;

/// The kernel's banner (init/version.c). A format string has the same start; only the banner continues with a digit. A text with
/// characters that are not printable is not the banner.
pub(super) fn release(content: &[u8]) -> Option<String> {
    memmem::find_iter(content, BANNER).find_map(|at| {
        let text = content.get(at.checked_add(BANNER.len())?..)?;
        let text = text.get(..text.len().min(MAX_RELEASE))?;
        let text = text.split(|byte| matches!(byte, 0 | b'\n')).next()?;
        let printable = text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        let is_one = text.first().is_some_and(u8::is_ascii_digit) && printable;
        is_one.then(|| String::from_utf8_lossy(text).into_owned())
    })
}

/// Linux 6.17 removed `CONFIG_X86_5LEVEL`; every kernel since then supports five-level page tables.
pub(super) fn is_always_five_level(release: &str) -> bool {
    Release::parse(release).at_least(6, 17)
}

/// The variable's name among the exported symbols (`__ksymtab_strings`).
pub(super) fn five_level(content: &[u8]) -> bool {
    memmem::find(content, b"\0ptrs_per_p4d\0").is_some()
}

/// The name of the attribute.
pub(super) fn efi_kexec(content: &[u8]) -> bool {
    memmem::find(content, b"\0kexec_loaded\0").is_some()
}
