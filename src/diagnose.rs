//! `skexec status`: what is loaded, what the next reboot does, and what this machine permits.

mod answer;
mod checks;
mod crash;
mod method;
mod reboot;
pub(crate) mod section;
mod slot;
mod this_boot;
mod tpm;
mod trust;
mod unseen;
mod words;

use crate::arch::{Architecture as _, Platform};
use crate::arrival::Arrival;
use crate::gather::TrustRequest;
use crate::machine::keyrings::Key;
use crate::machine::{Machine, enforcement, site};
use crate::reason::{Exit, Finding, Site};
use crate::sources::Root;
use crate::sources::policy::Policy;
use crate::system::{Method, Slot, System};
use answer::{Answer, Facts};
use method::MethodStatus;
use reboot::Step;
use section::{Mark, Row, Section, Title};
use serde::Serialize;
use slot::SlotStatus;
use this_boot::ThisBoot;
use tpm::TpmStatus;
use trust::TrustStatus;
use unseen::Unseen;
use words::Words;

/// The state of this machine.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Status<'a> {
    schema: u32,
    #[serde(flatten)]
    answer: Answer,
    /// `uname -r`.
    release: String,
    /// How this boot began; nothing where skexec has nothing to do with it.
    this_boot: Option<Arrival>,
    /// What each command that reboots would do.
    next_reboot: Vec<Step>,
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
    /// The addresses of the reservation; empty where they cannot be seen.
    crash_reservation: Vec<String>,
    five_level: Option<bool>,
    init: &'static str,
    ima: &'static str,
    load_pin: &'static str,
    /// Subjects of the keys that the kernel holds, and where each seems to be from.
    keys: Vec<String>,
    /// Whom skexec trusts.
    trust: TrustStatus,
    tpm: Option<TpmStatus>,
    /// What this process cannot see.
    unseen: Vec<Unseen>,
    /// The rights that skexec cannot give up here, and why; nothing where it can.
    not_confined: Option<String>,
    /// What the sections are made of besides.
    #[serde(skip)]
    seen: Seen<'a>,
}

#[derive(Debug, Clone)]
struct Seen<'a> {
    this_boot: ThisBoot,
    root: &'a Root,
    machine: Machine,
    words: Words,
    policy: Result<Policy, Finding>,
    site: Site,
}

impl<'a> Status<'a> {
    /// Reads it; nothing is called, nothing changed. The request says whose certificates are to count.
    #[must_use]
    pub(crate) fn read(system: System<'a>, request: &TrustRequest) -> Self {
        let root = system.root;
        let (machine, platform) = (Machine::read(root), Platform::read(root));
        let (policy, site) = (Policy::read(root), site(root));
        let trust = TrustStatus::read(root, &policy, request);
        let [file, segments] =
            [Method::File, Method::Segments].map(|method| MethodStatus::read(&machine, &platform, method));
        let [reboot, panic] = [Slot::Reboot, Slot::Panic].map(|slot| SlotStatus::read(root, slot, &machine.kexec));
        let facts = Facts { machine: &machine, slot: &reboot, file: &file, segments: &segments, trust: &trust, site };
        let this_boot = ThisBoot::read(root);
        let permit = if file.permitted || segments.permitted { None } else { Some(&file) };
        Self {
            schema: 1,
            answer: Answer::of(&facts),
            release: machine.release.text.clone(),
            this_boot: this_boot.arrival.clone(),
            next_reboot: reboot::steps(&machine, &reboot, root, site, &policy),
            permitted: permit.is_none(),
            reason: permit.and_then(|status| status.reason),
            message: permit.and_then(|status| status.message.clone()),
            secure_boot: words::secure_boot(machine.secure_boot),
            lockdown: machine.lockdown.name(),
            enforcement: words::enforcement(enforcement(&machine)),
            memory_bytes: machine.memory.total,
            memory_limit: machine.memory.kexec_limit(),
            crash_reservation_bytes: machine.kexec.crash_size,
            crash_reservation: crash::places(root),
            five_level: platform.five_level(),
            init: words::init(&machine),
            ima: words::ima(&machine.ima),
            load_pin: words::load_pin(machine.load_pin),
            keys: machine.keyrings.keys.iter().map(Key::to_string).collect(),
            trust,
            tpm: TpmStatus::read(root, &policy),
            not_confined: system.kexec.kept(),
            unseen: unseen::unseen(&machine, [&reboot, &panic], &this_boot),
            seen: Seen { this_boot, root, words: Words::of(&machine), policy, site, machine },
            reboot,
            panic,
            file,
            segments,
        }
    }

