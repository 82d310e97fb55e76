//! What the kernel, the files below /run and the policy are after each step, and what skexec has to say of it.

use super::step::{End, Files, Policy, Step};
use skexec::system::Slot;

/// What `--count-loads` sets.
const MANY: u32 = 1_000_000;

/// A file of /run/skexec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum File<T> {
    #[default]
    Absent,
    Unreadable,
    Of(T),
}

impl<T> File<T> {
    fn is_there(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// The record of a load: the image, the calls that were left after it, and the boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    image: String,
    left: Option<u32>,
    boot: u32,
}

/// The record of a load that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    record: Record,
    replaces: bool,
}

/// How a load that was begun has ended, as far as the kernel shows.
enum Ended {
    NotMade,
    Made,
    Unknown,
}

/// What `status` shows of a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) image: Option<String>,
    pub(crate) standing: Option<&'static str>,
    pub(crate) problem: bool,
}

/// One of the kernel's two images, and what skexec has written of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) held: Option<String>,
    pub(crate) left: Option<u32>,
    record: File<Record>,
    begun: File<Begun>,
}

impl Place {
    fn count(&mut self) {
        self.left = self.left.map(|left| left - 1);
    }

    /// Nothing is written of an image any more.
    fn forget(&mut self) {
        (self.record, self.begun) = (File::Absent, File::Absent);
    }

    fn ended(&self, begun: &Begun, boot: u32) -> Ended {
        let before = begun.record.left.map(|left| left + 1);
        if begun.record.boot != boot || before.is_some() && before == self.left || self.held.is_none() {
            Ended::NotMade
        } else if begun.replaces {
            Ended::Unknown
        } else {
            Ended::Made
        }
    }

    /// A load that was not seen to end proves nothing of what was called since.
    fn unproved(&self, record: &Record) -> Record {
        Record { left: record.left.filter(|left| Some(*left) != self.left), ..record.clone() }
    }

    fn settle(&mut self, boot: u32) {
        match &self.begun {
            File::Absent => {}
            File::Unreadable => self.forget(),
            File::Of(begun) => match self.ended(begun, boot) {
                Ended::NotMade => self.begun = File::Absent,
                Ended::Made => {
                    self.record = File::Of(self.unproved(&begun.record));
                    self.begun = File::Absent;
                }
                Ended::Unknown => {}
            },
        }
    }

    /// A call that left the image as it was: its record counts it, too.
    fn recount(&mut self, before: Option<u32>) {
        if let File::Of(record) = &mut self.record
            && record.left == before
        {
            record.left = self.left;
        }
    }

    fn standing(&self, record: &Record, boot: u32) -> &'static str {
        match (record.left, self.left) {
            _ if record.boot != boot => "contradicted",
            (Some(then), Some(now)) if then != now => "contradicted",
            (Some(_), Some(_)) => "proved",
            _ => "unproved",
        }
    }

    pub(crate) fn shown(&self, boot: u32) -> Shown {
        let problem = Shown { problem: true, ..Shown::default() };
        let record = match &self.begun {
            File::Unreadable => return problem,
            File::Of(begun) => match self.ended(begun, boot) {
                Ended::Made => &File::Of(self.unproved(&begun.record)),
                Ended::NotMade => &self.record,
                Ended::Unknown if self.record == File::Unreadable => return problem,
                Ended::Unknown => return Shown { standing: Some("contradicted"), ..problem },
            },
            File::Absent => &self.record,
        };
        match record {
            File::Unreadable => problem,
            File::Of(record) if self.held.is_some() => match self.standing(record, boot) {
                "contradicted" => Shown { standing: Some("contradicted"), ..problem },
                standing => Shown { image: Some(record.image.clone()), standing: Some(standing), problem: false },
            },
            File::Absent | File::Of(_) => Shown::default(),
        }
    }
}

/// What a step has to come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Exit code 0.
    Done,
    /// This exit code, and the reason.
    Refused(u8, &'static str),
    /// Another exit code than 0: the kernel has answered an errno.
    Failed,
    Killed,
    /// `exec` boots this image.
    Boots(String),
}

/// The machine.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) reboot: Place,
    pub(crate) panic: Place,
    pub(crate) disabled: bool,
    pub(crate) boot: u32,
    policy: Policy,
    /// That of the last step.
    pub(crate) answer: Answer,
}

impl Default for Model {
    fn default() -> Self {
        let (reboot, panic) = (Place::default(), Place::default());
        Self { reboot, panic, disabled: false, boot: 0, policy: Policy::Absent, answer: Answer::Done }
    }
}

impl Model {
    pub(crate) const fn place(&mut self, slot: Slot) -> &mut Place {
        match slot {
            Slot::Reboot => &mut self.reboot,
            Slot::Panic => &mut self.panic,
        }
    }

