//! Writes what the package of skexec-sign ships beside the program: the manual page skexec-sign(1) and the completions of three shells.
//!
//! `cargo run -p skexec-sign --example generate-sign -- DIRECTORY`, when the package is made.

#[path = "../../dist/generate/man.rs"]
mod man;

use clap_complete::Shell;
use man::Page;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

const NAME: &str = "skexec-sign";
const COMMON: [&str; 6] = ["key", "cert", "chain", "digest", "passphrase_file", "pkcs11_module"];

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from).ok_or("name the directory to write to")?;
    fs::create_dir_all(&directory)?;
    let title = format!("1 \"\" \"skexec-sign {}\" \"User Commands\"", env!("CARGO_PKG_VERSION"));
    let page =
        Page { title: &title, head: include_str!("head.roff"), tail: include_str!("tail.roff"), common: &COMMON };
    fs::write(directory.join("skexec-sign.1"), man::page(skexec_sign::command(), &page)?)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut skexec_sign::command(), NAME, &mut script);
        fs::write(directory.join(format!("{NAME}.{shell}")), script)?;
    }
    Ok(())
}