    /// Always done: a machine that permits nothing is described as well as another.
    #[must_use]
    pub(crate) const fn exit(&self) -> Exit {
        Exit::Done
    }

    /// The answer.
    #[must_use]
    pub(crate) fn title(&self) -> Title {
        self.answer.title()
    }

    /// All else, for people; with `verbose` in full.
    #[must_use]
    pub(crate) fn sections(&self, verbose: bool) -> Vec<Section> {
        let Seen { root, machine, words, policy, site, this_boot } = &self.seen;
        let crash = crash::rows(self.crash_reservation_bytes, &self.crash_reservation, &self.panic, root);
        let mut checks = checks::kernel(machine, words, self.load_pin, &self.keys, verbose);
        checks.extend(checks::skexec(policy, *site));
        checks.extend(self.not_confined.as_deref().map(checks::not_confined));
        let this_boot = Section::new("This boot", this_boot.rows(root));
        let mut sections = vec![
            this_boot,
            Section::new("Next reboot", self.next_reboot.iter().map(Step::row).collect()),
            Section::new("Loaded kernel", self.reboot.rows(root)),
            Section::new("Crash kernel", crash),
            Section::new("Who checks", checks),
            Section::new("Methods", self.methods()),
            Section::new("Trust", self.trust.rows(*site, verbose)),
        ];
        sections.extend(self.tpm.as_ref().map(|tpm| tpm.section(*site)));
        if verbose {
            sections.push(Section::new("Machine", self.machine()));
        }
        sections.retain(|section| !section.rows.is_empty());
        // The answer has told it.
        let told = |row: &&mut Row| row.advice.as_deref().is_some_and(|advice| self.answer.advice() == Some(advice));
        let rows = sections.iter_mut().flat_map(|section| &mut section.rows);
        rows.filter(told).for_each(|row| row.advice = None);
        if !self.unseen.is_empty() {
            sections.push(Section::new("Not seen", self.unseen.iter().map(Unseen::row).collect()));
        }
        sections
    }

    fn methods(&self) -> Vec<Row> {
        // Where one works, the other is not needed.
        let forbidden = if self.permitted { Mark::Plain } else { Mark::Bad };
        let mut rows = vec![
            self.file.row(Method::File, forbidden, None, self.seen.site),
            self.segments.row(Method::Segments, forbidden, Some(&self.file), self.seen.site),
        ];
        if let Some(loads) = self.reboot.loads_left {
            let value = format!("{loads} more loads and unloads (kernel.kexec_load_limit_reboot)");
            rows.push(Row::plain("limit", value));
        }
        if let (Some(total), Some(limit)) = (self.memory_bytes, self.memory_limit) {
            let value = format!("{} MiB, of which kernel and initrd may take {} MiB", total >> 20, limit >> 20);
            rows.push(Row::plain("memory", value));
        }
        rows
    }

    fn machine(&self) -> Vec<Row> {
        let five = "five levels: a kernel without XLF_5LEVEL cannot start";
        let paging = self.five_level.map(|levels| if levels { five } else { "four levels" });
        let mut rows = vec![Row::plain("running", &self.release), Row::plain("init", &self.seen.words.init)];
        rows.extend(paging.map(|levels| Row::plain("paging", levels)));
        rows
    }
}
