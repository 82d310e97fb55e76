//! The options of kexec-tools for x86-64: the one table.

use super::options::{KexecOption, Treatment, Word};

const NONE: Option<&str> = None;
const NO_LETTER: Option<char> = None;

const fn done(
    long: &'static str,
    short: Option<char>,
    argument: Option<&'static str>,
    word: Word,
    what: &'static str,
) -> KexecOption {
    KexecOption { long, short, argument, treatment: Treatment::Done(word, what) }
}

const fn refused(
    long: &'static str,
    argument: Option<&'static str>,
    why: &'static str,
    advice: &'static str,
) -> KexecOption {
    KexecOption { long, short: None, argument, treatment: Treatment::Refused(why, advice) }
}

const fn accepted(
    long: &'static str,
    short: Option<char>,
    argument: Option<&'static str>,
    why: &'static str,
) -> KexecOption {
    KexecOption { long, short, argument, treatment: Treatment::Accepted(why) }
}

const LEAVE_OUT: &str = "leave out the option";
const XEN: &str = "skexec works with Linux, not with the Xen hypervisor";
const JUMP_BACK: &str = "skexec cannot return from the new kernel to the old one";

/// In the order in which help and manual list them.
pub(super) const OPTIONS: &[KexecOption] = &[
    done("load", Some('l'), NONE, Word::Load, "verify KERNEL and load it"),
    done("load-panic", Some('p'), NONE, Word::LoadPanic, "verify KERNEL and load it as the crash kernel"),
    done(
        "unload",
        Some('u'),
        NONE,
        Word::Unload,
        "unload the loaded kernel, with -p the crash kernel; nothing loaded is no error",
    ),
    done("exec", Some('e'), NONE, Word::Exec, "boot the loaded kernel now, without stopping services"),
    done("force", Some('f'), NONE, Word::Force, "load KERNEL and boot it now, without stopping services"),
    done(
        "status",
        Some('S'),
        NONE,
        Word::Status,
        "exit with 1 if a crash kernel is loaded, with -l if a kernel for a reboot is, else with 0",
    ),
    done("kexec-file-syscall", Some('s'), NONE, Word::File, "load by kexec_file_load only"),
    done("kexec-syscall", Some('c'), NONE, Word::Segments, "load by kexec_load only, with skexec's purgatory"),
    done(
        "kexec-syscall-auto",
        Some('a'),
        NONE,
        Word::Auto,
        "choose the call by kernel and image, before the first call; the default",
    ),
    done("append", NO_LETTER, Some("STRING"), Word::Append, "the command line; given more than once, all are joined"),
    done("command-line", NO_LETTER, Some("STRING"), Word::Append, "the same as --append"),
    done(
        "reuse-cmdline",
        NO_LETTER,
        NONE,
        Word::ReuseCmdline,
        "begin with the running kernel's command line; --append adds to it",
    ),
    done("initrd", NO_LETTER, Some("FILE"), Word::Initrd, "the initrd; given more than once, all are joined"),
    done("ramdisk", NO_LETTER, Some("FILE"), Word::Initrd, "the same as --initrd"),
    done(
        "reuseinitrd",
        NO_LETTER,
        NONE,
        Word::ReuseInitrd,
        "the running kernel's initrd, which it keeps if booted with retain_initrd",
    ),
    done("type", Some('t'), Some("TYPE"), Word::Type, "the type of KERNEL; skexec recognises it by itself"),
    done(
        "no-checks",
        Some('i'),
        NONE,
        Word::NoChecks,
        "with kexec_load, leave out the purgatory's check; refused where signatures are enforced",
    ),
    done("mem-min", NO_LETTER, Some("ADDRESS"), Word::MemMin, "with kexec_load, load nothing below this address"),
    done("mem-max", NO_LETTER, Some("ADDRESS"), Word::MemMax, "with kexec_load, load nothing above this address"),
    done(
        "serial",
        NO_LETTER,
        Some("PORT"),
        Word::Serial,
        "the line for --console-serial: ttyS0 (the default) to ttyS3, or an I/O port",
    ),
    done(
        "console-serial",
        NO_LETTER,
        NONE,
        Word::ConsoleSerial,
        "with kexec_load, the purgatory reports damage on a serial line",
    ),
    done(
        "console-vga",
        NO_LETTER,
        NONE,
        Word::ConsoleVga,
        "with kexec_load, the purgatory reports damage on the screen",
    ),
    done("print-ckr-size", NO_LETTER, NONE, Word::CrashSize, "print the bytes that are reserved for a crash kernel"),
    done("debug", Some('d'), NONE, Word::Debug, "print each step, and the map of what is loaded"),
    done("help", Some('h'), NONE, Word::Help, "print this help"),
    done("version", Some('v'), NONE, Word::Version, "print the version"),
    accepted("no-ifdown", Some('x'), NONE, "skexec never takes network interfaces down"),
    accepted("no-sync", Some('y'), NONE, "skexec always writes file systems to disk before it boots a kernel"),
    accepted("args-linux", NO_LETTER, NONE, "skexec always passes what Linux expects"),
    accepted("reset-vga", NO_LETTER, NONE, "the next kernel finds the screen as the running one left it"),
    accepted("serial-baud", NO_LETTER, Some("RATE"), "the purgatory uses the serial line as it is set up"),
    accepted("reuse-video-type", NO_LETTER, NONE, "skexec always passes on the running kernel's screen_info"),
    accepted("elf64-core-headers", NO_LETTER, NONE, "a crash kernel always gets 64-bit headers"),
    accepted("pass-memmap-cmdline", NO_LETTER, NONE, "a crash kernel is always told its memory in boot_params"),
    accepted(
        "hotplug",
        NO_LETTER,
        NONE,
        "where the running kernel can keep a crash kernel's headers up to date, it always does",
    ),
    accepted("no-cma", NO_LETTER, NONE, "skexec always sets this flag where the running kernel has it (Linux 6.17)"),
    accepted("dt-no-old-root", NO_LETTER, NONE, "this processor has no device tree"),
    refused("args-elf", NONE, "skexec boots Linux kernels only", LEAVE_OUT),
    refused("args-none", NONE, "skexec boots Linux kernels only", LEAVE_OUT),
    refused(
        "module",
        Some("\"FILE ARGS\""),
        "only multiboot kernels such as Xen have modules, and skexec boots Linux kernels only",
        "load the Linux kernel itself, without the hypervisor; give its initrd with --initrd",
    ),
    refused("real-mode", NONE, "skexec enters a kernel by its 64-bit entry point only", LEAVE_OUT),
    refused("entry-32bit", NONE, "skexec enters a kernel by its 64-bit entry point only", LEAVE_OUT),
    refused("entry", Some("ADDRESS"), "the entry point belongs to what is signed", LEAVE_OUT),
    refused("dtb", Some("FILE"), "no signature covers the device tree, and this processor needs none", LEAVE_OUT),
    refused("force-dtb", NONE, "this processor needs no device tree", LEAVE_OUT),
    refused(
        "noefi",
        NONE,
        "skexec always passes on what UEFI needs",
        "leave out the option; if the next kernel must not use UEFI, add noefi to its command line",
    ),
    refused("elf32-core-headers", NONE, "a crash kernel always gets 64-bit headers", LEAVE_OUT),
    refused("load-preserve-context", NONE, JUMP_BACK, "leave out the option; to return later, use hibernation"),
    refused("load-jump-back-helper", NONE, JUMP_BACK, "leave out the option; to return later, use hibernation"),
    refused("load-live-update", NONE, XEN, "use xl or kexec-tools in Xen's dom0"),
    refused("exec-live-update", NONE, XEN, "use xl or kexec-tools in Xen's dom0"),
];
