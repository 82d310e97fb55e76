//! The loader's checks of an image with a valid signature (`arch/x86/kernel/kexec-bzimage64.c:bzImage64_load`, then
//! `kernel/kexec_core.c:sanity_check_segment_list`): the checks that depend on the file alone.

use super::errno::Errno;
use super::pefile::read_u32;
use super::stop::{Hazard, Stop};

const SETUP_SECTS: usize = 0x1f1;
const HEADER_END: usize = 0x201;
const CMDLINE_SIZE: u64 = 0x238;
const INIT_SIZE: u64 = 0x260;
/// The space that the loader reserves in the command line: `elfcorehdr=`, an address, a space.
const APPENDED: u32 = 30;
const PAGE: u32 = 4096;

/// Before 6.2 the byte that says where the setup header ends is signed: the kernel computes an enormous length and copies that
/// much. A kernel that does not enforce signatures gets there whatever the signature was (seen with 6.1.192).
pub(super) fn header_length(bytes: &[u8]) -> Option<Hazard> {
    matches!(bytes.get(HEADER_END), Some(0x80..=0xee)).then_some(Hazard::Oops)
}

pub(super) fn bzimage64_load(bytes: &[u8]) -> Result<(), Stop> {
    let sectors = match bytes.get(SETUP_SECTS) {
        None | Some(0) => 4,
        Some(sectors) => u64::from(*sectors),
    };
    let setup = sectors.saturating_add(1).saturating_mul(512);
    let len = u64::try_from(bytes.len()).map_err(|_| Errno::Fbig)?;
    let kernel = len.checked_sub(setup).ok_or(Errno::Noexec)?;
    if read_u32(bytes, CMDLINE_SIZE)? < APPENDED {
        return Err(Errno::Inval.into());
    }
    // Rounded up to pages in 32 bits.
    let memory = read_u32(bytes, INIT_SIZE)?.wrapping_add(PAGE.wrapping_sub(1)) & !PAGE.wrapping_sub(1);
    if kernel > u64::from(memory) { Err(Errno::Inval.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn image() -> Vec<u8> {
        let mut image = vec![0; 4096];
        image[SETUP_SECTS] = 1;
        image[HEADER_END] = 0x6a;
        image[0x239] = 8;
        image[0x261] = 0x0c;
        image
    }

    #[test]
    fn each_rule_is_needed() {
        assert_eq!(bzimage64_load(&image()), Ok(()));
        let cases = [
            (SETUP_SECTS, 8, Stop::Errno(Errno::Noexec)),
            (0x239, 0, Stop::Errno(Errno::Inval)),
            (0x261, 0, Stop::Errno(Errno::Inval)),
        ];
        for (at, value, wanted) in cases {
            let mut broken = image();
            broken[at] = value;
            assert_eq!(bzimage64_load(&broken), Err(wanted), "{at:#x}");
        }
    }

    #[test]
    fn the_header_s_length_may_have_a_sign() {
        for (byte, wanted) in [(0x7f, None), (0x80, Some(Hazard::Oops)), (0xee, Some(Hazard::Oops)), (0xef, None)] {
            let mut image = image();
            image[HEADER_END] = byte;
            assert_eq!(header_length(&image), wanted, "{byte:#x}");
        }
    }
}
