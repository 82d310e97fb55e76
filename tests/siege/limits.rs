//! Limits on the process, streams that take nothing, and a machine whose files are missing.

use super::files::ended_well;
use super::run::Attack;
use super::site::{METHODS, Site};
use forge::random::Random;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;

pub(crate) const ATTACKS: [Attack; 4] = [
    Attack {
        name: "limits",
        what: "RLIMIT_AS, NOFILE, FSIZE, STACK and DATA of random sizes",
        holds: "the load is made, or refused with a reason and an exit code; the old image stays",
        found: "where no memory was left, the program was aborted; it says so now, with an exit code",
        rounds: 24,
        round: limits,
    },
    Attack {
        name: "streams",
        what: "standard input, output and error closed, full, slow, or pipes that nobody reads",
        holds: "the load is made and recorded all the same",
        found: "",
        rounds: 13,
        round: streams,
    },
    Attack {
        name: "missing-files",
        what: "no /proc, no /sys, or random files of them missing or empty; /run is a file, a link that leads nowhere, or a loop",
        holds: "the load is made and recorded, or refused with a reason; `exec` boots nothing that is not recorded",
        found: "",
        rounds: 24,
        round: missing,
    },
    Attack {
        name: "denied-calls",
        what: "the calls answer EPERM, ENOSYS, EACCES, EBUSY or any other errno, as a container's seccomp filter lets them",
        holds: "a reason and an exit code; the old image and its record stay",
        found: "",
        rounds: 12,
        round: denied,
    },
];

fn any<T: Copy>(of: &[T], random: &mut Random) -> T {
    of[usize::try_from(random.below(u64::try_from(of.len()).unwrap())).unwrap()]
}

fn limits(random: &mut Random) {
    let site = Site::new(random.below(2) == 0);
    assert_eq!(site.run(&Site::load("old", METHODS[0])).exit, 0);
    let method = any(&METHODS, random);
    let limit = match random.below(5) {
        0 => format!("ulimit -v {}", 8_000 + random.below(120_000)),
        1 => format!("ulimit -Sn {}", 3 + random.below(12)),
        2 => format!("ulimit -f {}", random.below(40)),
        3 => format!("ulimit -s {}", 1024 + random.below(7168)),
        _ => format!("ulimit -d {}", 1_000 + random.below(60_000)),
    };
    let output = site.process_in(&format!("{limit} && exec \"$@\""), &Site::load("new", method)).output().unwrap();
    let said = Site::end(&output);
    // Below that the program cannot be started: its libraries cannot be mapped, or its first thread not be made.
    // The kernel ends a program so that it has half started.
    let unmapped = output.status.signal() == Some(nix::libc::SIGSEGV) && output.stderr.is_empty();
    // Rust's runtime has no stack for its handler of signals.
    let unprepared = said.contains("failed to allocate an alternative stack");
    let unlinked = output.status.code() == Some(127) || said.contains("error while loading shared libraries");
    let unstarted = unmapped || unprepared || unlinked;
    if !unstarted {
        ended_well(&site, &output, &format!("{limit}, {method}"));
    }
    assert_eq!(site.run("unload").exit, 0);
    site.is_clean();
}

fn streams(random: &mut Random) {
    let site = Site::new(false);
    let way = any(
        &[
            ">&-",
            "2>&-",
            "<&-",
            "<&- >&- 2>&-",
            ">/dev/full",
            "2>/dev/full",
            ">/dev/full 2>&1",
            "| true",
            "2>&1 | true",
            "| (sleep 0.2; cat >/dev/null)",
            "2>&1 | (sleep 0.2; head -c 1)",
            "</dev/full",
            ">/dev/null 2>&1 &\nwait $!",
        ],
        random,
    );
    let json = any(&["", " --json", " -v", " -q"], random);
    let line = format!("{}{json}", Site::load("new", any(&METHODS, random)));
    let output = site.process_in(&format!("\"$@\" {way}"), &line).output().unwrap();
    let told = format!("{way}{json}: {}", Site::end(&output));
    assert!(output.status.success() && !told.contains("panicked"), "{told}");
    assert_eq!(site.kernel.state().image.as_deref(), Some("image=new"), "{told}");
    site.agrees();
    site.heals();
}

