//! The kernel command line: composed, edited, and checked against the kernel's limits before the system call.

use crate::reason::{Finding, Reason};
use std::ffi::CString;

/// What the file method subtracts from `cmdline_size`: room for `elfcorehdr=0x...`, which it reserves for every load
/// (`MAX_ELFCOREHDR_STR_LEN` in arch/x86/kernel/kexec-bzimage64.c), and the NUL.
const RESERVED: usize = 31;

/// Parameters that boot loaders and kexec add for the kernel they start.
const OF_THE_LAST_BOOT: &[&str] = &["BOOT_IMAGE", "initrd", "elfcorehdr", "kexec_jump_back_entry"];

/// A command line without NUL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cmdline(String);

impl Cmdline {
    /// The text, without blanks and line ends around it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim_matches(['\n', ' ', '\t']).to_owned())
    }

    /// The running kernel's command line, without the parameters that its boot loader added and without those in `removed`. These
    /// are keys (`quiet`, `console`): every parameter with such a key is removed.
    #[must_use]
    pub fn reuse(running: &str, removed: &[String]) -> Self {
        let stays = |word: &&str| {
            let key = key(word);
            !OF_THE_LAST_BOOT.contains(&key) && !removed.iter().any(|gone| gone == key)
        };
        Self(words(running).filter(stays).collect::<Vec<_>>().join(" "))
    }

    /// Adds to the end, with a blank before it.
    #[must_use]
    pub fn append(mut self, more: &str) -> Self {
        let more = Self::new(more).0;
        if !self.0.is_empty() && !more.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(&more);
        self
    }

    /// Adds a parameter of the kernel's in front, as the running kernel's own loader does: there neither a `--`, behind which init's
    /// arguments begin, nor a quote without its end can hide it.
    #[must_use]
    pub fn led_by(&self, parameter: &str) -> Self {
        Self::new(parameter).append(&self.0)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a parameter without a value is among those before a `--`.
    #[must_use]
    pub fn has(&self, parameter: &str) -> bool {
        words(&self.0).take_while(|word| *word != "--").any(|word| word == parameter)
    }

    /// The values of a parameter, in order and without quotes: of each `key=value` before a `--`, where init's arguments begin.
    pub fn values<'a>(&'a self, parameter: &'a str) -> impl Iterator<Item = &'a str> {
        let of_the_kernel = words(&self.0).take_while(|word| *word != "--");
        of_the_kernel.filter(move |word| key(word) == parameter).filter_map(|word| {
            let (_, value) = word.split_once('=')?;
            Some(value.trim_matches('"'))
        })
    }

    /// The command line for `kexec_file_load`, if it is short enough: 2016 bytes of text with the usual `cmdline_size` of 2047.
    ///
    /// # Errors
    /// `cmdline-nul`, `cmdline-too-long`.
    pub fn for_file_load(&self, cmdline_size: u32) -> Result<CString, Finding> {
        let size = usize::try_from(cmdline_size).unwrap_or(usize::MAX);
        let over = self.0.len().saturating_add(RESERVED).saturating_sub(size);
        if over > 0 {
            let seen = format!(
                "{} bytes of text, {over} too many: the kernel reserves 30 bytes of cmdline_size {cmdline_size}",
                self.0.len()
            );
            return Err(Finding::new(Reason::CmdlineTooLong, seen));
        }
        CString::new(self.0.as_str())
            .map_err(|error| Finding::new(Reason::CmdlineNul, format!("at byte {}", error.nul_position())))
    }

    /// The command line for skexec's own boot_params, without a NUL, if it is short enough. All of `cmdline_size` can be used: 2047
    /// bytes of text with the usual value. For a vmlinux, `cmdline_size` is `elf::CMDLINE_SIZE`.
    ///
    /// # Errors
    /// `cmdline-nul`, `cmdline-too-long`.
    pub fn for_segments(&self, cmdline_size: u32) -> Result<&[u8], Finding> {
        let size = usize::try_from(cmdline_size).unwrap_or(usize::MAX);
        let over = self.0.len().saturating_sub(size);
        if over > 0 {
            let seen = format!("{} bytes of text, {over} more than cmdline_size {cmdline_size}", self.0.len());
            return Err(Finding::new(Reason::CmdlineTooLong, seen));
        }
        match self.0.bytes().position(|byte| byte == 0) {
            Some(nul) => Err(Finding::new(Reason::CmdlineNul, format!("at byte {nul}"))),
            None => Ok(self.0.as_bytes()),
        }
    }
}

