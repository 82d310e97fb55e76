//! What is known about each option of kexec-tools for x86-64. The parser, `kexec --help`, docs/kexec.md and kexec(8) are made from
//! the table [`OPTIONS`].

pub(super) use super::table::OPTIONS;

/// An option of kexec-tools, and what becomes of it.
#[derive(Debug, PartialEq, Eq)]
pub struct KexecOption {
    /// The name after `--`.
    pub long: &'static str,
    /// The letter after `-`.
    pub short: Option<char>,
    /// What its argument is called; nothing where it has none.
    pub argument: Option<&'static str>,
    /// What becomes of it.
    pub treatment: Treatment,
}

/// What becomes of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// It is done, under the policy.
    Done(Word, &'static str),
    /// It is refused: why, and what to do.
    Refused(&'static str, &'static str),
    /// It is accepted and changes nothing: why.
    Accepted(&'static str),
}

/// What an option asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// `--help`
    Help,
    /// `--version`
    Version,
    /// `--print-ckr-size`
    CrashSize,
    /// `--load`
    Load,
    /// `--load-panic`
    LoadPanic,
    /// `--unload`
    Unload,
    /// `--exec`
    Exec,
    /// `--force`
    Force,
    /// `--status`
    Status,
    /// `--kexec-file-syscall`
    File,
    /// `--kexec-syscall`
    Segments,
    /// `--kexec-syscall-auto`
    Auto,
    /// `--append`, `--command-line`
    Append,
    /// `--reuse-cmdline`
    ReuseCmdline,
    /// `--initrd`, `--ramdisk`
    Initrd,
    /// `--reuseinitrd`
    ReuseInitrd,
    /// `--type`
    Type,
    /// `--no-checks`
    NoChecks,
    /// `--mem-min`
    MemMin,
    /// `--mem-max`
    MemMax,
    /// `--serial`
    Serial,
    /// `--console-serial`
    ConsoleSerial,
    /// `--console-vga`
    ConsoleVga,
    /// `--debug`
    Debug,
}

impl KexecOption {
    /// The option as it is typed: `-t, --type=TYPE`.
    #[must_use]
    pub fn typed(&self) -> String {
        let short = self.short.map(|letter| format!("-{letter}, ")).unwrap_or_default();
        let argument = self.argument.map(|name| format!("={name}")).unwrap_or_default();
        format!("{short}--{}{argument}", self.long)
    }

    pub(super) fn by_letter(letter: u8) -> Option<&'static Self> {
        // getopt of kexec-tools knows it, too.
        let letter = if letter == b'?' { 'h' } else { char::from(letter) };
        OPTIONS.iter().find(|option| option.short == Some(letter))
    }

    /// The option with this name, or the only one whose name begins so.
    ///
    /// # Errors
    /// A sentence that says that there is none, or which there are.
    pub(super) fn by_name(name: &str) -> Result<&'static Self, String> {
        if let Some(exact) = OPTIONS.iter().find(|option| option.long == name) {
            return Ok(exact);
        }
        let begun: Vec<_> = OPTIONS.iter().filter(|option| option.long.starts_with(name)).collect();
        match begun.as_slice() {
            [only] => Ok(only),
            [] => Err(format!("there is no option --{name}")),
            several => {
                let names: Vec<_> = several.iter().map(|option| format!("--{}", option.long)).collect();
                Err(format!("--{name} could be {}", names.join(", ")))
            }
        }
    }
}

/// A kernel type of `--type`. skexec recognises the format by the file alone.
#[derive(Debug, PartialEq, Eq)]
pub struct KexecType {
    /// Its name.
    pub name: &'static str,
    /// Why it is refused, and what to do; nothing where it is accepted.
    pub refused: Option<(&'static str, &'static str)>,
}

const MULTIBOOT: Option<(&str, &str)> = Some((
    "skexec boots Linux kernels only, and no signature covers the modules of a multiboot kernel",
    "load the Linux kernel itself, without the hypervisor",
));
const OBSOLETE: Option<(&str, &str)> =
    Some(("this format of network boot loaders carries no signature", "load the kernel (vmlinuz) and its initrd"));

/// The kernel types of kexec-tools for x86-64.
pub(super) const TYPES: &[KexecType] = &[
    KexecType { name: "bzImage64", refused: None },
    KexecType { name: "bzImage", refused: None },
    KexecType { name: "elf-x86_64", refused: None },
    KexecType { name: "uki", refused: None },
    KexecType {
        name: "elf-x86",
        refused: Some(("skexec boots 64-bit kernels only", "load a 64-bit kernel of type bzImage64 or elf-x86_64")),
    },
    KexecType { name: "multiboot2-x86", refused: MULTIBOOT },
    KexecType { name: "multiboot-x86", refused: MULTIBOOT },
    KexecType { name: "beoboot-x86", refused: OBSOLETE },
    KexecType { name: "nbi-x86", refused: OBSOLETE },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_and_letters_are_unique() {
        let names: HashSet<_> = OPTIONS.iter().map(|option| option.long).collect();
        assert_eq!(names.len(), OPTIONS.len());
        let letters: Vec<_> = OPTIONS.iter().filter_map(|option| option.short).collect();
        assert_eq!(letters.iter().collect::<HashSet<_>>().len(), letters.len());
    }

    #[test]
    fn every_option_of_kexec_tools_is_known() {
        let all = "help version debug force no-checks no-ifdown no-sync load load-panic unload exec type \
            kexec-file-syscall kexec-syscall kexec-syscall-auto status mem-min mem-max reuseinitrd print-ckr-size \
            load-preserve-context load-jump-back-helper entry load-live-update exec-live-update hotplug no-cma \
            force-dtb reset-vga serial serial-baud console-vga console-serial elf32-core-headers elf64-core-headers \
            pass-memmap-cmdline noefi reuse-video-type append command-line reuse-cmdline initrd ramdisk real-mode \
            entry-32bit dtb args-elf args-linux args-none module dt-no-old-root";
        let known: HashSet<_> = OPTIONS.iter().map(|option| option.long).collect();
        assert_eq!(all.split_whitespace().collect::<HashSet<_>>(), known);
        let letters: HashSet<_> = OPTIONS.iter().filter_map(|option| option.short).collect();
        assert_eq!("hvdfixylpuetscaS".chars().collect::<HashSet<_>>(), letters);
    }

    #[test]
    fn a_long_name_may_be_cut_short() {
        let rows = [
            ("load", Ok("load")),
            ("kexec-syscall", Ok("kexec-syscall")),
            ("kexec-syscall-a", Ok("kexec-syscall-auto")),
            ("comm", Ok("command-line")),
            ("no-c", Err("--no-c could be --no-checks, --no-cma")),
            ("nothing", Err("there is no option --nothing")),
        ];
        for (name, wanted) in rows {
            let found = KexecOption::by_name(name).map(|option| option.long);
            assert_eq!(found, wanted.map_err(ToOwned::to_owned), "{name}");
        }
    }
}
