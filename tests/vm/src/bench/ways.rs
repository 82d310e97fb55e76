//! The ways to load a kernel that are compared.

use crate::kexec_tools;

/// A way to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// skexec's segments, in this layout.
    Segments(&'static str),
    /// skexec's file method.
    File,
    /// Debian's kexec-tools with `kexec_load`: `kexec -c -l`.
    ToolsSegments,
    /// Debian's kexec-tools with `kexec_file_load`: `kexec -s -l`.
    ToolsFile,
}

/// skexec's layouts, the fastest downtime first.
pub(super) const LAYOUTS: [&str; 3] = ["vmlinux", "elided", "classic"];

impl Way {
    pub(super) fn name(self) -> String {
        match self {
            Self::Segments(layout) => layout.to_owned(),
            Self::File => "file".to_owned(),
            Self::ToolsSegments => "`kexec -c -l`".to_owned(),
            Self::ToolsFile => "`kexec -s -l`".to_owned(),
        }
    }

    /// The command line that loads `/boot/vmlinuz`.
    pub(super) fn command(self, initrd: &str, cmdline: &str) -> String {
        let ours = |method: &str| {
            let what = format!("--keys /keys/debian /boot/vmlinuz --initrd {initrd} --no-cmdline --append '{cmdline}'");
            format!("skexec load --json {method} {what}")
        };
        let theirs = |call: &str| {
            kexec_tools::command(&format!("{call} -l /boot/vmlinuz --initrd={initrd} --command-line='{cmdline}'"))
        };
        match self {
            Self::Segments(layout) => ours(&format!("--method segments --layout {layout}")),
            Self::File => ours("--method file"),
            Self::ToolsSegments => theirs("-c"),
            Self::ToolsFile => theirs("-s"),
        }
    }
}