fn missing(random: &mut Random) {
    let site = Site::new(false);
    let root = &site.lab.root().0;
    let run = site.lab.root().path("/run");
    let told = match random.below(6) {
        0 => {
            fs::remove_dir_all(root.join("proc")).unwrap();
            "no /proc".to_owned()
        }
        1 => {
            fs::remove_dir_all(root.join("sys")).unwrap();
            "no /sys".to_owned()
        }
        number @ 2..4 => {
            let mut all = Vec::new();
            collect(&root.join("proc"), &mut all);
            collect(&root.join("sys"), &mut all);
            // The fake kernel keeps its state there.
            all.retain(|path| !path.ends_with("kexec_loaded") && !path.ends_with("kexec_load_limit_reboot"));
            let path = &all[usize::try_from(random.below(u64::try_from(all.len()).unwrap())).unwrap()];
            if number == 2 {
                fs::remove_file(path).unwrap()
            } else {
                fs::write(path, random_bytes(random)).unwrap()
            }
            format!("{} {}", path.display(), if number == 2 { "missing" } else { "spoilt" })
        }
        number => {
            fs::remove_dir_all(&run).unwrap();
            if number == 4 {
                fs::write(&run, "").unwrap()
            } else {
                symlink(any(&["/nowhere", "run"], random), &run).unwrap()
            }
            "no /run".to_owned()
        }
    };
    let method = any(&METHODS, random);
    let output = site.process(&Site::load("new", method)).output().unwrap();
    let said = Site::end(&output);
    let code = output.status.code().unwrap_or_else(|| panic!("{told}: {said}"));
    assert!(code <= 5 && !said.contains("panicked"), "{told}, {method}: {said}");
    assert_eq!(site.kernel.state().image.is_some(), code == 0, "{told}, {method}: {said}");
    let exec = site.process("exec --json").output().unwrap();
    let code = exec.status.code().unwrap_or_else(|| panic!("{told}: {}", Site::end(&exec)));
    assert!(code <= 5, "{told}: {}", Site::end(&exec));
    assert!(code != 0 || site.kernel.state().image.is_some(), "{told}: {}", Site::end(&exec));
    for line in ["status", "status --json", "unload"] {
        let output = site.process(line).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code <= 5), "{told}, {line}: {}", Site::end(&output));
    }
}

fn random_bytes(random: &mut Random) -> Vec<u8> {
    let length = usize::try_from(random.below(64)).unwrap();
    (0..length).map(|_| u8::try_from(random.below(256)).unwrap()).collect()
}

fn collect(folder: &std::path::Path, all: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() { collect(&entry.path(), all) } else { all.push(entry.path()) }
    }
    all.sort();
}

fn denied(random: &mut Random) {
    use nix::libc::{EACCES, EBUSY, EINTR, ENOMEM, ENOSYS, EPERM};
    let site = Site::new(random.below(2) == 0);
    let method = any(&METHODS, random);
    assert_eq!(site.run(&Site::load("old", METHODS[0])).exit, 0);
    let number = match random.below(3) {
        0 => 1 + i32::try_from(random.below(133)).unwrap(),
        _ => any(&[EPERM, ENOSYS, EACCES, EBUSY, ENOMEM, EINTR], random),
    };
    let mut command = site.process(&Site::load("new", method));
    let output = command.env(super::program::ERRNO, number.to_string()).output().unwrap();
    let told = format!("errno {number}, {method}");
    assert!(!output.status.success(), "{told}: {}", Site::end(&output));
    ended_well(&site, &output, &told);
    let output = site.process("unload").env(super::program::ERRNO, number.to_string()).output().unwrap();
    assert!(output.status.code().is_some_and(|code| (1..=5).contains(&code)), "{told}: {}", Site::end(&output));
    site.agrees();
    site.heals();
}
