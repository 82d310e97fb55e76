//! Produces the causes of one guest, each for the kernel itself, for skexec and for kexec-tools.

use anyhow::Result;
use vm_protocol::Done;

use super::list::{self, Case, Guest};
use super::page::{Row, cell};
use crate::checks::{Checks, Expect, json_at};
use crate::fetch::{Kernel, Series};
use crate::guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::kexec_tools;
use crate::lab::{Firmware, Lab, Setup};

/// What `...` stands for.
const FOR_SKEXEC: &str = "--keys /keys/debian --initrd /boot/initrd --reuse-cmdline";
const FOR_KEXEC: &str = "--initrd=/boot/initrd --reuse-cmdline";
const FOR_AGENT: &str = "--initrd /boot/initrd";

/// Plays all cases of a guest that this kernel can have, and checks what was foretold.
pub(crate) fn play(
    guest: &Guest,
    series: Series,
    name: &str,
    kernel: &Kernel,
    lab: &Lab<'_>,
    checks: &mut Checks,
) -> Result<Vec<Row>> {
    let setup = Setup::new(name, kernel, guest.firmware, guest.cmdline, files(guest, kernel, lab)?);
    let hardware = Hardware { memory: guest.memory, ..Hardware::default() };
    let (mut machine, _) = lab.boot(Setup { hardware, ..setup })?;
    let cases = guest.cases().filter(|case| series != Series::V6_1 || !case.since_6_3);
    cases.map(|case| played(case, series, kernel, &mut machine, checks)).collect()
}

fn files(guest: &Guest, kernel: &Kernel, lab: &Lab<'_>) -> Result<Files> {
    let mut files = lab.exhibits(kernel)?;
    kexec_tools::add(lab, &mut files)?;
    if guest.firmware == Firmware::Forged {
        for (name, bytes) in list::forged_files() {
            files.add(&format!("/forged/{name}"), &bytes);
        }
    }
    Ok(files)
}

fn played(
    case: &Case,
    series: Series,
    kernel: &Kernel,
    machine: &mut guest::Guest,
    checks: &mut Checks,
) -> Result<Row> {
    let errno = if series == Series::V6_1 { case.on_6_1.unwrap_or(case.errno) } else { case.errno };
    let asked = asked(case, &format!("agent {}", case.raw.replace("...", FOR_AGENT)), machine)?;
    checks.command(&format!("{}: the kernel says {errno}", case.about), &asked, &[Expect::Json("/name", errno)]);
    let skexec = match case.skexec {
        "" => "makes no such call".to_owned(),
        line => {
            let done = self::asked(case, &format!("skexec {}", line.replace("...", FOR_SKEXEC)), machine)?;
            foretold(case, &done, checks);
            // Of a kernel that is loaded, only that it is.
            let told = if done.exit == Some(0) { "" } else { &done.stderr };
            cell(&done, told.lines().filter(|line| !line.starts_with("  do: ")), &kernel.release)
        }
    };
    let kexec = match case.kexec {
        "" => "not asked".to_owned(),
        line => {
            let done = self::asked(case, &kexec_tools::command(&line.replace("...", FOR_KEXEC)), machine)?;
            cell(&done, done.stderr.lines(), &kernel.release)
        }
    };
    let name = json_at(&asked.stdout, "/name").unwrap_or_else(|| "no answer".to_owned());
    let commands: Vec<_> = [("skexec", case.skexec), ("kexec", case.kexec)]
        .iter()
        .filter(|(_, line)| !line.is_empty())
        .map(|(program, line)| format!("`{program} {line}`"))
        .collect();
    let commands = if commands.is_empty() { format!("`agent {}`", case.raw) } else { commands.join("<br>") };
    Ok(Row { cause: case.cause, about: case.about, commands, errno: name, skexec, kexec })
}

fn foretold(case: &Case, done: &Done, checks: &mut Checks) {
    let reason = format!("({})\n", case.reason);
    let mut expected = vec![Expect::Exit(case.exit)];
    if !case.reason.is_empty() {
        expected.push(Expect::Stderr(&reason));
    }
    if !case.words.is_empty() {
        expected.push(Expect::Stderr(case.words));
    }
    let what = if case.reason.is_empty() { "takes it" } else { case.reason };
    checks.command(&format!("{}: skexec says {what}", case.about), done, &expected);
}

/// Runs a command after the case's own, with nothing loaded.
fn asked(case: &Case, command: &str, machine: &mut guest::Guest) -> Result<Done> {
    machine.run("agent file-unload; agent file-unload --panic")?;
    let Case { before, within, after, .. } = case;
    machine.run(&format!("{before}\n{within} {command}\ncode=$?\n{after}\nexit $code"))
}
