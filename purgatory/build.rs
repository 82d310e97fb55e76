//! Builds the purgatory's image and tells skexec where it is.
//!
//! It is built for the host's own target with a linker script of ours, whatever skexec itself is built for and with: the
//! flags below replace the user's, so that the same bytes come out of every build.

use std::env;
use std::path::PathBuf;
use std::process::Command;

const TARGET: &str = "x86_64-unknown-linux-gnu";

const FLAGS: [&str; 7] = [
    "-Crelocation-model=pic",
    // With RELRO, calls go through the .got.
    "-Crelro-level=off",
    // An NMI may come at any time, on the same stack.
    "-Cno-redzone=yes",
    "-Clinker=rust-lld",
    "-Clinker-flavor=ld.lld",
    "-Clink-arg=--no-dynamic-linker",
    // From the workspace's root, where Cargo starts the compiler: no path of this checkout gets in.
    "-Clink-arg=-Tpurgatory/purgatory.ld",
];

/// What of the outer build must not reach the inner one.
const OUTER: [&str; 5] =
    ["RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_BUILD_BUILD_DIR"];

fn main() {
    println!("cargo::rerun-if-changed=purgatory");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(variable("OUT_DIR")).join("purgatory");
    let mut build = Command::new(variable("CARGO"));
    build.args(["build", "--package=skexec-purgatory", "--bin=purgatory", "--features=image", "--profile=purgatory"]);
    // It has no dependency, so there is nothing to ask a network for.
    build.args(["--offline", "--target", TARGET, "--target-dir"]).arg(&out).current_dir(&root);
    for name in OUTER {
        build.env_remove(name);
    }
    build.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    let status = build.status().expect("cargo can be started");
    assert!(status.success(), "the purgatory did not build");
    let image = out.join(TARGET).join("purgatory/purgatory");
    println!("cargo::rustc-env=PURGATORY_ELF={}", image.display());
}

fn variable(name: &str) -> std::ffi::OsString {
    env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}"))
}
