//! What a secret in memory needs: that it is not swapped out, not in a core dump, and not left behind.

use super::mapping::Mapping;
use nix::libc;
use std::ops::Range;

/// A page of memory. Where pages are larger, the kernel refuses an address between two of them, and the memory stays as it is.
const PAGE: usize = 4096;

/// Asks the kernel to swap out no page that holds a byte of this range, and to write none to a core dump. Both are attempts:
/// without `CAP_IPC_LOCK`, `RLIMIT_MEMLOCK` limits the first, and the program does its work all the same.
pub(super) fn keep_in_memory(mapping: &Mapping, range: &Range<usize>) {
    let start = range.start.min(mapping.len()) / PAGE * PAGE;
    let length = range.end.min(mapping.len()).saturating_sub(start);
    if length == 0 {
        return;
    }
    // SAFETY: the range lies in the mapping, and neither call changes a byte.
    unsafe {
        let start = mapping.start().add(start).cast();
        libc::mlock(start, length);
        libc::madvise(start, length, libc::MADV_DONTDUMP);
    }
}

/// From here on, no core dump is written of this process, and only root may trace it or read its memory (prctl(2), `PR_SET_DUMPABLE`).
/// A program that this one starts is not affected.
pub fn forbid_core_dumps() {
    // SAFETY: the call sets an attribute of the process. It fails for no value of 0 or 1.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) };
}

/// Whether a core dump would be written of this process.
#[cfg(test)]
pub(crate) fn may_dump_core() -> bool {
    // SAFETY: the call only reads an attribute of the process.
    unsafe { libc::prctl(libc::PR_GET_DUMPABLE) != 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Private;

    /// The lines of /proc/self/smaps about the mapping that starts here.
    fn flags(start: *const u8) -> Vec<String> {
        let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let wanted = format!("{:x}-", start.addr());
        let lines = text.lines().skip_while(|line| !line.starts_with(&wanted));
        let flags = lines.into_iter().find_map(|line| line.strip_prefix("VmFlags:")).unwrap();
        flags.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn a_part_is_locked_and_not_dumped() {
        let mut memory = Private::new(4 * PAGE).unwrap();
        memory.guard(2 * PAGE + 1..2 * PAGE + 2);
        let (first, third) = (flags(memory.as_ptr()), flags(memory.get(2 * PAGE..).unwrap().as_ptr()));
        for flag in ["lo", "dd"] {
            assert!(!first.iter().any(|own| own == flag), "{first:?}");
            assert!(third.iter().any(|own| own == flag), "{third:?}");
        }
        // A range beyond the end is cut.
        Private::new(1).unwrap().guard(0..usize::MAX);
        Private::new(0).unwrap().guard(0..1);
        Private::new(PAGE).unwrap().guard(PAGE..PAGE);
    }
}
