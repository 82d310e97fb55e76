//! Hooks of `exec` that do what they should not.

use super::run::Attack;
use super::site::{METHODS, Site};
use forge::random::Random;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

pub(crate) const ATTACKS: [Attack; 1] = [Attack {
    name: "hooks",
    what: "hooks that fail, kill themselves, fork, read standard input, fill the disk up to a limit, write much, are no programs, are writable by others, or lie in a folder that others can write to",
    holds: "the jump is made with the recorded image; no hook is run that somebody else than root can have put there",
    found: "a folder that others can write to, in which a link to any program of root's was run; what a hook that hung had started lived on",
    rounds: 3,
    round: hooks,
}];

/// What a hook does.
const DEEDS: [&str; 9] = [
    "exit 3",
    "kill -9 $$",
    "sleep 0.05 & exit 0",
    "read line; exit 0",
    "ulimit -f 64; cat /dev/zero >\"$0.full\"; exit 1",
    "yes | head -c 100000; yes | head -c 100000 >&2",
    "exec >&- 2>&-; echo",
    "kill -STOP $$ & kill -CONT $$",
    "cd /; umask 0; exec true",
];

fn hooks(random: &mut Random) {
    let site = Site::new(false);
    let root = site.lab.root();
    assert_eq!(site.run(&Site::load("old", METHODS[0])).exit, 0);
    let folder = root.path("/etc/skexec/pre-exec.d");
    let write = |name: &str, text: &str, mode: u32| {
        site.lab.system(&format!("/etc/skexec/pre-exec.d/{name}"), text);
        fs::set_permissions(folder.join(name), Permissions::from_mode(mode)).unwrap();
    };
    for number in 0..1 + random.below(3) {
        let deed = DEEDS[usize::try_from(random.below(9)).unwrap()];
        write(&format!("{number}"), &format!("#!/bin/sh\n{deed}\n"), 0o755);
    }
    let ran = root.path("/ran");
    let note = format!("#!/bin/sh\necho \"$0\" >>{}\n", ran.display());
    write("50-open", &note, 0o757);
    write("60-no-program", "\u{7f}ELF", 0o755);
    symlink("/nowhere", folder.join("70-link")).unwrap();
    symlink("80-loop", folder.join("80-loop")).unwrap();
    write("90-good", &note, 0o755);
    let open = random.below(2) == 0;
    if open {
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    }
    let output = site.process("exec --force").output().unwrap();
    let told = Site::end(&output);
    let ran = fs::read_to_string(ran).unwrap_or_default();
    assert_eq!(ran.lines().count(), usize::from(!open), "{ran}\n{told}");
    assert!(open || ran.ends_with("90-good\n"), "{ran}");
    assert_eq!(fs::read_to_string(root.path("/jumped")).unwrap(), "image=old", "{told}");
    site.agrees();
    site.heals();
}
