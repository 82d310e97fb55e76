//! Output for people: the signer and the anchor, the file at fault, and advice that fits the machine.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod faults;
mod here;
mod pages;
mod shown;
#[path = "../support/mod.rs"]
mod support;
mod who;

use support::Lab;

const SIGNER: &str = "O=skexec tests, CN=skexec test signer";
const ROOT: &str = "O=skexec tests, CN=skexec test root";

/// The lines between the first one that starts with `key` and the next key.
fn value<'a>(out: &'a str, key: &str) -> Vec<&'a str> {
    let key = format!("  {key:<8} ");
    let mut lines = out.lines().skip_while(|line| !line.starts_with(&key));
    let first = lines.next().unwrap_or_else(|| panic!("no {key:?} in {out}"));
    let rest = lines.take_while(|line| line.starts_with("           "));
    std::iter::once(first).chain(rest).map(|line| line.get(key.len()..).unwrap()).collect()
}

/// Makes it a machine that UEFI started, with Secure Boot off.
fn uefi(lab: &Lab) {
    std::fs::create_dir_all(lab.root().path("/sys/firmware/efi/efivars")).unwrap();
    let variable = [6, 0, 0, 0, 0];
    lab.system_bytes("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", &variable);
}
