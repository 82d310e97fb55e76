//! The purgatory's build script, run on a copy of its sources: the same bytes from anywhere, and what must not get in.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const EMBEDDED: &[u8] = include_bytes!(env!("PURGATORY_ELF"));

/// A checkout at a path of its own, with nothing in it but the purgatory.
struct Checkout {
    root: PathBuf,
}

impl Checkout {
    fn new(name: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("purgatory {name}"));
        let _absent = fs::remove_dir_all(&root);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("purgatory"), &root.join("purgatory"));
        Self { root }
    }

    fn append(&self, file: &str, text: &str) {
        let path = self.root.join("purgatory").join(file);
        let old = fs::read_to_string(&path).unwrap();
        fs::write(path, old + text).unwrap();
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.root.join("purgatory").join(file);
        let old = fs::read_to_string(&path).unwrap();
        assert_eq!(old.matches(from).count(), 1, "{from}");
        fs::write(path, old.replace(from, to)).unwrap();
    }

    /// Compiles the build script and runs it as Cargo does.
    fn build(&self) -> Output {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let script = self.root.join("script");
        let mut compile = Command::new(&rustc);
        compile.args(["--edition=2024", "-o"]).arg(&script).arg(self.root.join("purgatory/build.rs"));
        assert!(compile.status().unwrap().success());
        let mut build = Command::new(script);
        build.env("RUSTC", rustc).env("CARGO_MANIFEST_DIR", &self.root).env("OUT_DIR", &self.root);
        build.output().unwrap()
    }

    fn fails_with(&self, wanted: &str) {
        let output = self.build();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "it was built");
        assert!(errors.contains(wanted), "{errors}");
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.root);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

#[test]
fn another_checkout_gives_the_same_bytes() {
    let checkout = Checkout::new("elsewhere");
    let output = checkout.build();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let built = fs::read(checkout.root.join("purgatory.elf")).unwrap();
    assert!(built == EMBEDDED, "{} and {} bytes differ", built.len(), EMBEDDED.len());
}

#[test]
fn a_panic_path_fails_the_build() {
    let checkout = Checkout::new("with a panic");
    checkout.replace("src/check.rs", "if own != params", "assert!(params.span_count < 99);\n    if own != params");
    checkout.fails_with("undefined symbol: purgatory_must_not_panic");
}

#[test]
fn a_relocation_fails_the_build() {
    let checkout = Checkout::new("with a relocation");
    checkout.append("image/entry.s", "\t.section .rodata.moved, \"aw\"\n\t.quad purgatory_start\n\t.section .start\n\tmovl .rodata.moved(%rip), %eax\n");
    checkout.fails_with("purgatory: there is a relocation");
}

#[test]
fn a_got_entry_fails_the_build() {
    let checkout = Checkout::new("with a got");
    checkout.append("image/entry.s", "\t.section .text.entry, \"ax\"\n\taddq purgatory_start@GOTPCREL(%rip), %rax\n");
    checkout.fails_with("purgatory: there is a .got entry");
}

#[test]
fn written_data_fails_the_build() {
    let checkout = Checkout::new("with data");
    checkout.append(
        "image/entry.s",
        "\t.section .data.entry, \"aw\"\n\t.quad 1\n\t.section .start\n\tmovl .data.entry(%rip), %eax\n",
    );
    checkout.fails_with("purgatory: there is data that changes");
}

#[test]
fn more_than_32_kib_fail_the_build() {
    let checkout = Checkout::new("with fat");
    checkout.append("image/entry.s", "\t.section .text.entry, \"ax\"\n\t.skip 0x8000\n");
    checkout.fails_with("purgatory: more than 32 KiB of file bytes");
}
