//! The purgatory's build script, run on a copy of its sources: the image does not depend on the path, and the build refuses forbidden
//! code.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use skexec_purgatory::{ELF, Params};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A checkout of the purgatory alone, at a path of its own.
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

    /// Compiles the build script and runs it as Cargo does, with these additional variables.
    fn build_with(&self, variables: &[(&str, &OsStr)]) -> Output {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let script = self.root.join("script");
        if !script.exists() {
            let mut compile = Command::new(&rustc);
            compile.args(["--edition=2024", "-o"]).arg(&script).arg(self.root.join("purgatory/build.rs"));
            assert!(compile.status().unwrap().success());
        }
        let mut build = Command::new(script);
        build.env("RUSTC", rustc).env("CARGO_MANIFEST_DIR", self.root.join("purgatory")).env("OUT_DIR", &self.root);
        build.env("HOST", HOST).envs(variables.iter().copied());
        build.output().unwrap()
    }

    fn build(&self) -> Output {
        self.build_with(&[])
    }

    /// With every available linker, the build fails and gives the reason.
    fn fails_with(&self, wanted: &[&str]) {
        for linker in linkers() {
            let output = self.build_with(&[("PURGATORY_LINKER", linker.as_os_str())]);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{} built it", linker.display());
            assert!(wanted.iter().any(|wanted| errors.contains(wanted)), "{}: {errors}", linker.display());
        }
    }
}

/// The compiler's name of the host; Cargo gives it to the build script.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// One linker of each kind that this machine has: rustup's, LLVM's, GNU's. `SKEXEC_TEST_LINKERS` (paths, as in PATH) replaces them.
fn linkers() -> Vec<PathBuf> {
    if let Some(named) = env::var_os("SKEXEC_TEST_LINKERS") {
        return env::split_paths(&named).collect();
    }
    let beside = sysroot().join("lib/rustlib").join(HOST).join("bin");
    let path: Vec<_> = env::split_paths(&env::var_os("PATH").unwrap()).collect();
    let kinds = [("rust-lld", vec![beside]), ("ld.lld", path.clone()), ("ld", path)];
    let first = |(name, places): (&str, Vec<PathBuf>)| {
        places.iter().map(|place| place.join(name)).find(|program| program.is_file())
    };
    kinds.into_iter().filter_map(first).collect()
}

fn sysroot() -> PathBuf {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = Command::new(rustc).args(["--print", "sysroot"]).output().unwrap().stdout;
    PathBuf::from(String::from_utf8(printed).unwrap().trim())
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
    assert!(built == ELF, "{} and {} bytes differ", built.len(), ELF.len());
}

/// The code is the same; the order of the constants is the linker's own.
#[test]
fn every_linker_makes_a_whole_image() {
    let checkout = Checkout::new("by each linker");
    let linkers = linkers();
    assert!(!linkers.is_empty());
    for linker in linkers {
        let output = checkout.build_with(&[("PURGATORY_LINKER", linker.as_os_str())]);
        assert!(output.status.success(), "{}: {}", linker.display(), String::from_utf8_lossy(&output.stderr));
        let elf = fs::read(checkout.root.join("purgatory.elf")).unwrap();
        let parsed = goblin::elf::Elf::parse(&elf).unwrap();
        let [segment] = parsed.program_headers.as_slice() else { panic!("{}: not one segment", linker.display()) };
        let bytes = &elf[segment.file_range()];
        assert_eq!((parsed.entry, segment.p_vaddr), (0, 0), "{}", linker.display());
        assert!(bytes.len() <= 32 << 10, "{}: {} bytes", linker.display(), bytes.len());
        assert!(segment.p_memsz >= segment.p_filesz + (16 << 10), "{}: no stack", linker.display());
        assert!(bytes[bytes.len() - Params::SIZE..].starts_with(&Params::MAGIC.to_le_bytes()), "{}", linker.display());
    }
}

#[test]
fn a_missing_linker_is_named() {
    let checkout = Checkout::new("without a linker");
    let rustc = sysroot().join("bin/rustc");
    let nowhere = OsStr::new("");
    let output = checkout.build_with(&[("HOST", nowhere), ("PATH", nowhere), ("RUSTC", rustc.as_os_str())]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it was built");
    assert!(errors.contains("error: no linker for the purgatory was found: install lld or binutils"), "{errors}");
}

#[test]
fn a_linker_of_another_kind_is_refused() {
    let checkout = Checkout::new("with another linker");
    let output = checkout.build_with(&[("PURGATORY_LINKER", OsStr::new("/usr/bin/mold"))]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("error: PURGATORY_LINKER=mold: only lld or GNU ld can link the purgatory"), "{errors}");
}

#[test]
fn another_processor_needs_no_image() {
    let checkout = Checkout::new("for another processor");
    let output = checkout.build_with(&[("CARGO_CFG_TARGET_ARCH", OsStr::new("aarch64"))]);
    assert!(output.status.success());
    assert!(!checkout.root.join("purgatory.elf").exists());
}

#[test]
fn a_panic_path_fails_the_build() {
    let checkout = Checkout::new("with a panic");
    checkout.replace("src/check.rs", "if own != params", "assert!(params.span_count < 99);\n    if own != params");
    checkout.fails_with(&[
        "undefined symbol: purgatory_must_not_panic",
        "undefined reference to `purgatory_must_not_panic'",
    ]);
}

#[test]
fn a_relocation_fails_the_build() {
    let checkout = Checkout::new("with a relocation");
    checkout.append("image/entry.s", "\t.section .rodata.moved, \"aw\"\n\t.quad purgatory_start\n\t.section .start\n\tmovl .rodata.moved(%rip), %eax\n");
    checkout.fails_with(&["purgatory: there is a relocation"]);
}

#[test]
fn a_got_entry_fails_the_build() {
    let checkout = Checkout::new("with a got");
    checkout.append("image/entry.s", "\t.section .text.entry, \"ax\"\n\taddq purgatory_start@GOTPCREL(%rip), %rax\n");
    checkout.fails_with(&["purgatory: there is a .got entry"]);
}

#[test]
fn written_data_fails_the_build() {
    let checkout = Checkout::new("with data");
    checkout.append(
        "image/entry.s",
        "\t.section .data.entry, \"aw\"\n\t.quad 1\n\t.section .start\n\tmovl .data.entry(%rip), %eax\n",
    );
    checkout.fails_with(&["purgatory: there is data that changes"]);
}

#[test]
fn more_than_32_kib_fail_the_build() {
    let checkout = Checkout::new("with fat");
    checkout.append("image/entry.s", "\t.section .text.entry, \"ax\"\n\t.skip 0x8000\n");
    checkout.fails_with(&["purgatory: more than 32 KiB of file bytes"]);
}
