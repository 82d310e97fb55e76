//! dist/lib/first-stage.sh: the code that both kinds of initramfs share.

use crate::stage::{LINE, Stage, shells, text};
use std::fs;
use std::path::Path;

const BOOT: &str = r#"
. dist/lib/first-stage.sh
skexec_system={}
skexec_shell() { echo "shell [$*]" >>"$LOG"; }
skexec_parse "$LINE"
skexec_boot /dev/vda1 ext4
"#;

#[test]
fn words_are_split_and_unquoted_as_the_kernel_does() {
    let stage = Stage::new();
    let script = r#"
. dist/lib/first-stage.sh
skexec_parse "$LINE"
echo "$skexec_root|$skexec_kernel|$(echo $skexec_initrds)|$skexec_append|$skexec_onfail|$skexec_covers|$(skexec_cmdline)"
"#;
    let rows = [
        ("", "||||||root="),
        ("quiet skexec.kernel=/a skexec.root=/dev/vda1", "/dev/vda1|/a|||||root=/dev/vda1"),
        ("skexec.kernel=/a skexec.kernel=/b\n", "|/b|||||root="),
        ("skexec.kernel=\"/a b\" x", "|/a b|||||root="),
        ("\"skexec.kernel=/a b\" x", "|/a b|||||root="),
        ("skexec.kernel=/a=b", "|/a=b|||||root="),
        ("skexec.initrd=/i skexec.initrd=/j", "||/i /j||||root="),
        ("skexec.append=quiet skexec.append=\"a b\"", "|||quiet a b|||root= quiet a b"),
        ("skexec.append=dyndbg=\"file x +p\"", "|||dyndbg=\"file x +p\"|||root= dyndbg=\"file x +p\""),
        ("skexec.root=UUID=1-2 skexec.append=\"ro x\"", "UUID=1-2|||ro x|||root=UUID=1-2 ro x"),
        ("skexec.root=A skexec.append=\"x root=B\"", "A|||x root=B|||x root=B"),
        ("skexec.root=A skexec.append=rd.root=B", "A|||rd.root=B|||root=A rd.root=B"),
        ("skexec.root=\"LABEL=my disk\"", "LABEL=my disk||||||root=\"LABEL=my disk\""),
        ("skexec.onfail=halt skexec.covers=kernel", "||||halt|kernel|root="),
        ("x -- skexec.kernel=/a", "||||||root="),
        // An unclosed quote extends to the end of the line, as for the kernel.
        ("skexec.kernel=\"/a b", "|/a b|||||root="),
        ("skexec.root=A\tskexec.kernel=/a skexec.append=\"ro x", "A|/a||ro x|||root=A ro x"),
        ("notskexec.kernel=/a x.skexec.kernel=/a skexec.kernel", "||||||root="),
        ("skexec.kernel=/* skexec.append='$(reboot) `x` \\n'", "|/*||'$(reboot)|||root= '$(reboot)"),
        ("skexec.append=\"$(reboot) `x` \\n *\"", "|||$(reboot) `x` \\n *|||root= $(reboot) `x` \\n *"),
    ];
    for shell in shells() {
        for (line, wanted) in rows {
            let run = stage.run(shell, script, line);
            // The echo of one of the two shells interprets backslashes.
            let script = script.replace("echo \"", "printf '%s\\n' \"");
            let run = if line.contains('\\') { stage.run(shell, &script, line) } else { run };
            assert_eq!(text(&run.stdout).trim_end_matches('\n'), wanted, "{shell}: {line}: {}", text(&run.stderr));
        }
        let run = stage.run(shell, script, "skexec.kernle=/a");
        assert_eq!(text(&run.stderr), "skexec: warning: skexec.kernle= is not known\n");
    }
    assert_eq!(stage.log(), [""; 0]);
}

