//! Writes what a package ships beside the program: the manual pages skexec(8), kexec(8) and one for each command, and the completions of three shells.
//!
//! `cargo run --example generate -- DIRECTORY`, when a package is made. The installed program, which also stands in every
//! initramfs, carries none of it.

mod completions;
mod kexec;
mod man;
mod pages;

use anyhow::{Context, Result};
use man::Page;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<()> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from).context("name the directory to write to")?;
    fs::create_dir_all(&directory)?;
    let title = format!("8 \"\" \"skexec {}\" \"System Administration\"", env!("CARGO_PKG_VERSION"));
    let (head, tail) = (include_str!("head.roff"), [pages::EXIT_STATUS, include_str!("tail.roff")].concat());
    let page = Page { title: &title, head, tail: &tail, common: &["json", "quiet", "verbose", "help", "version"] };
    fs::write(directory.join("skexec.8"), man::page(skexec::cli::command(), &page)?)?;
    fs::write(directory.join("kexec.8"), kexec::page(concat!("skexec ", env!("CARGO_PKG_VERSION"))))?;
    for (name, text) in pages::all(skexec::cli::command(), &title)? {
        fs::write(directory.join(name), text)?;
    }
    for (shell, script) in completions::all(skexec::cli::command())? {
        fs::write(directory.join(format!("skexec.{shell}")), script)?;
    }
    Ok(())
}
