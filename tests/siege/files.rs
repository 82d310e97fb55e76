//! The files that a load reads change while it reads them, or cannot be read to their end.

use super::run::Attack;
use super::site::{METHODS, Site};
use forge::random::Random;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::Output;
use std::time::Duration;

pub(crate) const ATTACKS: [Attack; 2] = [
    Attack {
        name: "files-change",
        what: "the kernel, the initrd or the certificate is cut, replaced, appended to or removed while `load` reads it",
        holds: "the image is the verified one, or the load is refused with a reason and the old image stays",
        found: "",
        rounds: 12,
        round: change,
    },
    Attack {
        name: "files-fail",
        what: "the kernel, the initrd, the certificate or a file of /etc/skexec answers EIO",
        holds: "a refusal that names the file; the old image stays",
        found: "`status` said that `exec` boots the image, which it refuses while the policy file cannot be read",
        rounds: 12,
        round: fail,
    },
];

const FILES: [&str; 3] = ["vmlinuz", "initrd", "root.pem"];

/// A load ended with an exit code of its own, and the kernel holds what skexec says.
pub(crate) fn ended_well(site: &Site, output: &Output, told: &str) {
    let said = Site::end(output);
    let code = output.status.code().unwrap_or_else(|| panic!("{told}: {said}"));
    assert!(code <= 5, "{told}: {said}");
    assert!(code == 0 || said.contains("skexec"), "{told}: no word: {said}");
    let held = site.kernel.state().image;
    assert_eq!(held.as_deref(), Some(if code == 0 { "image=new" } else { "image=old" }), "{told}: {said}");
    site.agrees();
}

fn change(random: &mut Random) {
    let site = Site::new(random.below(2) == 0);
    let file = FILES[usize::try_from(random.below(3)).unwrap()];
    let path = site.lab.path(file);
    let bytes = fs::read(&path).unwrap();
    // So long that it is read in many pieces.
    site.lab.file("initrd", &vec![7; 8 << 20]);
    assert_eq!(site.run(&Site::load("old", METHODS[0])).exit, 0);
    let method = METHODS[usize::try_from(random.below(4)).unwrap()];
    let child = site.process(&Site::load("new", method)).spawn().unwrap();
    std::thread::sleep(Duration::from_micros(random.below(60_000)));
    let how = random.below(5);
    let length = fs::metadata(&path).unwrap().len();
    match how {
        0 => OpenOptions::new().write(true).open(&path).unwrap().set_len(random.below(length)).unwrap(),
        1 => fs::rename(site.lab.file("other", &forge::bzimage::noise(9, 4096)), &path).unwrap(),
        2 => OpenOptions::new().append(true).open(&path).unwrap().write_all(&bytes).unwrap(),
        3 => fs::write(&path, forge::bzimage::noise(3, bytes.len())).unwrap(),
        _ => fs::remove_file(&path).unwrap(),
    }
    let output = child.wait_with_output().unwrap();
    ended_well(&site, &output, &format!("{file}, change {how}, {method}"));
}

fn fail(random: &mut Random) {
    // A regular file by its type, whose first byte cannot be read.
    const BROKEN: &str = "/proc/self/mem";
    let site = Site::new(false);
    assert_eq!(site.run(&Site::load("old", METHODS[0])).exit, 0);
    let method = METHODS[usize::try_from(random.below(4)).unwrap()];
    let at = match random.below(6) {
        number @ 0..3 => {
            let path = site.lab.path(FILES[usize::try_from(number).unwrap()]);
            fs::remove_file(&path).unwrap();
            path
        }
        3 => site.lab.root().path("/etc/skexec/policy.toml"),
        4 => site.lab.root().path("/etc/skexec/trust.d/a.pem"),
        _ => site.lab.root().path("/etc/skexec/revoked.d/a.pem"),
    };
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    symlink(BROKEN, &at).unwrap();
    let output = site.process(&Site::load("new", method)).output().unwrap();
    if at.ends_with("policy.toml") {
        let status = site.run("status").out;
        assert!(status.contains("refuses: the policy file cannot be used"), "{status}");
    }
    fs::remove_file(&at).unwrap();
    ended_well(&site, &output, &format!("{} {method}", at.display()));
    // A key that cannot be read gives nothing, and a warning; without all else a load fails.
    assert_eq!(output.status.success(), at.ends_with("trust.d/a.pem"), "{}: {}", at.display(), Site::end(&output));
}
