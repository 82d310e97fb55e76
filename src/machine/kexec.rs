//! Switches, limits and state of kexec in the running kernel.

use super::Config;
use crate::sources::Root;
use std::io::{BufRead, BufReader};

/// `kernel.kexec_load_disabled`: 1 refuses every load and unload until the next boot; it cannot be set back to 0.
pub(crate) const DISABLED: &str = "/proc/sys/kernel/kexec_load_disabled";

/// Where [`Limit`] is read, and can be lowered; from Linux 6.3 on.
#[must_use]
pub(crate) const fn limit_file(panic: bool) -> &'static str {
    if panic { "/proc/sys/kernel/kexec_load_limit_panic" } else { "/proc/sys/kernel/kexec_load_limit_reboot" }
}

/// The running kernel's facts about kexec. `None` is a fact that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kexec {
    /// The kernel has kexec at all.
    pub present: Option<bool>,
    /// The kernel has `kexec_file_load`.
    pub file_load: Option<bool>,
    /// The kernel has `kexec_load`.
    pub segments: Option<bool>,
    /// `kernel.kexec_load_disabled`: off until the next boot.
    pub disabled: Option<bool>,
    /// `kernel.kexec_load_limit_reboot`.
    pub limit_reboot: Option<Limit>,
    /// `kernel.kexec_load_limit_panic`.
    pub limit_panic: Option<Limit>,
    /// A kernel is loaded for a reboot.
    pub loaded: Option<bool>,
    /// A kernel is loaded for a crash.
    pub crash_loaded: Option<bool>,
    /// Bytes that `crashkernel=` reserved.
    pub crash_size: Option<u64>,
    /// Bytes of the headers of a dump that the kernel keeps up to date (`CONFIG_CRASH_HOTPLUG`, Linux 6.6), in a crash kernel that it loads
    /// by the file method.
    pub crash_headers: Option<u64>,
    /// Bytes that `crashkernel=SIZE,cma` reserved besides, for movable memory of the running kernel's until a crash. Linux 6.17 gives
    /// them to a crash kernel that it loads by the file method.
    pub crash_cma: Option<u64>,
}

/// Bytes that the kernel wants for the headers of a dump to rewrite them itself (`CONFIG_CRASH_HOTPLUG`), at its new and its old place.
pub(super) const CRASH_HEADERS: [&str; 2] =
    ["/sys/kernel/kexec/crash_elfcorehdr_size", "/sys/kernel/crash_elfcorehdr_size"];

/// How many more calls the kernel permits for one of its two images. The kernel counts every permitted call, also an unload and
/// a load that fails (kernel/kexec_core.c, `kexec_load_permitted`). The value can be lowered but not raised, so it also shows
/// whether a call was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Calls are neither limited nor counted (-1).
    Unlimited,
    /// The number of calls that are left.
    Remaining(u32),
}

impl Limit {
    /// Reads the limit for the crash image or for the reboot image; `None` where the kernel has no limits (before 6.3) or the
    /// limit cannot be read.
    #[must_use]
    pub fn read(root: &Root, panic: bool) -> Option<Self> {
        root.text(limit_file(panic)).and_then(|text| parse_limit(&text))
    }

    /// The number, if calls are limited.
    #[must_use]
    pub const fn remaining(self) -> Option<u32> {
        match self {
            Self::Remaining(calls) => Some(calls),
            Self::Unlimited => None,
        }
    }
}

impl Kexec {
    /// The state of the running kernel.
    #[must_use]
    pub fn read(root: &Root, config: &Config) -> Self {
        let present = presence(root, config);
        let calls = if present == Some(false) { Calls::default().or_no() } else { calls(root, config) };
        Self {
            present,
            file_load: calls.file_load,
            segments: calls.segments,
            disabled: root.text(DISABLED).and_then(|text| parse_flag(&text)),
            limit_reboot: Limit::read(root, false),
            limit_panic: Limit::read(root, true),
            loaded: loaded(root, false),
            crash_loaded: loaded(root, true),
            crash_size: either(root, ["/sys/kernel/kexec/crash_size", "/sys/kernel/kexec_crash_size"])
                .and_then(|text| text.parse().ok()),
            crash_headers: either(root, CRASH_HEADERS).and_then(|text| text.parse().ok()),
            crash_cma: crash_cma(root),
        }
    }

    /// The limit for the crash image or for the reboot image.
    #[must_use]
    pub const fn limit(&self, panic: bool) -> Option<Limit> {
        if panic { self.limit_panic } else { self.limit_reboot }
    }

