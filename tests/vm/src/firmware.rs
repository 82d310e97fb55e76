//! Lets the firmware judge files: a boot loader that it trusts asks it to load each of them (`LoadImage`), and starts none.
//!
//! The loader is GRUB with the modules named here, signed like the good cases of the forge. Its `chainloader` hands the file to the
//! firmware, which verifies its Authenticode signature by db and dbx.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use forge::recipe::Recipe;

use crate::esp;
use crate::fetch::Group;
use crate::guest::Guest;
use crate::lab::{Firmware, Lab};
use crate::tool;

const MODULES: &str = "usr/lib/grub/x86_64-efi";
/// `tpm` is for its verifier, without which GRUB refuses to read an image under Secure Boot; the machine has no TPM.
const NEEDED: [&str; 7] = ["normal", "fat", "chain", "test", "echo", "halt", "tpm"];
const DIRECTORY: &str = "EFI/BOOT";
const SCRIPT: &str = "EFI/BOOT/grub.cfg";
const LOADS: &str = "@loads";
const REFUSES: &str = "@refuses";
const END: &str = "@end";
const PATIENCE: Duration = Duration::from_secs(900);

/// Whether the firmware loads each file, in the order of the files.
pub(crate) fn loads(files: &[&[u8]], name: &str, lab: &Lab) -> Result<Vec<bool>> {
    let scratch = lab.scratch(&format!("{name}.cases"));
    fs::create_dir_all(&scratch)?;
    let mut contents = vec![(loader(&scratch, lab)?, esp::LOADER.to_owned())];
    let script = scratch.join("grub.cfg");
    fs::write(&script, script_for(files.len()))?;
    contents.push((script, SCRIPT.to_owned()));
    for (number, bytes) in files.iter().enumerate() {
        let file = scratch.join(number.to_string());
        fs::write(&file, bytes)?;
        contents.push((file, place(number)));
    }
    let machine = lab.machine_with_disk(name, lab.variables(name, Firmware::Forged)?, &contents)?;
    fs::remove_dir_all(&scratch)?;
    let mut guest = Guest::start(&machine, &lab.tools, &lab.scratch(&format!("{name}.console.log")))?;
    let said = answers(&guest.await_console(END, 0, PATIENCE)?);
    (0..files.len())
        .map(|number| said.get(&number).copied().with_context(|| format!("no answer about file {number}")))
        .collect()
}

fn place(number: usize) -> String {
    format!("cases/{number}")
}

/// GRUB, which looks for its script on the first disk.
fn loader(scratch: &Path, lab: &Lab) -> Result<PathBuf> {
    let modules = lab.extras(Group::EfiGrub)?.path(MODULES);
    let (unsigned, signed) = (scratch.join("grub.unsigned"), scratch.join("grub.efi"));
    let mut mkimage = lab.extras(Group::Grub)?.command("grub-mkimage");
    mkimage.args(["-O", "x86_64-efi", "--disable-shim-lock", "-p", &format!("(hd0)/{DIRECTORY}"), "-d"]).arg(modules);
    tool::run(mkimage.arg("-o").arg(&unsigned).args(NEEDED))?;
    fs::write(&signed, Recipe::new().image(fs::read(&unsigned)?).build())?;
    Ok(signed)
}

fn script_for(count: usize) -> String {
    let mut script = String::new();
    for number in 0..count {
        let file = place(number);
        let _ = writeln!(
            script,
            "if chainloader (hd0)/{file}; then echo {LOADS} {number} ; else echo {REFUSES} {number} ; fi"
        );
    }
    script + &format!("echo {END}\nhalt\n")
}

fn answers(console: &str) -> BTreeMap<usize, bool> {
    let answer = |line: &str| {
        let mut words = line.split_whitespace();
        let loads = match words.next()? {
            LOADS => true,
            REFUSES => false,
            _ => return None,
        };
        Some((words.next()?.parse().ok()?, loads))
    };
    console.lines().filter_map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_a_line() {
        let console = "@loads 0 \nerror: cannot load image.\n@refuses 1 \n@loads\n@loads x\n@end\n";
        assert_eq!(answers(console), [(0, true), (1, false)].into());
    }
}