/// Words as the kernel splits them (lib/cmdline.c, `next_arg`): blanks within double quotes do not split.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |letter: char| {
        quoted ^= letter == '"';
        !quoted && letter.is_ascii_whitespace()
    })
    .filter(|word| !word.is_empty())
}

pub(super) fn key(word: &str) -> &str {
    let word = word.trim_start_matches('"');
    word.split('=').next().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reuse_drops_what_the_boot_loader_added() {
        let running = "BOOT_IMAGE=/vmlinuz root=/dev/vda1 dyndbg=\"file a.c +p\" quiet console=tty0 console=ttyS0\n";
        let rows: &[(&[&str], &str)] = &[
            (&[], "root=/dev/vda1 dyndbg=\"file a.c +p\" quiet console=tty0 console=ttyS0"),
            (&["console", "quiet"], "root=/dev/vda1 dyndbg=\"file a.c +p\""),
            (&["root=/dev/vda1"], "root=/dev/vda1 dyndbg=\"file a.c +p\" quiet console=tty0 console=ttyS0"),
        ];
        for (removed, wanted) in rows {
            let removed: Vec<_> = removed.iter().map(|&key| key.to_owned()).collect();
            assert_eq!(Cmdline::reuse(running, &removed).as_str(), *wanted);
        }
    }

    #[test]
    fn values_are_told_apart() {
        let line = Cmdline::new("a=1 b=2 \"a=3 4\" a=\"5 6\" a ab=7 a= a=b=c -- a=8");
        assert_eq!(line.values("a").collect::<Vec<_>>(), ["1", "3 4", "5 6", "", "b=c"]);
        assert_eq!(line.values("c").count(), 0);
        let line = Cmdline::new("quiet a=ro \"b ro\" -- ro");
        assert_eq!(["quiet", "ro", "a", ""].map(|word| line.has(word)), [true, false, false, false]);
    }

    #[test]
    fn appends_are_joined() {
        let line = Cmdline::new("").append("a").append("").append(" b c ").append("d");
        assert_eq!(line.as_str(), "a b c d");
    }

    #[test]
    fn nothing_hides_a_parameter_in_front() {
        let rows = [("", "a=1"), ("ro", "a=1 ro"), ("-- x", "a=1 -- x"), ("b=\"c", "a=1 b=\"c")];
        for (line, wanted) in rows {
            let led = Cmdline::new(line).led_by("a=1");
            assert_eq!((led.as_str(), led.values("a").collect::<Vec<_>>()), (wanted, vec!["1"]), "{line}");
        }
    }

    #[test]
    fn not_even_nothing_fits_where_the_kernel_keeps_all() {
        assert!(Cmdline::default().for_file_load(30).is_err());
        assert!(Cmdline::default().for_file_load(31).is_ok());
    }

    #[test]
    fn the_last_byte_that_fits() {
        for (length, fits) in [(0, true), (2016, true), (2017, false), (2047, false)] {
            let line = Cmdline::new(&"x".repeat(length));
            assert_eq!(line.for_file_load(2047).is_ok(), fits, "{length}");
        }
        let error = Cmdline::new(&"x".repeat(2020)).for_file_load(2047).unwrap_err();
        assert!(error.to_string().contains("2020 bytes of text, 4 too many"), "{error}");
        assert_eq!(Cmdline::new("a\0b").for_file_load(2047).unwrap_err().reason, Reason::CmdlineNul);
        assert!(Cmdline::new("a").for_file_load(7).is_err());
    }

    #[test]
    fn segments_may_have_all_of_cmdline_size() {
        for (length, size, fits) in [(0, 0, true), (2047, 2047, true), (2048, 2047, false), (1, 0, false)] {
            let text = "x".repeat(length);
            let line = Cmdline::new(&text);
            assert_eq!(line.for_segments(size).ok(), fits.then_some(text.as_bytes()), "{length} of {size}");
        }
        let error = Cmdline::new(&"x".repeat(2050)).for_segments(2047).unwrap_err();
        assert!(error.to_string().contains("2050 bytes of text, 3 more than cmdline_size 2047"), "{error}");
        assert_eq!(Cmdline::new("a\0b").for_segments(2047).unwrap_err().reason, Reason::CmdlineNul);
    }
}
