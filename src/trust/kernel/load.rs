//! What the loader asks of an image whose signature was good (`arch/x86/kernel/kexec-bzimage64.c:bzImage64_load`, then
//! `kernel/kexec_core.c:sanity_check_segment_list`): that which depends on the file alone.

use super::errno::Errno;
use super::pefile::read_u32;
use super::{Hazard, Stop};

const SETUP_SECTS: usize = 0x1f1;
const HEADER_END: usize = 0x201;
const CMDLINE_SIZE: u64 = 0x238;
const INIT_SIZE: u64 = 0x260;
/// What the loader may append to the command line: `elfcorehdr=`, an address, a space.
const APPENDED: u32 = 30;
const PAGE: u32 = 4096;

pub(super) fn bzimage64(bytes: &[u8]) -> Result<(), Stop> {
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
    // Before 6.2 this byte has a sign: the header's length becomes enormous, and so does a copy of it.
    if matches!(bytes.get(HEADER_END), Some(0x80..=0xee)) {
        return Err(Hazard::Oops.into());
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
        assert_eq!(bzimage64(&image()), Ok(()));
        let cases = [
            (SETUP_SECTS, 8, Stop::Errno(Errno::Noexec)),
            (0x239, 0, Stop::Errno(Errno::Inval)),
            (0x261, 0, Stop::Errno(Errno::Inval)),
            (HEADER_END, 0x80, Stop::Hazard(Hazard::Oops)),
        ];
        for (at, value, wanted) in cases {
            let mut broken = image();
            broken[at] = value;
            assert_eq!(bzimage64(&broken), Err(wanted), "{at:#x}");
        }
        let mut fine = image();
        fine[HEADER_END] = 0xef;
        assert_eq!(bzimage64(&fine), Ok(()));
    }
}