    /// The machine after this step.
    pub(crate) fn after(mut self, step: &Step) -> Self {
        self.answer = match step {
            Step::Load { slot, image, counted, locks, end, .. } => self.load(*slot, image, *counted, *locks, *end),
            Step::Unload { slot, end } => self.unload(*slot, *end),
            Step::Exec { foreign, .. } => self.exec(*foreign),
            Step::Stranger { slot, loads } => self.stranger(*slot, *loads),
            Step::Files { slot, files } => self.files(*slot, *files),
            Step::Policy(policy) => {
                self.policy = *policy;
                Answer::Done
            }
            Step::Limit { slot, left } => {
                let place = self.place(*slot);
                place.left = Some(place.left.map_or(*left, |now| now.min(*left)));
                Answer::Done
            }
            Step::Disable => {
                self.disabled = true;
                Answer::Done
            }
            Step::Boot { keeps_run } => self.boot(*keeps_run),
        };
        self
    }

    /// Why the kernel would permit no call.
    fn forbidden(&mut self, slot: Slot) -> Option<Answer> {
        match (self.disabled, self.place(slot).left) {
            (true, _) => Some(Answer::Refused(5, "kexec-disabled")),
            (false, Some(0)) => Some(Answer::Refused(5, "load-limit")),
            _ => None,
        }
    }

    fn load(&mut self, slot: Slot, image: &str, counted: bool, locks: bool, end: End) -> Answer {
        if self.policy == Policy::Broken {
            return Answer::Refused(1, "policy-file");
        }
        if let Some(answer) = self.forbidden(slot) {
            return answer;
        }
        if self.policy == Policy::RequiresCmdline {
            return Answer::Refused(3, "uncovered-cmdline");
        }
        let boot = self.boot;
        let place = self.place(slot);
        place.settle(boot);
        // What another program loads after it has unloaded this is not what was recorded.
        if slot == Slot::Reboot && place.held.is_none() {
            place.forget();
        }
        if counted || locks {
            place.left.get_or_insert(MANY);
        }
        // Its record may be of neither of the two images then.
        if place.begun.is_there() {
            place.record = File::Absent;
        }
        let (before, replaces) = (place.left, place.held.is_some());
        let record = Record { image: image.to_owned(), left: before.map(|left| left - 1), boot };
        let begun = File::Of(Begun { record: record.clone(), replaces });
        match end {
            End::Errno if slot == Slot::Panic => {
                place.count();
                place.held = None;
                place.forget();
                Answer::Failed
            }
            End::Errno => {
                place.count();
                place.begun = File::Absent;
                place.recount(before);
                Answer::Failed
            }
            End::KilledBefore => {
                place.begun = begun;
                Answer::Killed
            }
            End::KilledAfter => {
                place.count();
                place.held = Some(image.to_owned());
                place.begun = begun;
                Answer::Killed
            }
            End::Normal => {
                place.count();
                place.held = Some(image.to_owned());
                (place.record, place.begun) = (File::Of(record), File::Absent);
                self.disabled |= locks;
                Answer::Done
            }
        }
    }

    fn unload(&mut self, slot: Slot, end: End) -> Answer {
        if let Some(answer) = self.forbidden(slot) {
            return answer;
        }
        let boot = self.boot;
        let place = self.place(slot);
        if place.held.is_none() {
            place.forget();
            return Answer::Done;
        }
        place.settle(boot);
        let before = place.left;
        match end {
            End::KilledBefore => return Answer::Killed,
            End::Errno => {
                place.count();
                place.recount(before);
                return Answer::Failed;
            }
            End::KilledAfter | End::Normal => {
                place.count();
                place.held = None;
            }
        }
        if end == End::KilledAfter {
            return Answer::Killed;
        }
        place.forget();
        Answer::Done
    }

    fn exec(&mut self, foreign: bool) -> Answer {
        let boot = self.boot;
        let Some(held) = self.reboot.held.clone() else {
            self.reboot.forget();
            return Answer::Refused(1, "nothing-loaded");
        };
        self.reboot.settle(boot);
        if !foreign {
            match self.reboot.shown(boot) {
                Shown { image: Some(_), .. } => {}
                Shown { problem: true, .. } => return Answer::Refused(1, "record-contradicted"),
                Shown { .. } => return Answer::Refused(1, "foreign-image"),
            }
        }
        // It says whether what is booted has to be measured.
        if self.policy == Policy::Broken {
            return Answer::Refused(1, "policy-file");
        }
        Answer::Boots(held)
    }

    /// Another program, which knows nothing of skexec's records.
    fn stranger(&mut self, slot: Slot, loads: bool) -> Answer {
        if self.forbidden(slot).is_none() {
            let place = self.place(slot);
            place.count();
            place.held = loads.then(|| super::step::STRANGER.to_owned());
        }
        Answer::Done
    }

    fn files(&mut self, slot: Slot, files: Files) -> Answer {
        let place = self.place(slot);
        match files {
            Files::Removed => place.forget(),
            Files::Damaged | Files::OfAnotherVersion => place.record = File::Unreadable,
            Files::BegunDamaged => place.begun = File::Unreadable,
        }
        Answer::Done
    }

    fn boot(&mut self, keeps_run: bool) -> Answer {
        let mut before = std::mem::take(self);
        for slot in [Slot::Reboot, Slot::Panic] {
            let Place { record, begun, .. } = std::mem::take(before.place(slot));
            if keeps_run {
                *self.place(slot) = Place { record, begun, ..Place::default() };
            }
        }
        (self.boot, self.policy) = (before.boot + 1, before.policy);
        Answer::Done
    }
}
