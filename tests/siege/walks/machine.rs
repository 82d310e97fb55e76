//! The steps, made on the machine of files by the real program.

use super::super::machine;
use super::super::program::{AFTER, BEFORE, ERRNO, KILL, State};
use super::super::site::{METHODS, Site};
use super::super::support::Run;
use super::model::{Answer, Model};
use super::step::{End, Files, Policy, STRANGER, Step};
use nix::libc;
use serde_json::{Value, json};
use skexec::system::Slot;
use std::fs;
use std::os::unix::process::ExitStatusExt;

/// How a crash kernel can be loaded here.
const CRASH_METHODS: [&str; 4] =
    ["--method file", "--method segments", "--layout elided", "--method segments --layout classic"];

/// A machine with a crash kernel's reservation.
pub(crate) struct Machine {
    site: Site,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let site = Site::new(false);
        machine::reserve(&site.lab);
        Self { site }
    }

    /// Makes a step, and compares what comes of it.
    pub(crate) fn does(&self, step: &Step, wanted: &Answer) {
        match step {
            Step::Load { slot, image, method, counted, locks, end } => {
                let methods = if *slot == Slot::Panic { CRASH_METHODS } else { METHODS };
                let name = image.trim_start_matches("image=");
                let mut line = Site::load(name, methods[*method]);
                line.push_str(option(*slot == Slot::Panic, " --panic"));
                line.push_str(option(*counted, " --count-loads"));
                line.push_str(option(*locks, " --lock"));
                self.ends(&line, *end, wanted);
            }
            Step::Unload { slot, end } => {
                self.ends(&format!("unload{}", option(*slot == Slot::Panic, " --panic")), *end, wanted);
            }
            Step::Exec { force, foreign } => self.exec(*force, *foreign, wanted),
            Step::Stranger { slot, loads } => {
                // The kernel may not permit it.
                let _ = self.site.kernel.call(*slot, loads.then(|| STRANGER.to_owned()));
            }
            Step::Files { slot, files } => self.files(*slot, *files),
            Step::Policy(policy) => self.policy(*policy),
            Step::Limit { slot, left } => {
                let now = self.site.kernel.state_of(*slot);
                let left = Some(now.left.map_or(*left, |now| now.min(*left)));
                self.site.kernel.change(*slot, &State { left, ..now });
            }
            Step::Disable => self.site.lab.system(DISABLED, "1\n"),
            Step::Boot { keeps_run } => self.boot(*keeps_run),
        }
    }

    /// What `status` says of both images is what the model knows, and what it says is proved is true.
    pub(crate) fn shows(&self, model: &Model) {
        let run = self.site.run("status --json");
        let status: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        for (slot, name, place) in [(Slot::Reboot, "reboot", &model.reboot), (Slot::Panic, "panic", &model.panic)] {
            let held = self.site.kernel.state_of(slot);
            assert_eq!((&held.image, held.left), (&place.held, place.left), "what the kernel holds: {name}");
            let (seen, wanted) = (&status[name], place.shown(model.boot));
            let seen = json!([
                seen["loaded"],
                seen["loads_left"],
                seen["record"]["cmdline"],
                seen["standing"],
                !seen["problem"].is_null()
            ]);
            let wanted = json!([held.image.is_some(), place.left, wanted.image, wanted.standing, wanted.problem]);
            assert_eq!(seen, wanted, "what status says: {name}");
            if seen[3] == "proved" {
                assert_eq!(seen[2], json!(held.image), "what is proved: {name}");
            }
        }
    }

    /// Makes a load or an unload that ends so.
    fn ends(&self, line: &str, end: End, wanted: &Answer) {
        if end == End::Normal {
            return compare(&self.site.run(line), wanted);
        }
        let mut command = self.site.process(line);
        match end {
            End::Errno => command.env(ERRNO, libc::ENOMEM.to_string()),
            End::KilledBefore => command.env(KILL, BEFORE),
            End::KilledAfter => command.env(KILL, AFTER),
            End::Normal => &mut command,
        };
        let output = command.output().unwrap();
        if output.status.signal() == Some(libc::SIGKILL) {
            assert_eq!(*wanted, Answer::Killed, "{line}");
            return;
        }
        let exit = u8::try_from(output.status.code().unwrap()).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        compare(&Run { exit, out: text(&output.stdout), err: text(&output.stderr) }, wanted);
    }

    fn exec(&self, force: bool, foreign: bool, wanted: &Answer) {
        let line = format!("exec{}{}", option(force, " --force"), option(foreign, " --foreign"));
        let jumped = self.site.lab.root().path("/jumped");
        self.remove("/jumped");
        let held = self.site.kernel.state().image;
        // A forced one looks at the file systems of this process.
        let run = if force {
            let output = self.site.process(&line).output().unwrap();
            let exit = u8::try_from(output.status.code().unwrap()).unwrap();
            Run { exit, out: String::new(), err: Site::end(&output) }
        } else {
            self.site.run(&line)
        };
        match wanted {
            Answer::Boots(image) if force => {
                assert_eq!(fs::read_to_string(&jumped).ok().as_ref(), Some(image), "{run:?}");
            }
            Answer::Boots(image) => {
                assert_eq!(run.exit, 0, "{run:?}");
                assert_eq!(Some(image), held.as_ref());
            }
            refused => {
                assert!(!jumped.exists(), "{run:?}");
                compare(&run, refused);
            }
        }
    }

    fn files(&self, slot: Slot, files: Files) {
        let record = format!("/run/skexec/{}", if slot == Slot::Panic { "loaded-panic.json" } else { "loaded.json" });
        let begun = format!("{record}.begun");
        match files {
            Files::Removed => [record, begun].iter().for_each(|path| self.remove(path)),
            Files::Damaged => self.site.lab.system(&record, "{\"schema\":1,\"time\":"),
            Files::OfAnotherVersion => self.site.lab.system(&record, OF_ANOTHER_VERSION),
            Files::BegunDamaged => self.site.lab.system(&begun, "{"),
        }
    }

    /// Removes a file, if it is there.
    fn remove(&self, path: &str) {
        let _ = fs::remove_file(self.site.lab.root().path(path));
    }

    fn policy(&self, policy: Policy) {
        const PATH: &str = "/etc/skexec/policy.toml";
        match policy {
            Policy::Absent => self.remove(PATH),
            Policy::RequiresCmdline => self.site.lab.system(PATH, "require = [\"cmdline\"]\n"),
            Policy::Broken => self.site.lab.system(PATH, "require = cmdline\n"),
        }
    }

    fn boot(&self, keeps_run: bool) {
        let kernel = &self.site.kernel;
        [Slot::Reboot, Slot::Panic].iter().for_each(|slot| kernel.change(*slot, &State::default()));
        self.site.lab.system(DISABLED, "0\n");
        let id = self.site.lab.root().path("/proc/sys/kernel/random/boot_id");
        let next = format!("{}+\n", fs::read_to_string(&id).unwrap().trim());
        fs::write(id, next).unwrap();
        if !keeps_run {
            let _ = fs::remove_dir_all(self.site.lab.root().path("/run/skexec"));
        }
    }
}

const DISABLED: &str = "/proc/sys/kernel/kexec_load_disabled";

const OF_ANOTHER_VERSION: &str = r#"{"schema":2,"time":1,"method":"file","kernel":"/k","release":null,"sha256":"","basis":"embedded",
    "signer":null,"covers":[],"initrds":[],"cmdline":"image=other"}"#;

const fn option(given: bool, words: &'static str) -> &'static str {
    if given { words } else { "" }
}

fn compare(run: &Run, wanted: &Answer) {
    match wanted {
        Answer::Done => assert_eq!(run.exit, 0, "{run:?}"),
        Answer::Refused(exit, reason) => {
            assert_eq!(run.exit, *exit, "{reason}: {run:?}");
            assert!(run.err.contains(&format!("({reason})")), "{reason}: {run:?}");
        }
        Answer::Failed => assert_ne!(run.exit, 0, "{run:?}"),
        Answer::Killed | Answer::Boots(_) => panic!("{wanted:?}, and not {run:?}"),
    }
}
