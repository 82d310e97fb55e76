//! `skexec status`: what is loaded, and what this machine permits.

mod trust;
mod words;

use crate::arch::{Architecture as _, Platform};
use crate::gather::TrustRequest;
use crate::machine::kexec::{Kexec, Limit};
use crate::machine::keyrings::Key;
use crate::machine::{Machine, enforcement};
use crate::permit;
use crate::reason::Exit;
use crate::record::{self, Record, Standing};
use crate::sources::Root;
use crate::system::{Method, Slot};
use serde::Serialize;
use trust::TrustStatus;
use words::Words;

/// The state of this machine.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Status {
    schema: u32,
    /// `uname -r`.
    release: String,
    reboot: SlotStatus,
    panic: SlotStatus,
    /// Whether a load is permitted by either method, and why not.
    permitted: bool,
    reason: Option<&'static str>,
    message: Option<String>,
    file: MethodStatus,
    segments: MethodStatus,
    secure_boot: &'static str,
    lockdown: &'static str,
    /// Which mechanism of the running kernel, if any, makes it refuse unsigned images.
    enforcement: &'static str,
    memory_bytes: Option<u64>,
    /// What kernel and initrd may take together.
    memory_limit: Option<u64>,
    /// Bytes that crashkernel= reserved; 0 where nothing is reserved.
    crash_reservation_bytes: Option<u64>,
    five_level: Option<bool>,
    init: &'static str,
    ima: &'static str,
    load_pin: &'static str,
    /// Subjects of the keys that the kernel holds, and where each seems to be from.
    keys: Vec<String>,
    /// Whom skexec trusts.
    trust: TrustStatus,
    /// The same facts, for people.
    #[serde(skip)]
    words: Words,
}

/// One of the two system calls.
#[derive(Debug, Clone, Serialize)]
struct MethodStatus {
    call: &'static str,
    /// Whether the kernel has the call; nothing where that cannot be read.
    present: Option<bool>,
    permitted: bool,
    reason: Option<&'static str>,
    message: Option<String>,
}

impl MethodStatus {
    fn read(machine: &Machine, platform: &Platform, method: Method) -> Self {
        let finding = permit::may_load(method, machine, platform, Slot::Reboot).err();
        Self {
            call: method.call(),
            present: match method {
                Method::File => machine.kexec.file_load,
                Method::Segments => machine.kexec.segments,
            },
            permitted: finding.is_none(),
            reason: finding.as_ref().map(|finding| finding.reason.slug()),
            message: finding.map(|finding| finding.to_string()),
        }
    }

    fn line(&self) -> String {
        match (self.reason, &self.message) {
            (Some(reason), Some(message)) => format!("not by {}: {message} ({reason})", self.call),
            _ if self.present.is_none() => {
                format!("by {}, if the running kernel has it, which cannot be read", self.call)
            }
            _ => format!("by {}", self.call),
        }
    }
}

/// One of the two images.
#[derive(Debug, Clone, Serialize)]
struct SlotStatus {
    loaded: Option<bool>,
    /// How many more loads the kernel takes; nothing where there is no limit.
    loads_left: Option<u32>,
    /// What skexec loaded; nothing where that is contradicted.
    record: Option<Record>,
    /// `proved`, `unproved` or `contradicted`: whether the record is still true; nothing where there is none.
    standing: Option<&'static str>,
    /// Why there is no record.
    problem: Option<String>,
}

impl Status {
    /// Reads it; nothing is called, nothing changed. The request says whose certificates are to count.
    #[must_use]
    pub(crate) fn read(root: &Root, request: &TrustRequest) -> Self {
        let machine = Machine::read(root);
        let platform = Platform::read(root);
        let [file, segments] =
            [Method::File, Method::Segments].map(|method| MethodStatus::read(&machine, &platform, method));
        let permit = if file.permitted || segments.permitted { None } else { Some(&file) };
        Self {
            schema: 1,
            reboot: SlotStatus::read(root, Slot::Reboot, &machine.kexec),
            panic: SlotStatus::read(root, Slot::Panic, &machine.kexec),
            permitted: permit.is_none(),
            reason: permit.and_then(|status| status.reason),
            message: permit.and_then(|status| status.message.clone()),
            file,
            segments,
            words: Words::of(&machine),
            secure_boot: words::secure_boot(machine.secure_boot),
            lockdown: machine.lockdown.name(),
            enforcement: words::enforcement(enforcement(&machine)),
            memory_bytes: machine.memory.total,
            memory_limit: machine.memory.kexec_limit(),
            crash_reservation_bytes: machine.kexec.crash_size,
            five_level: platform.five_level(),
            init: words::init(&machine),
            ima: words::ima(&machine.ima),
            load_pin: words::load_pin(machine.load_pin),
            keys: machine.keyrings.keys.iter().map(Key::to_string).collect(),
            trust: TrustStatus::read(root, request),
            release: machine.release.text,
        }
    }

