//! A machine under attack: what is done on it, and what its state must be.

use super::machine;
use super::program::{self, Kernel, State};
use super::support::{Lab, Run, systemd};
use forge::payload::{pack, signed};
use forge::vmlinux::Vmlinux;
use serde_json::Value;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The methods and layouts.
pub(crate) const METHODS: [&str; 4] = ["--method file", "--layout vmlinux", "--layout elided", "--layout classic"];

/// A machine with systemd, whose kernel keeps its state in files.
pub(crate) struct Site {
    pub(crate) lab: Lab,
    pub(crate) kernel: Kernel,
    /// The folder for temporary files.
    pub(crate) temporary: PathBuf,
}

impl Site {
    /// With nothing loaded; counted, or not.
    pub(crate) fn new(counted: bool) -> Self {
        static KERNEL: OnceLock<Vec<u8>> = OnceLock::new();
        let lab = machine::lab();
        lab.file("vmlinuz", KERNEL.get_or_init(|| signed(pack(&Vmlinux::default().build()))));
        lab.system("/proc/sys/kernel/random/boot_id", "this-boot\n");
        systemd::install(&lab);
        // The shutdown that `exec` asks for is never made: skexec sees that, and takes back what it noted.
        systemd::script(&lab, "systemctl", "case \"$*\" in show*SystemState*) echo running ;; esac");
        let kernel = Kernel::install(&lab, &State { image: None, left: counted.then_some(1000) });
        let temporary = lab.path("temporary");
        std::fs::create_dir(&temporary).unwrap();
        Self { lab, kernel, temporary }
    }

    /// The command that loads an image by this name.
    pub(crate) fn load(name: &str, method: &str) -> String {
        let options = if method.starts_with("--layout") { "--method segments " } else { "" };
        format!("load {{}}/vmlinuz --initrd {{}}/initrd --cmdline image={name} --keys {{}}/root.pem {options}{method}")
    }

    pub(crate) fn words(&self, line: &str) -> Vec<OsString> {
        let folder = self.lab.path("");
        let folder = folder.to_str().unwrap().trim_end_matches('/').to_owned();
        line.split(' ').map(|word| word.replace("{}", &folder).into()).collect()
    }

    /// Runs skexec in this process.
    pub(crate) fn run(&self, line: &str) -> Run {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let words = std::iter::once(OsString::from("skexec")).chain(self.words(line));
        let exit = program::run(&self.kernel, words, &mut out, &mut err);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { exit, out: text(out), err: text(err) }
    }

    /// skexec as a process of its own.
    pub(crate) fn process(&self, line: &str) -> Command {
        self.process_by(env::current_exe().unwrap(), self.words(line))
    }

    /// The same, by way of a shell that runs `script`, in which `"$@"` is skexec.
    pub(crate) fn process_in(&self, script: &str, line: &str) -> Command {
        let words =
            [script.into(), "sh".into(), env::current_exe().unwrap().into()].into_iter().chain(self.words(line));
        self.process_by("/bin/sh".into(), std::iter::once("-c".into()).chain(words).collect())
    }

    fn process_by(&self, program: PathBuf, words: Vec<OsString>) -> Command {
        let mut command = Command::new(program);
        command.args(words).env(program::ROOT, &self.lab.root().0).env("TMPDIR", &self.temporary);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What a command of these said.
    pub(crate) fn end(output: &Output) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        format!("{:?}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
    }

    /// What skexec says of the image, and whether `exec` boots it: the image that it takes it for, or why it does not.
    pub(crate) fn verdict(&self) -> Result<String, String> {
        let status = self.run("status --json");
        let json: Value = serde_json::from_str(&status.out).unwrap_or_else(|error| panic!("{error}: {status:?}"));
        let record = &json["reboot"]["record"];
        let exec = self.run("exec --json");
        if exec.exit == 0 {
            return Ok(record["cmdline"]
                .as_str()
                .unwrap_or_else(|| panic!("exec boots what status does not know: {json}"))
                .to_owned());
        }
        let reason: Value = serde_json::from_str(&exec.out).unwrap_or_else(|error| panic!("{error}: {exec:?}"));
        let reason = reason["reason"].as_str().unwrap_or("none").to_owned();
        assert!(
            record.is_null() || reason == "nothing-loaded",
            "status knows what exec does not boot: {json} {exec:?}"
        );
        Err(reason)
    }

    /// What skexec takes the image for is what the kernel holds.
    pub(crate) fn agrees(&self) {
        let held = self.kernel.state().image;
        match (self.verdict(), held) {
            (Ok(taken), held) => assert_eq!(Some(taken), held, "exec boots another image"),
            (Err(reason), None) => assert_eq!(reason, "nothing-loaded"),
            (Err(reason), Some(held)) => panic!("nobody vouches for {held}: {reason}"),
        }
    }

    /// After whatever was done, a load works, its image is known, and an unload leaves nothing.
    pub(crate) fn heals(&self) {
        let load = self.run(&Self::load("healed", METHODS[0]));
        assert_eq!(load.exit, 0, "{load:?}");
        self.agrees();
        let unload = self.run("unload");
        assert_eq!(unload.exit, 0, "{unload:?}");
        self.agrees();
        self.is_clean();
    }

    /// Nothing is left in /run and in the folder for temporary files.
    pub(crate) fn is_clean(&self) {
        let left = program::files(&self.lab.root().path("/run/skexec"));
        assert!(left.iter().all(|name| name == "lock"), "left in /run/skexec: {left:?}");
        assert_eq!(program::files(&self.temporary), Vec::<String>::new());
    }
}
