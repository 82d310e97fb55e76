//! The program's allocator: where memory ends, the program says so and ends, with an exit code of its own.
//!
//! Rust would abort it, and whoever started it would see a signal as of a fault in the program.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use nix::libc;

thread_local! {
    /// Whether this thread goes on where there is no memory.
    static REFUSABLE: Cell<bool> = const { Cell::new(false) };
}

/// What is done meanwhile takes into account that there is no memory for it.
pub(crate) fn refusable<T>(work: impl FnOnce() -> T) -> T {
    let before = REFUSABLE.replace(true);
    let done = work();
    REFUSABLE.set(before);
    done
}

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

    /// The memory that was asked for, or none within [`refusable`]; elsewhere the program ends. Libraries that ask for memory do not
    /// take a refusal into account.
    fn given(&self, memory: *mut u8) -> *mut u8 {
        if memory.is_null() && !REFUSABLE.try_with(Cell::get).unwrap_or(false) {
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
        self.given(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller answers for it.
        self.given(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller answers for it.
        self.given(unsafe { System.realloc(memory, layout, size) })
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
    fn memory_is_there_or_the_program_ends_where_nobody_takes_that_into_account() {
        let allocator = Allocator::new("", 4);
        let mut byte = 1_u8;
        assert_eq!(allocator.given(&raw mut byte), &raw mut byte);
        assert!(refusable(|| allocator.given(ptr::null_mut())).is_null());
        // SAFETY: the child calls nothing but what ends it.
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                allocator.given(ptr::null_mut());
                // SAFETY: it ends the child, which must not come here.
                unsafe { libc::_exit(1) }
            }
            ForkResult::Parent { child } => assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 4))),
        }
    }
}