#[test]
fn a_trusted_kernel_is_loaded_from_a_disk_that_is_only_read() {
    let stage = Stage::new();
    let mount = "mount [-t] [ext4] [-o] [ro,nodev,nosuid,noexec,noload] [/dev/vda1] [{}/run/skexec-root]";
    let security = "mount [-t] [securityfs] [-o] [nodev,nosuid,noexec] [securityfs] [{}/sys/kernel/security]";
    let load = "skexec [load] [{}/run/skexec-root/boot/vmlinuz]";
    let rows = [
        ("", "[--no-initrd] [--require-signed-initrd] [--cmdline] [root=LABEL=r]"),
        (
            "skexec.initrd=\"/a b\" skexec.initrd=/* skexec.append=quiet",
            "[--initrd] [{}/run/skexec-root/a b] [--initrd] [{}/run/skexec-root/*] [--require-signed-initrd] [--cmdline] \
             [root=LABEL=r quiet]",
        ),
        ("skexec.initrd=i skexec.covers=kernel", "[--initrd] [{}/run/skexec-root/i] [--cmdline] [root=LABEL=r]"),
        ("skexec.covers=kernel,initrd", "[--no-initrd] [--require-signed-initrd] [--cmdline] [root=LABEL=r]"),
        ("skexec.covers=kernle", "[--no-initrd] [--require-signed-initrd] [--cmdline] [root=LABEL=r]"),
    ];
    for shell in shells() {
        for (more, wanted) in rows {
            let run = stage.run(shell, BOOT, &format!("{LINE} {more}"));
            let wanted = [
                mount.to_owned(),
                security.to_owned(),
                format!("{load} {wanted}"),
                "umount [{}/run/skexec-root]".to_owned(),
                "skexec [exec] [--force]".to_owned(),
                // skexec exec returned, which is a failure.
                "shell [skexec: /boot/vmlinuz on LABEL=r is loaded, but the jump failed (exit code 0)]".to_owned(),
            ];
            assert_eq!(stage.log(), wanted, "{shell}: {more}: {}", text(&run.stderr));
        }
    }
    stage.run("sh", BOOT, &format!("{LINE} skexec.rootflags=subvol=@"));
    assert!(stage.log()[0].contains("[ro,nodev,nosuid,noexec,subvol=@]"));
    assert!(!stage.path("proc/sysrq-trigger").exists());
}

/// A unified kernel image and a kernel with a manifest bring their initrd and their command line.
#[test]
fn a_bundle_needs_neither_an_initrd_nor_a_command_line() {
    let stage = Stage::new();
    stage.write("run/skexec-root/boot/bound.manifest", "");
    std::os::unix::fs::symlink("nowhere", stage.path("run/skexec-root/boot/lost.manifest")).unwrap();
    let rows = [
        ("skexec.kernel=/EFI/Linux/a.efi", "[/EFI/Linux/a.efi] [--require-signed-initrd]"),
        ("skexec.kernel=/A.EFI skexec.covers=kernel", "[/A.EFI]"),
        ("skexec.kernel=/boot/bound", "[/boot/bound] [--require-signed-initrd]"),
        // A manifest that was meant to be there is for skexec to refuse.
        ("skexec.kernel=/boot/lost", "[/boot/lost] [--require-signed-initrd]"),
        (
            "skexec.kernel=/boot/bound skexec.initrd=/i skexec.append=\"a b\"",
            "[/boot/bound] [--initrd] [/i] [--require-signed-initrd] [--append] [a b]",
        ),
        (
            "skexec.kernel=/boot/other",
            "[/boot/other] [--no-initrd] [--require-signed-initrd] [--cmdline] [root=LABEL=r]",
        ),
    ];
    for shell in shells() {
        for (more, wanted) in rows {
            let run = stage.run(shell, BOOT, &format!("{LINE} {more}"));
            let log = stage.log().join("\n").replace("[{}/run/skexec-root/", "[/");
            let line = format!("\nskexec [load] {wanted}\n");
            assert!(log.contains(&line), "{shell}: {more}: {log}: {}", text(&run.stderr));
        }
    }
}

