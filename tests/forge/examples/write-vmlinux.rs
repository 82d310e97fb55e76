//! Writes the small vmlinux that the packed files in tests/data/payload are made of: `write-vmlinux FILE`.
#![allow(clippy::unwrap_used, reason = "an example that cannot go on has failed")]

fn main() {
    let path = std::env::args_os().nth(1).expect("usage: write-vmlinux FILE");
    std::fs::write(path, forge::vmlinux::Vmlinux::default().build()).unwrap();
}
