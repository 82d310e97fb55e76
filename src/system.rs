//! The files and system calls that the commands use.

use crate::sources::Root;
use crate::sys::Kexec;

/// The file systems and the kernel, either of which a test can replace.
#[derive(Debug, Clone, Copy)]
pub struct System<'a> {
    /// The directory below which all files of the machine are read and written.
    pub root: &'a Root,
    /// The system calls that change which kernel the machine boots next.
    pub kexec: &'a dyn Kexec,
}

/// One of the two images that the kernel can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// For `exec` and the next kexec reboot.
    Reboot,
    /// For a crash.
    Panic,
}

impl Slot {
    /// The slot that `--panic` names.
    #[must_use]
    pub const fn of(panic: bool) -> Self {
        if panic { Self::Panic } else { Self::Reboot }
    }
}

/// The system call that loads a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `kexec_file_load`: the running kernel reads the files, and builds the segments itself.
    File,
    /// `kexec_load`: skexec builds the segments, and its own purgatory checks them.
    Segments,
}

impl Method {
    /// The name on the command line, in reports and in the record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Segments => "segments",
        }
    }

    /// The system call.
    #[must_use]
    pub const fn call(self) -> &'static str {
        match self {
            Self::File => "kexec_file_load",
            Self::Segments => "kexec_load",
        }
    }
}