    /// Whether the kernel holds a crash image or a reboot image.
    #[must_use]
    pub const fn holds(&self, panic: bool) -> Option<bool> {
        if panic { self.crash_loaded } else { self.loaded }
    }

    /// Whether the kernel permits no further call.
    #[must_use]
    pub fn limit_is_used_up(&self, panic: bool) -> bool {
        self.limit(panic) == Some(Limit::Remaining(0))
    }
}

/// Reads a fact at its new path or its old one. From 6.19 on the files are in /sys/kernel/kexec, with links at the old names.
pub(super) fn either(root: &Root, [new, old]: [&str; 2]) -> Option<String> {
    root.text(new).or_else(|| root.text(old))
}

/// Whether the kernel holds an image for a crash or for a reboot.
pub(crate) fn loaded(root: &Root, panic: bool) -> Option<bool> {
    let places = if panic {
        ["/sys/kernel/kexec/crash_loaded", "/sys/kernel/kexec_crash_loaded"]
    } else {
        ["/sys/kernel/kexec/loaded", "/sys/kernel/kexec_loaded"]
    };
    either(root, places).and_then(|text| parse_flag(&text))
}

/// Kernels since those of 2026 show the ranges. Before, the command line shows only how much was asked for.
fn crash_cma(root: &Root) -> Option<u64> {
    if let Some(text) = root.text("/sys/kernel/kexec/crash_cma_ranges") {
        return text.lines().try_fold(0_u64, |sum, line| sum.checked_add(length(line.trim())?));
    }
    let cmdline = root.text("/proc/cmdline")?;
    let asks = |word: &str| word.starts_with("crashkernel=") && word.ends_with(",cma");
    if cmdline.split_ascii_whitespace().any(asks) { None } else { Some(0) }
}

/// `100000000-10fffffff`: the last address belongs to it (kernel/kexec_core.c, `crash_cma_ranges_show`).
fn length(range: &str) -> Option<u64> {
    let (first, last) = range.split_once('-')?;
    let [first, last] = [first, last].map(|address| u64::from_str_radix(address, 16).ok());
    last?.checked_sub(first?)?.checked_add(1)
}

/// Whether the kernel has kexec. A kernel with kexec shows in sysfs whether an image is loaded. Where sysfs is not mounted, the
/// kernel's configuration answers.
fn presence(root: &Root, config: &Config) -> Option<bool> {
    if root.has("/sys/kernel/kexec_loaded") || root.has("/sys/kernel/kexec") {
        return Some(true);
    }
    if root.has("/sys/kernel") { Some(false) } else { config.has("KEXEC_CORE") }
}

/// Which of the two system calls the kernel has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Calls {
    file_load: Option<bool>,
    segments: Option<bool>,
}

impl Calls {
    const fn are_known(self) -> bool {
        self.file_load.is_some() && self.segments.is_some()
    }

    /// Treats a call that was not found as absent.
    fn or_no(self) -> Self {
        Self { file_load: self.file_load.or(Some(false)), segments: self.segments.or(Some(false)) }
    }
}

/// Which calls the kernel has, by its configuration. Only without a configuration are its symbols read, because /proc/kallsyms
/// has megabytes.
fn calls(root: &Root, config: &Config) -> Calls {
    let configured = Calls { file_load: config.has("KEXEC_FILE"), segments: config.has("KEXEC") };
    if configured.are_known() {
        return configured;
    }
    root.open("/proc/kallsyms").and_then(|file| symbols(BufReader::new(file))).unwrap_or(configured)
}

/// Looks for the entry points of the system calls among the kernel's symbols. A kernel without the call still has the symbol, as
/// a weak stub (`COND_SYSCALL`) with the type letter `W`.
fn symbols(kallsyms: impl BufRead) -> Option<Calls> {
    let mut calls = Calls::default();
    let mut empty = true;
    for line in kallsyms.lines() {
        let line = line.ok()?;
        empty = false;
        let mut fields = line.split_whitespace().skip(1);
        let (Some(kind), Some(name)) = (fields.next(), fields.next()) else { continue };
        // `__pfx_` names the padding before a function.
        if !kind.eq_ignore_ascii_case("t") || name.starts_with("__pfx_") {
            continue;
        }
        // __x64_sys_…, __arm64_sys_…
        if name.ends_with("_sys_kexec_file_load") {
            calls.file_load = Some(true);
        } else if name.ends_with("_sys_kexec_load") {
            calls.segments = Some(true);
        }
        if calls.are_known() {
            break;
        }
    }
    if empty { None } else { Some(calls.or_no()) }
}

