//! The files that `cargo package` takes from this checkout: all that a build needs, and no test.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

fn list(package: &str) -> Vec<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    let output =
        cargo.args(["package", "--list", "--offline", "--allow-dirty", "--package", package]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The files that Cargo adds itself.
const CARGOS: [&str; 4] = ["Cargo.lock", "Cargo.toml", "Cargo.toml.orig", ".cargo_vcs_info.json"];

fn check(package: &str, needed: &[&str], allowed: &[&str]) {
    let files = list(package);
    for needed in needed {
        assert!(files.iter().any(|file| file == needed), "{package} lacks {needed}");
    }
    let others: Vec<_> = files
        .iter()
        .filter(|file| !CARGOS.contains(&file.as_str()) && !allowed.iter().any(|start| file.starts_with(start)))
        .collect();
    assert!(others.is_empty(), "{package} would hold {others:?}");
}

#[test]
fn the_loader() {
    let needed = ["src/main.rs", "src/lib.rs", "dist/generate/main.rs", "README.md", "LICENSE-MIT", "LICENSE-APACHE"];
    check("skexec", &needed, &["src/", "dist/generate/", "README.md", "CHANGELOG.md", "LICENSE-"]);
}

#[test]
fn the_purgatory() {
    let needed = ["build.rs", "purgatory.ld", "src/lib.rs", "image/main.rs", "image/entry.s"];
    check("skexec-purgatory", &needed, &["src/", "image/", "build.rs", "purgatory.ld"]);
}