    /// Always done: a machine that permits nothing is described as well as another.
    #[must_use]
    pub(crate) const fn exit(&self) -> Exit {
        Exit::Done
    }

    /// The lines for people.
    #[must_use]
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("running", self.release.clone()), ("loaded", self.reboot.line())];
        lines.extend(self.reboot.lines());
        if self.panic.loaded == Some(true) {
            lines.push(("crash", self.panic.line()));
            lines.extend(self.panic.lines());
        }
        lines.push((
            "loading",
            match (&self.message, self.reason) {
                (Some(message), Some(reason)) => format!("not permitted: {message} ({reason})"),
                _ => "permitted".to_owned() + &self.reboot.limit(),
            },
        ));
        if self.permitted {
            lines.extend([&self.file, &self.segments].map(|method| ("", method.line())));
        }
        lines.push(("kernel", format!("signatures {}", self.words.enforcement)));
        lines.push(("", format!("Secure Boot {}, lockdown {}", self.words.secure_boot, self.lockdown)));
        lines.push(("", format!("IMA {}, LoadPin {}", self.words.ima, self.load_pin)));
        lines.extend(
            self.keys.iter().enumerate().map(|(index, key)| (if index == 0 { "keys" } else { "" }, key.clone())),
        );
        lines.extend(self.trust.lines());
        if let (Some(total), Some(limit)) = (self.memory_bytes, self.memory_limit) {
            lines.push((
                "memory",
                format!("{} MiB, of which kernel and initrd may take {} MiB", total >> 20, limit >> 20),
            ));
        }
        if let Some(bytes) = self.crash_reservation_bytes {
            lines.push(("reserved", reservation(bytes)));
        }
        if self.five_level == Some(true) {
            lines.push(("paging", "five levels: a kernel without XLF_5LEVEL cannot start".into()));
        }
        lines.push(("init", self.words.init.clone()));
        lines
    }
}

fn reservation(bytes: u64) -> String {
    match bytes {
        0 => "nothing for a crash kernel: the kernel was booted without crashkernel=".to_owned(),
        _ => format!("{} MiB for a crash kernel (crashkernel=)", bytes >> 20),
    }
}

impl SlotStatus {
    fn read(root: &Root, slot: Slot, kexec: &Kexec) -> Self {
        let panic = slot == Slot::Panic;
        let loaded = if panic { kexec.crash_loaded } else { kexec.loaded };
        let loads_left = kexec.limit(panic).and_then(Limit::remaining);
        let none = Self { loaded, loads_left, record: None, standing: None, problem: None };
        match record::read(root, slot) {
            // What was recorded before another program unloaded the image is no longer true.
            Ok(Some(record)) if loaded != Some(false) => {
                let standing = record.standing(root, kexec, slot);
                let name = Some(standing.name());
                match standing {
                    Standing::Contradicted(why) => {
                        let problem = format!("not what skexec loaded ({}): {why}", record.kernel);
                        Self { standing: name, problem: Some(problem), ..none }
                    }
                    Standing::Proved | Standing::Unproved => Self { standing: name, record: Some(record), ..none },
                }
            }
            Ok(_) => none,
            Err(error) => {
                Self { problem: Some(format!("a kernel, but skexec's record of it cannot be read: {error}")), ..none }
            }
        }
    }

    fn line(&self) -> String {
        match (self.loaded, &self.record, &self.problem) {
            (Some(false), ..) => "nothing".into(),
            (_, Some(record), _) => {
                let release = record.release.as_deref().unwrap_or("a kernel without a version");
                let last = if self.standing == Some("proved") { "" } else { "last loaded by skexec: " };
                format!("{last}{} ({release})", record.kernel)
            }
            (_, None, Some(problem)) => problem.clone(),
            (Some(true), None, None) => "an image that skexec has no record of".into(),
            (None, None, None) => "unknown".into(),
        }
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let Some(record) = &self.record else { return Vec::new() };
        let who = record.signer.clone().unwrap_or_else(|| "NOT VERIFIED (--insecure-unsigned)".into());
        let mut lines = vec![("", format!("signer   {who}"))];
        if self.standing == Some("unproved") {
            let unseen = "nothing shows whether another program has loaded a kernel since (see load --count-loads)";
            lines.insert(0, ("", unseen.into()));
        }
        lines.extend(record.boot_entry.iter().map(|id| ("", format!("entry    {id}"))));
        lines.push(("", format!("method   {}", record.method)));
        lines.extend(record.initrds.iter().map(|initrd| ("", format!("initrd   {initrd}"))));
        lines.extend(record.injected.iter().map(|path| ("", format!("injected {path}"))));
        lines.push(("", format!("cmdline  {}", record.cmdline)));
        // Not indented: a terminal of 80 columns must not break it.
        lines.push(("sha256", record.sha256.clone()));
        lines
    }

    fn limit(&self) -> String {
        self.loads_left.map(|loads| format!(", {loads} more times")).unwrap_or_default()
    }
}
