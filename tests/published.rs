//! The files that `cargo package` takes from this checkout: all that a build needs, and no test.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;
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

/// The oldest Rust that Cargo.toml states is no older than what each crate that is linked in needs. That our own code needs
/// nothing newer is clippy's to find (`incompatible_msrv`).
#[test]
fn no_crate_needs_a_newer_rust() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    let arguments = ["metadata", "--offline", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"];
    let output = cargo.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = |id: &Value| packages.iter().find(|package| package["id"] == *id).unwrap();
    let own = |name: &str| packages.iter().find(|package| package["name"] == name).unwrap();
    let stated = version(&own("skexec")["rust_version"]);
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let (mut waiting, mut seen) = (vec![own("skexec")["id"].clone(), own("skexec-sign")["id"].clone()], Vec::new());
    while let Some(id) = waiting.pop() {
        if seen.contains(&id) {
            continue;
        }
        let crates = package(&id);
        assert!(version(&crates["rust_version"]) <= stated, "{id} needs {}", crates["rust_version"]);
        let node = nodes.iter().find(|node| node["id"] == id).unwrap();
        let used =
            |dependency: &&Value| dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev");
        let dependencies = node["deps"].as_array().unwrap().iter().filter(used);
        waiting.extend(dependencies.map(|dependency| dependency["pkg"].clone()));
        seen.push(id);
    }
    assert!(seen.len() > 20, "only {} crates were seen", seen.len());
}

/// A version of Rust: its first two numbers; zero where a crate states none.
fn version(text: &Value) -> Vec<u32> {
    text.as_str().unwrap_or("0").split('.').take(2).map(|number| number.parse().unwrap()).collect()
}