fn parse_flag(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn parse_limit(text: &str) -> Option<Limit> {
    if text == "-1" { Some(Limit::Unlimited) } else { text.parse().ok().map(Limit::Remaining) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn limits() {
        let table = [
            ("-1", Some(Limit::Unlimited)),
            ("0", Some(Limit::Remaining(0))),
            ("7", Some(Limit::Remaining(7))),
            ("-2", None),
            ("", None),
        ];
        for (text, wanted) in table {
            assert_eq!(parse_limit(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_weak_stub_is_no_system_call() {
        let table: &[(&str, Option<bool>)] = &[
            ("ffffffff81398130 W __x64_sys_kexec_file_load\n", Some(false)),
            ("0000000000000000 T __x64_sys_kexec_file_load\n", Some(true)),
            ("0 T __pfx___x64_sys_kexec_file_load\n0 W __ia32_sys_kexec_file_load\n", Some(false)),
            ("0 T __arm64_sys_kexec_file_load\n", Some(true)),
            ("0 t kexec_file_load_disabled\n", Some(false)),
            ("", None),
        ];
        for (text, wanted) in table {
            assert_eq!(symbols(text.as_bytes()).and_then(|calls| calls.file_load), *wanted, "{text}");
            let other = text.replace("kexec_file_load", "kexec_load");
            assert_eq!(symbols(other.as_bytes()).and_then(|calls| calls.segments), *wanted, "{other}");
        }
    }

    #[test]
    fn one_pass_finds_both() {
        let table = [
            ("0 T __x64_sys_kexec_load\n0 T __x64_sys_kexec_file_load\n", true, true),
            ("0 T __x64_sys_kexec_load\n0 W __x64_sys_kexec_file_load\n", true, false),
            ("0 t __do_sys_kexec_file_load\n0 W __x64_sys_kexec_load\n", false, true),
        ];
        for (text, segments, file_load) in table {
            let calls = symbols(text.as_bytes()).unwrap();
            assert_eq!((calls.segments, calls.file_load), (Some(segments), Some(file_load)), "{text}");
        }
    }

    #[test]
    fn the_new_place_goes_before_the_old() {
        let tree = Tree::new();
        let read = || Kexec::read(tree.root(), &Config::default());
        assert_eq!(read(), Kexec::default());
        tree.directory("/sys/kernel");
        assert_eq!((read().present, read().file_load, read().segments), (Some(false), Some(false), Some(false)));
        tree.write("/sys/kernel/kexec_loaded", "0\n");
        assert_eq!((read().present, read().loaded, read().file_load), (Some(true), Some(false), None));
        tree.write("/sys/kernel/kexec/loaded", "1\n");
        tree.write("/sys/kernel/kexec/crash_loaded", "0\n");
        tree.write("/proc/sys/kernel/kexec_load_disabled", "1\n");
        tree.write("/proc/sys/kernel/kexec_load_limit_reboot", "0\n");
        let kexec = read();
        assert_eq!((kexec.loaded, kexec.crash_loaded, kexec.disabled), (Some(true), Some(false), Some(true)));
        assert!(kexec.limit_is_used_up(false) && !kexec.limit_is_used_up(true));
    }

    #[test]
    fn memory_that_is_reserved_in_cma() {
        let tree = Tree::new();
        let read = || Kexec::read(tree.root(), &Config::default()).crash_cma;
        for (cmdline, wanted) in
            [("quiet\n", Some(0)), ("crashkernel=256M\n", Some(0)), ("crashkernel=256M,cma ro\n", None)]
        {
            tree.write("/proc/cmdline", cmdline);
            assert_eq!(read(), wanted, "{cmdline}");
        }
        for (ranges, wanted) in [
            ("100000000-10fffffff\n200000000-200000fff\n", Some(0x1000_1000)),
            ("", Some(0)),
            ("0-ffffffffffffffff\n", None),
            ("2-1\n", None),
            ("x\n", None),
        ] {
            tree.write("/sys/kernel/kexec/crash_cma_ranges", ranges);
            assert_eq!(read(), wanted, "{ranges}");
        }
    }

    #[test]
    fn the_configuration_goes_before_the_symbols() {
        let tree = Tree::new();
        tree.write("/sys/kernel/kexec_loaded", "0\n");
        tree.write("/proc/kallsyms", "0 T __x64_sys_kexec_file_load\n");
        assert_eq!(Kexec::read(tree.root(), &Config::default()).file_load, Some(true));
        assert_eq!(Kexec::read(tree.root(), &Config::parse("", "x")).file_load, Some(false));
        let segments_only = Config::parse("CONFIG_KEXEC=y\nCONFIG_KEXEC_CORE=y\n", "x");
        assert_eq!(Kexec::read(tree.root(), &segments_only).segments, Some(true));
    }
}
