//! What the words mean.

use super::*;
use crate::memory::PhysAddr;

/// The words of a shell's line.
fn words(line: &str) -> Vec<OsString> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).map(OsString::from).collect()
}

/// What is done, in short.
fn read(line: &str) -> String {
    match asked(&words(line)) {
        Ok(Asked::Call(call)) => call.short(),
        Ok(other) => format!("{other:?}"),
        Err(Misuse::Usage(what)) => format!("usage: {what}"),
        Err(Misuse::NoKernel) => "no kernel".into(),
        Err(Misuse::Refused(what, ..)) => format!("refused: {what}"),
    }
}

impl Call {
    fn short(&self) -> String {
        let mut text = Vec::new();
        let panic = if self.panic { " the crash kernel" } else { "" };
        if self.unload {
            text.push(format!("unload{panic}"));
        }
        text.extend(self.load.as_ref().map(|load| format!("load{panic} {}", load.short())));
        text.extend((self.then != Then::Nothing).then(|| format!("{:?}", self.then)));
        text.extend(self.debug.then(|| "debug".to_owned()));
        text.extend(self.notes.iter().map(|note| format!("note: {note}")));
        text.join("; ")
    }
}

impl Load {
    fn short(&self) -> String {
        let mut text = self.kernel.display().to_string();
        if self.reuse_initrd {
            text.push_str(" reused initrd");
        }
        for initrd in &self.initrds {
            text.push_str(&format!(" initrd {}", initrd.display()));
        }
        if self.reuse_cmdline {
            text.push_str(" reused cmdline");
        }
        for piece in &self.cmdline {
            text.push_str(&format!(" cmdline '{piece}'"));
        }
        text.push_str(&self.method.map(|method| format!(" by {}", method.name())).unwrap_or_default());
        if self.bounds != Bounds::default() || self.console != Console::default() {
            let bound = |bound: Option<PhysAddr>| bound.map_or_else(|| "-".to_owned(), |at| at.to_string());
            let (lowest, highest) = (bound(self.bounds.lowest), bound(self.bounds.highest));
            text.push_str(&format!(" {lowest} {highest} {:?}", self.console));
        }
        if self.unchecked { text + " unchecked" } else { text }
    }
}

#[test]
fn every_callers_words_are_understood() {
    let rows = [
        // The kernel's own tests: tools/testing/selftests/kexec.
        ("--load K", "load K"),
        ("--load --kexec-file-syscall K", "load K by file"),
        ("--unload", "unload"),
        ("--unload --kexec-file-syscall", "unload"),
        // Debian's kexec-load and kexec.
        (
            "-l /boot/vmlinuz --initrd=/boot/initrd.img --append=\"root=/dev/sda1 ro quiet\"",
            "load /boot/vmlinuz initrd /boot/initrd.img cmdline 'root=/dev/sda1 ro quiet'",
        ),
        ("-l /boot/vmlinuz --append=ro", "load /boot/vmlinuz cmdline 'ro'"),
        ("-e", "Jump"),
        // kdump-config of Debian.
        (
            "-p --command-line=\"root=UUID=1 reset_devices nr_cpus=1\" --initrd=/var/lib/kdump/initrd.img /var/lib/kdump/vmlinuz",
            "load the crash kernel /var/lib/kdump/vmlinuz initrd /var/lib/kdump/initrd.img cmdline 'root=UUID=1 reset_devices nr_cpus=1'",
        ),
        ("-p -s --args-linux --command-line=ro --initrd=I K", "load the crash kernel K initrd I cmdline 'ro' by file"),
        ("-p -u", "unload the crash kernel"),
        ("-s -p -u", "unload the crash kernel"),
        // systemd 252 and 257.
        (
            "--load /boot/vmlinuz --append \"root=/dev/vda1 ro\" --initrd /boot/initrd",
            "load /boot/vmlinuz initrd /boot/initrd cmdline 'root=/dev/vda1 ro'",
        ),
        ("--load K --append ro", "load K cmdline 'ro'"),
        // ZFSBootMenu.
        (
            "-a -l /mnt/vmlinuz --initrd=/mnt/initrd --command-line=\"root=zfs:tank/root quiet\"",
            "load /mnt/vmlinuz initrd /mnt/initrd cmdline 'root=zfs:tank/root quiet'",
        ),
        ("-a -l K --initrd=I --command-line=", "load K initrd I cmdline ''"),
        ("-e -i", "Jump"),
        // petitboot.
        ("-l --initrd=I --append=ro K", "load K initrd I cmdline 'ro'"),
        ("-s --initrd=I --append=ro K", "load K initrd I cmdline 'ro' by file; Shutdown"),
        ("-e -f", "Jump"),
        // heads.
        ("-l K --initrd=I --append=\"ro quiet\"", "load K initrd I cmdline 'ro quiet'"),
        ("-l xen.gz --module \"vmlinuz root=/dev/sda1\" --module initrd", "refused: --module"),
        // nixos-images.
        (
            "--load ./bzImage --kexec-syscall-auto --initrd=./initrd --no-checks --command-line \"init=/nix/store/x/init quiet\"",
            "load ./bzImage initrd ./initrd cmdline 'init=/nix/store/x/init quiet' unchecked",
        ),
        // cryptreboot.
        ("-al K --append ro --initrd I", "load K initrd I cmdline 'ro'"),
        // kiwi, Salt.
        ("--help", "Help"),
        // openSUSE's kdump, linuxrc, transactional-update, SONiC.
        ("-p K --append=quiet --initrd=I -a", "load the crash kernel K initrd I cmdline 'quiet'"),
        ("-a -p -u", "unload the crash kernel"),
        ("-a -l K --initrd=I --reuse-cmdline", "load K initrd I reused cmdline"),
        ("-a -l K --initrd=I --append=ro", "load K initrd I cmdline 'ro'"),
        ("-u -a", "unload"),
    ];
    for (line, wanted) in rows {
        assert_eq!(read(line), wanted, "{line}");
    }
}

