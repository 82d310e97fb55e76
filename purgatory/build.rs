//! Builds the purgatory's image, which the library embeds for the loader.
//!
//! The script calls the compiler twice and Cargo never: nothing of the user's profile, flags or target gets in, no lock file
//! is resolved and no network is asked. All paths of sources are relative to the checkout. So the same compiler and linker
//! make the same bytes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

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
const LINK: [&str; 2] = ["-Clink-arg=--no-dynamic-linker", "-Clink-arg=-Tpurgatory.ld"];

/// A variable of the environment: the path of the linker, where another than the first of [`LINKERS`] is wanted.
const CHOSEN: &str = "PURGATORY_LINKER";

/// The linkers that can make the image; the first one that is found is taken.
///
/// rustup's toolchains bring the first one beside the compiler; with a distribution's toolchain, lld or binutils is installed.
const LINKERS: [&str; 4] = ["rust-lld", "ld.lld", "x86_64-linux-gnu-ld", "ld"];

struct Linker {
    program: PathBuf,
    flavour: &'static str,
}

fn main() {
    for input in ["build.rs", "purgatory.ld", "src", "image"] {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rustc-check-cfg=cfg(linked_image)");
    println!("cargo::rustc-check-cfg=cfg(freestanding)");
    println!("cargo::rerun-if-env-changed={CHOSEN}");
    if env::var_os("CARGO_CFG_TARGET_ARCH").is_some_and(|arch| arch != "x86_64") {
        // Another processor has no use for the image, and its compiler may have no `core` library for x86-64.
        return;
    }
    let out = PathBuf::from(variable("OUT_DIR"));
    let linker = match linker() {
        Ok(linker) => linker,
        Err(missing) => fail(&missing),
    };
    let (shared, image) = (out.join("libskexec_purgatory.rlib"), out.join("purgatory.elf"));
    compile(
        Path::new("src/lib.rs"),
        &shared,
        &["--crate-name=skexec_purgatory", "--crate-type=rlib", "--cfg=freestanding"],
    );
    let with_shared = format!("--extern=skexec_purgatory={}", shared.display());
    let program = format!("-Clinker={}", linker.program.display());
    let flavour = format!("-Clinker-flavor={}", linker.flavour);
    let mut flags = vec!["--crate-name=purgatory", "--crate-type=bin", &with_shared, &program, &flavour];
    flags.extend(LINK);
    compile(Path::new("image/main.rs"), &image, &flags);
    println!("cargo::rustc-env=PURGATORY_ELF={}", image.display());
    println!("cargo::rustc-cfg=linked_image");
}

fn linker() -> Result<Linker, String> {
    if let Some(chosen) = env::var_os(CHOSEN) {
        let program = PathBuf::from(chosen);
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let flavour =
            flavour(&name).ok_or_else(|| format!("{CHOSEN}={name}: only lld or GNU ld can link the purgatory"))?;
        return Ok(Linker { program, flavour });
    }
    let places = places();
    for name in LINKERS {
        let found = places.iter().map(|place| place.join(name)).find(|program| program.is_file());
        if let (Some(program), Some(flavour)) = (found, flavour(name)) {
            return Ok(Linker { program, flavour });
        }
    }
    Err(format!("no linker for the purgatory was found: install lld or binutils (looked for {})", LINKERS.join(", ")))
}

/// How the compiler has to call it. Versions have a suffix (ld.lld-19), cross linkers a prefix (x86_64-linux-gnu-ld).
fn flavour(name: &str) -> Option<&'static str> {
    if name.starts_with("rust-lld") || name.starts_with("ld.lld") {
        Some("ld.lld")
    } else if ["ld", "ld.bfd"].contains(&name.rsplit('-').next().unwrap_or(name)) {
        Some("ld")
    } else {
        None
    }
}

/// Where a linker may be: beside the compiler's libraries, then on the path.
fn places() -> Vec<PathBuf> {
    let mut rustc = Command::new(variable("RUSTC"));
    let sysroot = rustc.args(["--print", "sysroot"]).output().map(|output| output.stdout).unwrap_or_default();
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot).trim());
    let host = env::var("HOST").unwrap_or_default();
    let mut places = vec![sysroot.join("lib/rustlib").join(host).join("bin")];
    places.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    places
}

fn compile(source: &Path, output: &Path, flags: &[&str]) {
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.current_dir(variable("CARGO_MANIFEST_DIR")).args(CODE).args(flags).arg("-o").arg(output).arg(source);
    match rustc.status() {
        Ok(status) if status.success() => {}
        Ok(_) => fail(&format!("{} does not build", source.display())),
        Err(error) => fail(&format!("the compiler cannot be started: {error}")),
    }
}

/// Cargo shows what a build script that fails has written.
fn fail(why: &str) -> ! {
    eprintln!("error: {why}");
    exit(1)
}

fn variable(name: &str) -> std::ffi::OsString {
    env::var_os(name).unwrap_or_else(|| panic!("Cargo sets {name}"))
}
