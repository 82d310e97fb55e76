//! The program's allocator: where memory ends, the program says so and ends, with an exit code of its own.
//!
//! Rust would abort it, and whoever started it would see a signal as of a fault in the program.

use std::alloc::{GlobalAlloc, Layout, System};

use nix::libc;

/// In bytes. Who asks for more takes a refusal into account: so large are only the contents of files.
const LARGE: usize = 1 << 20;

/// Memory from the system.
#[derive(Debug)]
pub struct Allocator {
    message: &'static str,
    exit: u8,
}

impl Allocator {
    /// What is written to standard error where there is no memory, and the exit code.
    #[must_use]
    pub const fn new(message: &'static str, exit: u8) -> Self {
        Self { message, exit }
    }

    /// The memory that was asked for, or none of a large piece; small pieces are there or the program ends.
    fn given(&self, memory: *mut u8, size: usize) -> *mut u8 {
        if memory.is_null() && size < LARGE {
            // SAFETY: the message is there for as long as the program, and neither call needs memory or returns to what lacks it.
            unsafe {
                libc::write(libc::STDERR_FILENO, self.message.as_ptr().cast(), self.message.len());
                libc::_exit(i32::from(self.exit));
            }
        }
        memory
    }
}

// SAFETY: the system's allocator does the work, with the very arguments; what it returns is returned.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller answers for it.
        self.given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller answers for it.
        self.given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller answers for it.
        self.given(unsafe { System.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller answers for it.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::{ForkResult, fork};
    use std::ptr;

    #[test]
    fn a_small_piece_is_there_or_the_program_ends() {
        let allocator = Allocator::new("", 4);
        let mut byte = 1_u8;
        assert_eq!(allocator.given(&raw mut byte, 1), &raw mut byte);
        assert!(allocator.given(ptr::null_mut(), LARGE).is_null());
        // SAFETY: the child calls nothing but what ends it.
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                allocator.given(ptr::null_mut(), LARGE - 1);
                // SAFETY: it ends the child, which must not come here.
                unsafe { libc::_exit(1) }
            }
            ForkResult::Parent { child } => assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 4))),
        }
    }
}
