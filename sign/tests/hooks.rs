//! The hooks that sign what was installed (dist/sign), run by real shells with the real program on files of their own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::trust::Signature::{Detached, Embedded};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use support::{Place, trust, verdict};

const RELEASE: &str = "6.1.0-1+deb12";

/// A system below the place: `boot`, `etc`, and the scripts, which call each other there.
struct System {
    place: Place,
    shell: &'static str,
}

impl System {
    fn new(shell: &'static str) -> Self {
        let place = Place::new(&["p256"]);
        for directory in ["boot", "etc/default", "etc/kernel", "bin"] {
            fs::create_dir_all(place.path(directory)).unwrap();
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_skexec-sign"), place.path("bin/skexec-sign")).unwrap();
        let system = Self { place, shell };
        let scripts =
            ["sign-installed", "kernel-postinst", "kernel-postrm", "initramfs-post-update", "95-skexec-sign.install"];
        for name in scripts {
            let text = shipped(name).replace("/usr/lib/skexec-sign/", &format!("{}/", system.at("")));
            system.write(name, &text.replacen("#!/bin/sh", &format!("#!/usr/bin/env {shell}"), 1));
            fs::set_permissions(system.place.path(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        system.write(&kernel(), "");
        system.place.write(&kernel(), &forge::unsigned_bzimage());
        system.write(&initrd(), "an initrd");
        system
    }

    fn at(&self, name: &str) -> String {
        self.place.path(name).to_str().unwrap().trim_end_matches('/').to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.place.path(name).parent().unwrap()).unwrap();
        self.place.write(name, text.as_bytes());
    }

    /// Turns the signing of these things on.
    fn turn_on(&self, what: &str, more: &str) {
        let (key, cert) = (self.at("p256.key"), self.at("p256.pem"));
        let text = format!("SIGN=\"{what}\"\nSIGN_KEY={key}\nSIGN_CERT={cert}\n{more}\n");
        self.write("etc/default/skexec-sign", &text);
    }

    /// Runs a hook, which must succeed; what it wrote on standard error.
    fn run(&self, hook: &str, args: &[&str], variables: &[(&str, &str)]) -> String {
        let path = format!("{}:/usr/bin:/bin", self.at("bin"));
        let mut command = Command::new(self.shell);
        command.arg(self.at(hook)).args(args).env("PATH", path).env("SKEXEC_SIGN_SYSTEM", self.at(""));
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap().replace(&self.at(""), "{}")
    }

    fn install(&self) -> String {
        self.run("kernel-postinst", &[RELEASE, &self.at(&kernel())], &[])
    }

    fn in_boot(&self) -> Vec<String> {
        let entries = fs::read_dir(self.place.path("boot")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names.iter().map(|name| name.replace(RELEASE, "R")).collect()
    }

    fn verdict(&self, name: &str) -> &'static str {
        let signature = self.place.read(&format!("{name}.p7s"));
        verdict(&self.place.read(name), Detached(&signature), &trust())
    }
}

fn shipped(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/sign").join(name)).unwrap()
}

fn kernel() -> String {
    format!("boot/vmlinuz-{RELEASE}")
}

fn initrd() -> String {
    format!("boot/initrd.img-{RELEASE}")
}

fn shells() -> impl Iterator<Item = &'static str> {
    ["sh", "bash"].into_iter().filter(|shell| Command::new(shell).arg("-c").arg(":").output().is_ok())
}

#[test]
fn nothing_is_signed_by_default() {
    for shell in shells() {
        let system = System::new(shell);
        assert_eq!(system.install(), "");
        system.write("etc/default/skexec-sign", &shipped("default"));
        assert_eq!(system.install(), "");
        let initrd = system.at(&initrd());
        assert_eq!(system.run("initramfs-post-update", &[RELEASE, &initrd], &[]), "");
        assert_eq!(system.in_boot(), ["initrd.img-R", "vmlinuz-R"]);
        assert_eq!(system.place.read(&kernel()), forge::unsigned_bzimage());
    }
}

#[test]
fn kernel_initrd_and_command_line_are_signed() {
    for shell in shells() {
        let system = System::new(shell);
        system.turn_on("image initrd manifest", "SIGN_VARY='console=ttyS[0-9]* quiet'\nSIGN_VERSION=7");
        system.write("etc/kernel/cmdline", " root=LABEL=r\nro \n");
        assert_eq!(system.install(), "");
        let wanted = ["initrd.img-R", "initrd.img-R.p7s", "vmlinuz-R", "vmlinuz-R.manifest", "vmlinuz-R.manifest.p7s"];
        assert_eq!(system.in_boot(), wanted);
        assert_eq!(verdict(&system.place.read(&kernel()), Embedded, &trust()), "trusted");
        let manifest = format!("{}.manifest", kernel());
        assert_eq!((system.verdict(&initrd()), system.verdict(&manifest)), ("trusted", "trusted"));
        let text = String::from_utf8(system.place.read(&manifest)).unwrap();
        let size = system.place.read(&kernel()).len();
        for line in [
            "name = \"linux-6.1.0-1_deb12\"".to_owned(),
            "version = 7".to_owned(),
            "cmdline = \"root=LABEL=r ro\"".to_owned(),
            format!("size = {size}\nfile = \"vmlinuz-{RELEASE}\""),
            format!("size = 9\nfile = \"initrd.img-{RELEASE}\""),
            "[vary]\n\"console\" = [\"ttyS[0-9]*\"]\n\"quiet\" = [\"\"]".to_owned(),
        ] {
            assert!(text.contains(&format!("{line}\n")), "{shell}: {line}: {text}");
        }
        system.run("kernel-postrm", &[RELEASE, &system.at(&kernel())], &[]);
        assert_eq!(system.in_boot(), ["initrd.img-R", "vmlinuz-R"]);
    }
}

/// The loader would look for it beside the manifest.
#[test]
fn an_initrd_that_lies_elsewhere_is_not_named() {
    for shell in shells() {
        let system = System::new(shell);
        system.turn_on("manifest", "SIGN_CMDLINE=ro");
        system.write("elsewhere/microcode", "microcode");
        let args = ["kernel", RELEASE, &system.at(&kernel()), &system.at("elsewhere/microcode")];
        assert_eq!(system.run("sign-installed", &args, &[]), "");
        let manifest = format!("{}.manifest", kernel());
        let text = String::from_utf8(system.place.read(&manifest)).unwrap();
        assert!(text.contains("\nsize = 9\n") && !text.contains("file = "), "{shell}: {text}");
        assert_eq!(system.verdict(&manifest), "trusted");
    }
}

#[test]
fn a_new_initrd_is_signed_again() {
    let system = System::new("sh");
    system.turn_on("initrd manifest", "SIGN_CMDLINE=ro");
    system.install();
    system.write(&initrd(), "another initrd");
    assert_eq!(system.verdict(&initrd()), "message-digest");
    assert_eq!(system.run("initramfs-post-update", &[RELEASE, &system.at(&initrd())], &[]), "");
    let manifest = format!("{}.manifest", kernel());
    assert_eq!((system.verdict(&initrd()), system.verdict(&manifest)), ("trusted", "trusted"));
    assert!(String::from_utf8(system.place.read(&manifest)).unwrap().contains("size = 14\n"));
    // The kernel itself is signed only when it is installed.
    system.turn_on("image", "");
    system.run("initramfs-post-update", &[RELEASE, &system.at(&initrd())], &[]);
    assert_eq!(system.place.read(&kernel()), forge::unsigned_bzimage());
}

#[test]
fn a_failure_is_a_warning_and_keeps_the_old_files() {
    let partly = "W: skexec-sign: not everything was signed; skexec may refuse to load this kernel\n";
    for shell in shells() {
        let system = System::new(shell);
        system.turn_on("initrd manifest", "");
        let said = system.install();
        assert!(
            said.starts_with("W: skexec-sign: a manifest binds a command line: ") && said.ends_with(partly),
            "{said}"
        );
        let old = system.place.read(&format!("{}.p7s", initrd()));
        system.turn_on("initrd", "SIGN_KEY=/none");
        let said = system.install();
        assert!(said.starts_with("skexec-sign: cannot read /none: ") && said.ends_with(partly), "{said}");
        assert_eq!(system.place.read(&format!("{}.p7s", initrd())), old);
        for (settings, wanted) in [
            ("SIGN=everything", "W: skexec-sign: SIGN=everything in /etc/default/skexec-sign is not known"),
            ("SIGN=initrd", "W: skexec-sign: /etc/default/skexec-sign must set SIGN_KEY and SIGN_CERT"),
            ("SIGN=\"initrd", ""),
            ("exit 3", ""),
        ] {
            system.write("etc/default/skexec-sign", &format!("{settings}\n"));
            let said = system.install();
            assert!(said.starts_with(wanted) && said.ends_with(partly), "{shell}: {settings}: {said}");
        }
        assert_eq!(system.in_boot(), ["initrd.img-R", "initrd.img-R.p7s", "vmlinuz-R"]);
    }
}

#[test]
fn kernel_install_signs_what_the_entry_names() {
    for shell in shells() {
        let system = System::new(shell);
        system.turn_on("manifest", "SIGN_CMDLINE=other");
        let folder = format!("boot/token/{RELEASE}");
        system.write(&format!("{folder}/linux"), "a kernel");
        system.write(&format!("{folder}/initrd"), "an initrd");
        system.write(&format!("{folder}/microcode"), "code");
        let entry = format!(
            "# a comment\ntitle x\nlinux /token/{RELEASE}/linux\ninitrd /token/{RELEASE}/microcode\n\
             initrd     /token/{RELEASE}/initrd\noptions root=LABEL=r  ro\noptions x=\\b\n"
        );
        system.write(&format!("boot/loader/entries/token-{RELEASE}+3.conf"), &entry);
        let variables = |layout| {
            let boot: &'static str = system.at("boot").leak();
            [
                ("KERNEL_INSTALL_BOOT_ROOT", boot),
                ("KERNEL_INSTALL_ENTRY_TOKEN", "token"),
                ("KERNEL_INSTALL_LAYOUT", layout),
            ]
        };
        let plugin = "95-skexec-sign.install";
        for (command, layout) in [("add", "other"), ("remove", "bls")] {
            assert_eq!(system.run(plugin, &[command, RELEASE], &variables(layout)), "");
            assert!(!system.place.path(&format!("{folder}/linux.manifest")).exists());
        }
        assert_eq!(system.run(plugin, &["add", RELEASE], &variables("bls")), "");
        let text = String::from_utf8(system.place.read(&format!("{folder}/linux.manifest"))).unwrap();
        assert!(text.contains("cmdline = \"root=LABEL=r  ro x=\\\\b\"\n"), "{text}");
        let (first, second) = (text.find("file = \"microcode\"").unwrap(), text.find("file = \"initrd\"").unwrap());
        assert!(first < second);
        assert_eq!(system.verdict(&format!("{folder}/linux.manifest")), "trusted");

        let image = format!("boot/EFI/Linux/token-{RELEASE}.efi");
        system.write(&image, "");
        system.place.write(&image, &forge::unsigned_bzimage());
        system.run(plugin, &["add", RELEASE], &variables("uki"));
        assert_eq!(system.place.read(&image), forge::unsigned_bzimage());
        system.turn_on("image", "");
        assert_eq!(system.run(plugin, &["add", RELEASE], &variables("uki")), "");
        assert_eq!(verdict(&system.place.read(&image), Embedded, &trust()), "trusted");
    }
}