#[test]
fn the_last_action_counts() {
    let rows = [
        ("K", "load K; Shutdown"),
        ("", "no kernel"),
        ("-l", "no kernel"),
        ("-f", "no kernel"),
        ("-e -l", "no kernel"),
        ("-f K", "load K; Jump"),
        ("-l -e K", "load K; Jump"),
        ("-l -e", "Jump"),
        ("-p -e K", "Jump"),
        ("-e -l K", "load K"),
        ("-l -f K", "load K; Jump"),
        ("-e -f K", "load K; Jump"),
        ("-f -e", "Jump"),
        ("-u -l K", "unload; load K"),
        ("-u -p", "unload the crash kernel"),
        ("-u -e", "unload; Jump"),
        ("-d -x -y -l K", "load K; debug"),
        ("-l K -v -z", "Version"),
        ("-l K --print-ckr-size", "CrashSize"),
        ("-l K -h", "Help"),
        ("-S", "Status(Panic)"),
        ("-S -l", "Status(Reboot)"),
        ("-S -p", "Status(Panic)"),
        ("-S -l -p K", "Status(Panic)"),
        ("-s -c K -l", "load K by segments"),
        ("-c -a K -l", "load K"),
        ("-p -c K", "load the crash kernel K by segments"),
    ];
    for (line, wanted) in rows {
        assert_eq!(read(line), wanted, "{line}");
    }
}

#[test]
fn what_is_given_twice_is_joined_and_said() {
    let note = |name, count| format!("note: {name} was given {count} times: all are used, joined in this order");
    let rows = [
        (
            "-l K --append=a --command-line=\"b c\"",
            format!("load K cmdline 'a' cmdline 'b c'; {}", note("--append", 2)),
        ),
        ("-l K --append=a --reuse-cmdline", "load K reused cmdline cmdline 'a'".to_owned()),
        (
            "-l K --initrd=a --ramdisk b --initrd c",
            format!("load K initrd a initrd b initrd c; {}", note("--initrd", 3)),
        ),
        ("-l K --initrd=a --reuseinitrd", "load K reused initrd initrd a".to_owned()),
    ];
    for (line, wanted) in rows {
        assert_eq!(read(line), wanted, "{line}");
    }
}

#[test]
fn places_and_consoles() {
    let rows = [
        ("-c -l K --mem-min=0x1000000 --mem-max 4294967296", "load K by segments 0x1000000 0x100000000 Auto"),
        ("-c -l K --console-vga", "load K by segments - - Vga"),
        ("-c -l K --console-serial", "load K by segments - - Serial(1016)"),
        ("-c -l K --serial=ttyS1 --console-serial --serial-baud=9600", "load K by segments - - Serial(760)"),
        ("-c -l K --console-serial --serial=0x3e8", "load K by segments - - Serial(1000)"),
        ("-c -l K --serial=ttyS1", "load K by segments"),
        ("-l K --serial=vga", "usage: --serial vga: give ttyS0 to ttyS3, or an I/O port such as 0x3f8"),
        ("-l K --mem-min=x", "usage: --mem-min x: not a size: write 4096, 0x1000, 64M or 4G"),
        ("-l K --mem-min=2 --mem-max=1", "usage: --mem-min 0x2 is not below --mem-max 0x1"),
    ];
    for (line, wanted) in rows {
        assert_eq!(read(line), wanted, "{line}");
    }
}

#[test]
fn what_is_not_supported_is_refused() {
    let options = "--load-preserve-context --load-jump-back-helper --load-live-update --exec-live-update --real-mode \
        --entry-32bit --entry=1 --dtb=x --force-dtb --noefi --elf32-core-headers --args-elf --args-none --module=x";
    for option in options.split_whitespace() {
        let name = option.split('=').next().unwrap();
        assert_eq!(read(&format!("-l K {option}")), format!("refused: {name}"));
    }
    for name in ["multiboot-x86", "multiboot2-x86", "nbi-x86", "beoboot-x86", "elf-x86", "zImage"] {
        assert_eq!(read(&format!("-l K -t {name}")), format!("refused: --type {name}"));
    }
    for name in ["bzImage", "bzImage64", "elf-x86_64", "uki"] {
        assert_eq!(read(&format!("-l K -t {name}")), "load K");
    }
}

#[test]
fn what_cannot_be_understood_is_no_call() {
    let rows = [
        ("-l K -z", "usage: there is no option -z"),
        ("-l K L M", "usage: two files are named as KERNEL, K and L: quote a command line that has blanks"),
        ("-l K --initrd=", "usage: --initrd : name a file, or leave the option out"),
        ("-l K --load=x", "usage: --load takes no argument"),
    ];
    for (line, wanted) in rows {
        assert_eq!(read(line), wanted, "{line}");
    }
}
