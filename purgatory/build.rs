//! Builds the purgatory's image and tells skexec where it is.
//!
//! Two calls of the compiler, and no Cargo between: nothing of the user's profile, flags or target gets in, no lock file is
//! resolved and no network asked. All paths are relative to the checkout. So the same compiler makes the same bytes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One target, whatever skexec itself is built for: with these flags it makes freestanding code of its `core` library.
const CODE: [&str; 10] = [
    "--edition=2024",
    "--target=x86_64-unknown-linux-gnu",
    "-Ctarget-cpu=x86-64",
    "-Copt-level=2",
    "-Ccodegen-units=1",
    "-Cpanic=abort",
    "-Crelocation-model=pic",
    // With RELRO, calls go through the .got.
    "-Crelro-level=off",
    // An NMI may come at any time, on the same stack.
    "-Cno-redzone=yes",
    // The rounds of SHA-256 stand in the order in which a processor runs them best; the scheduler would undo it.
    "-Cllvm-args=--enable-misched=false --enable-post-misched=false",
];

/// No C compiler, no C library, no startup files.
const LINK: [&str; 4] = [
    "-Clinker=rust-lld",
    "-Clinker-flavor=ld.lld",
    "-Clink-arg=--no-dynamic-linker",
    "-Clink-arg=-Tpurgatory/purgatory.ld",
];

fn main() {
    println!("cargo::rerun-if-changed=purgatory");
    // The image is x86-64 code. On another processor skexec loads no kernel, and has no image.
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch != "x86_64") {
        return;
    }
    let out = PathBuf::from(variable("OUT_DIR"));
    let (shared, image) = (out.join("libskexec_purgatory.rlib"), out.join("purgatory.elf"));
    compile(Path::new("purgatory/src/lib.rs"), &shared, &["--crate-name=skexec_purgatory", "--crate-type=rlib"], &[]);
    let with_shared = format!("--extern=skexec_purgatory={}", shared.display());
    let flags = ["--crate-name=purgatory", "--crate-type=bin", &with_shared];
    compile(Path::new("purgatory/image/main.rs"), &image, &flags, &LINK);
    println!("cargo::rustc-env=PURGATORY_ELF={}", image.display());
}

fn compile(source: &Path, output: &Path, flags: &[&str], link: &[&str]) {
    let mut rustc = Command::new(variable("RUSTC"));
    rustc
        .current_dir(variable("CARGO_MANIFEST_DIR"))
        .args(CODE)
        .args(flags)
        .args(link)
        .arg("-o")
        .arg(output)
        .arg(source);
    let status = rustc.status().expect("the compiler can be started");
    assert!(status.success(), "{} does not build", source.display());
}

fn variable(name: &str) -> std::ffi::OsString {
    env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}"))
}
