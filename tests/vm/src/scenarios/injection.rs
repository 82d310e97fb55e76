//! Files and credentials that are added to the initrd in memory: the kernel that comes up has them, readable by root alone.

use anyhow::Result;

use super::{Stage, WITH};
use crate::checks::{Checks, Expect};
use crate::lab::Firmware;

const CONTENT: &str = "correct horse";
const ADDED: &str = "--inject /vm/marks/injected=/etc/secret --credential token=/etc/secret";
const FOUND: &str =
    "stat -c '%a %u %n' /vm/marks/injected /etc/credstore/token && cat /etc/credstore/token && stat -c %a /etc";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    ["file", "segments"].into_iter().try_for_each(|method| boots(method, stage, checks))
}

fn boots(method: &str, stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut files = stage.lab.exhibits(&stage.second)?;
    files.add("/etc/secret", CONTENT.as_bytes());
    let (mut guest, _) = stage.boot(Firmware::Bios, "", files)?;
    let refused = guest.run(&format!("skexec load --json /boot/vmlinuz {WITH} {ADDED} --require-signed-initrd"))?;
    let expected = [Expect::Exit(3), Expect::Json("/loaded", "false")];
    checks.command("refused where every initrd must be signed", &refused, &expected);

    let load = guest.run(&format!("skexec load --json --method {method} /boot/vmlinuz {WITH} {ADDED}"))?;
    let expected = [
        Expect::Exit(0),
        Expect::Json("/loaded", "true"),
        Expect::Json("/covers", "[\"kernel\"]"),
        Expect::Json("/plan/injected", "[\"/vm/marks/injected\",\"/etc/credstore/token\"]"),
    ];
    checks.command(&format!("loaded with the added files by the method `{method}`"), &load, &expected);
    checks.holds("their content is nowhere in the output", !load.stdout.contains(CONTENT), &load);
    let boot = guest.jump("skexec exec --force")?;
    checks.equal("the second kernel found the added file", &boot.marks, &vec!["injected".to_owned()]);
    let wanted = format!("400 0 /vm/marks/injected\n400 0 /etc/credstore/token\n{CONTENT}755\n");
    let found = guest.run(FOUND)?;
    checks.equal("they are root's alone, with their content", &found.stdout.as_str(), &wanted.as_str());
    Ok(())
}