#[test]
fn on_an_efi_machine_the_variables_are_mounted_once() {
    let stage = Stage::new();
    fs::create_dir_all(stage.path("sys/firmware/efi/efivars")).unwrap();
    let efivars = "mount [-t] [efivarfs] [-o] [ro,nodev,nosuid,noexec] [efivarfs] [{}/sys/firmware/efi/efivars]";
    stage.run("sh", BOOT, LINE);
    assert_eq!(stage.log()[1..3], ["modprobe [-q] [efivarfs]", efivars]);
    stage.write(
        "proc/mounts",
        "e /sys/firmware/efi/efivars efivarfs rw 0 0\ns /sys/kernel/security securityfs rw 0 0\n",
    );
    stage.run("sh", BOOT, LINE);
    assert!(stage.log()[1].starts_with("skexec [load]"));
    // If they cannot be mounted, skexec reports the consequences.
    stage.write("proc/mounts", "");
    stage.write("bin/mount.exit", "1");
    let run = stage.run("sh", &BOOT.replace("skexec_boot /dev/vda1 ext4", "skexec_mount_kernels_own; echo on"), LINE);
    assert_eq!(text(&run.stdout), "on\n");
    assert!(text(&run.stderr).contains("warning: cannot mount efivarfs\n"), "{run:?}");
}

#[test]
fn a_refusal_does_what_onfail_says() {
    let stage = Stage::new();
    stage.write("bin/skexec.exit", "3");
    let failed = "/boot/vmlinuz on LABEL=r is not booted (exit code 3)";
    let shell_words = format!("shell [skexec: {failed}]");
    for shell in shells() {
        for (onfail, end) in [
            ("", vec![shell_words.as_str()]),
            ("skexec.onfail=shell", vec![&shell_words]),
            ("skexec.onfail=reboto", vec![&shell_words]),
            ("skexec.onfail=reboot", vec!["sleep [10]", "reboot [-f]", "sleep [3600]"]),
            ("skexec.onfail=halt", vec!["halt [-f]", "sleep [3600]"]),
        ] {
            let run = stage.run(shell, BOOT, &format!("{LINE} {onfail}"));
            let log = stage.log();
            assert!(!log.contains(&"skexec [exec] [--force]".to_owned()), "{shell}: {onfail}: {log:?}");
            assert_eq!(log[3], "umount [{}/run/skexec-root]");
            assert_eq!(log[4..], end, "{shell}: {onfail}");
            assert!(text(&run.stderr).contains(&format!("skexec: {failed}\n")), "{run:?}");
        }
    }
    // If reboot and halt have no effect, the script uses SysRq; the boot does not continue.
    stage.run("sh", BOOT, &format!("{LINE} skexec.onfail=reboot"));
    assert_eq!(fs::read_to_string(stage.path("proc/sysrq-trigger")).unwrap(), "b\n");
    stage.run("sh", BOOT, &format!("{LINE} skexec.onfail=halt"));
    assert_eq!(fs::read_to_string(stage.path("proc/sysrq-trigger")).unwrap(), "o\n");
    // If the file system cannot be mounted, no file is read.
    stage.log();
    stage.write("bin/mount.exit", "32");
    stage.run("sh", BOOT, LINE);
    let log = stage.log();
    assert_eq!(log[1..], ["shell [skexec: cannot mount /dev/vda1, which skexec.root= names]"]);
}

/// Every parameter that the first stage reads, from its own source.
#[test]
fn both_manuals_name_every_parameter() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(repository.join(name)).unwrap();
    let (code, page) = (read("dist/lib/first-stage.sh"), read("dist/generate/tail.roff"));
    let manual = read("docs/first-stage.md");
    let parameters = code.lines().filter_map(|line| line.trim().strip_prefix("skexec.")?.split_once("=*)"));
    let parameters = parameters.filter(|(name, _)| name.bytes().all(|letter| letter.is_ascii_lowercase()));
    let names: Vec<_> = parameters.map(|(name, _)| format!("skexec.{name}=")).collect();
    assert_eq!(names.len(), 7);
    for name in names {
        assert!(manual.contains(&format!("| `{name}")) && page.contains(&format!(" {name} ")), "{name}");
    }
}
