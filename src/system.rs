//! What the commands work on.

use crate::sources::Root;
use crate::sys::Kexec;

/// The file systems and the kernel, either of which a test can replace.
#[derive(Debug, Clone, Copy)]
pub struct System<'a> {
    /// Below it lies all that is read of the machine.
    pub root: &'a Root,
    /// The calls that change what it boots next.
    pub kexec: &'a dyn Kexec,
}
