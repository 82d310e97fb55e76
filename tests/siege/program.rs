//! skexec as a process of its own on a fake machine, whose kernel keeps its state in files.

use super::support::Lab;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::{ptrace, signal};
use skexec::sources::Root;
use skexec::sys::{FileLoad, Kexec, SegmentsLoad, flags};
use skexec::system::{Slot, System};
use std::env;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The root of the machine that this process is skexec on.
pub(crate) const ROOT: &str = "SKEXEC_SIEGE_ROOT";
/// The parent traces this process, which waits for it.
pub(crate) const TRACED: &str = "SKEXEC_SIEGE_TRACED";
/// How long a call takes, in microseconds.
pub(crate) const NAP: &str = "SKEXEC_SIEGE_NAP";

/// What each call answers instead of doing what it is asked for. The kernel counts it, if it counts.
pub(crate) const ERRNO: &str = "SKEXEC_SIEGE_ERRNO";

/// SIGKILL reaches this process [`BEFORE`] a call or [`AFTER`] it.
pub(crate) const KILL: &str = "SKEXEC_SIEGE_KILL";
pub(crate) const BEFORE: &str = "before";
pub(crate) const AFTER: &str = "after";

const DISABLED: &str = "proc/sys/kernel/kexec_load_disabled";

/// Where the kernel shows the state of a slot, and where it keeps it.
const fn places(slot: Slot) -> [&'static str; 3] {
    match slot {
        Slot::Reboot => ["sys/kernel/kexec_loaded", "proc/sys/kernel/kexec_load_limit_reboot", "kernel"],
        Slot::Panic => ["sys/kernel/kexec_crash_loaded", "proc/sys/kernel/kexec_load_limit_panic", "crash-kernel"],
    }
}

/// Runs skexec where this process was started for that.
pub(crate) fn is_wanted() -> Option<ExitCode> {
    let root = PathBuf::from(env::var_os(ROOT)?);
    skexec::sys::ignore_file_size_signal();
    if env::var_os(TRACED).is_some() {
        ptrace::traceme().unwrap();
        signal::raise(signal::Signal::SIGSTOP).unwrap();
    }
    let nap = env::var(NAP).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let kernel = Kernel { root: root.clone(), nap: Duration::from_micros(nap) };
    let words = std::iter::once(OsString::from("skexec")).chain(env::args_os().skip(1));
    let code = run(&kernel, words, &mut io::stdout().lock(), &mut io::stderr().lock());
    Some(ExitCode::from(code))
}

/// Runs skexec in this process.
pub(crate) fn run(
    kernel: &Kernel,
    words: impl Iterator<Item = OsString>,
    out: &mut dyn io::Write,
    err: &mut dyn io::Write,
) -> u8 {
    let root = Root(kernel.root.clone());
    skexec::cli::start(System { root: &root, kexec: kernel }, words, out, err)
}

/// What the kernel holds in a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// The command line of the image.
    pub(crate) image: Option<String>,
    /// The calls that are left, where they are counted.
    pub(crate) left: Option<u32>,
}

/// A kernel whose state changes at one moment, by the rename of a link, as the real one's does.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) root: PathBuf,
    pub(crate) nap: Duration,
}

impl Kernel {
    /// Makes it the kernel of a machine, which holds no crash kernel.
    pub(crate) fn install(lab: &Lab, state: &State) -> Self {
        let kernel = Self { root: lab.root().0.clone(), nap: Duration::ZERO };
        for slot in [Slot::Reboot, Slot::Panic] {
            let [loaded, limit, folder] = places(slot);
            for (name, up, file) in [(loaded, "../..", "loaded"), (limit, "../../..", "limit")] {
                let place = kernel.root.join(name);
                fs::create_dir_all(place.parent().unwrap()).unwrap();
                let _ = fs::remove_file(&place);
                symlink(format!("{up}/{folder}/{file}"), &place).unwrap();
            }
        }
        kernel.change(Slot::Reboot, state);
        kernel.change(Slot::Panic, &State::default());
        kernel
    }

    /// What it would boot.
    pub(crate) fn state(&self) -> State {
        self.state_of(Slot::Reboot)
    }

    pub(crate) fn state_of(&self, slot: Slot) -> State {
        let [_, _, folder] = places(slot);
        let folder = self.root.join(folder);
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let image = Some(text("image")).filter(|image| !image.is_empty());
        State { image, left: text("limit").trim().parse().ok() }
    }

    pub(crate) fn change(&self, slot: Slot, state: &State) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let [_, _, link_name] = places(slot);
        let name = format!("{link_name}.{}.{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = self.root.join(&name);
        fs::create_dir(&folder).unwrap();
        let write = |file: &str, text: String| fs::write(folder.join(file), text).unwrap();
        write("loaded", format!("{}\n", u8::from(state.image.is_some())));
        write("image", state.image.clone().unwrap_or_default());
        write("limit", state.left.map_or(-1, i64::from).to_string());
        let link = self.root.join(format!("{name}.link"));
        symlink(&name, &link).unwrap();
        fs::rename(&link, self.root.join(link_name)).unwrap();
    }

    /// One call: the kernel takes one at a time, and counts each that it permits.
    pub(crate) fn call(&self, slot: Slot, image: Option<String>) -> Result<(), i32> {
        let _files = Files::as_many_as_it_takes();
        let lock = OpenOptions::new().create(true).append(true).open(self.root.join("kernel.lock")).unwrap();
        let Ok(_lock) = nix::fcntl::Flock::lock(lock, nix::fcntl::FlockArg::LockExclusiveNonblock) else {
            return Err(nix::libc::EBUSY);
        };
        std::thread::sleep(self.nap);
        die(BEFORE);
        let before = self.state_of(slot);
        let disabled = fs::read_to_string(self.root.join(DISABLED)).is_ok_and(|text| text.trim() == "1");
        if disabled || before.left == Some(0) {
            return Err(nix::libc::EPERM);
        }
        let errno: Option<i32> = env::var(ERRNO).ok().map(|text| text.parse().unwrap());
        let image = match (errno, slot) {
            (None, _) => image,
            (Some(_), Slot::Reboot) => before.image,
            // There is no room for two: the old one is freed before the new one is read. An unload that fails frees nothing.
            (Some(_), Slot::Panic) => before.image.filter(|_| image.is_none()),
        };
        self.change(slot, &State { image, left: before.left.map(|left| left - 1) });
        die(AFTER);
        std::thread::sleep(self.nap);
        errno.map_or(Ok(()), Err)
    }
}

/// Ends this process where it is to be killed at this moment.
fn die(moment: &str) {
    if env::var(KILL).is_ok_and(|wanted| wanted == moment) {
        signal::raise(signal::Signal::SIGKILL).unwrap();
    }
}

const fn slot(panic: bool) -> Slot {
    if panic { Slot::Panic } else { Slot::Reboot }
}

/// A real kernel needs no open files of the process: the limit does not hold for this one.
struct Files(nix::libc::rlim_t);

impl Files {
    fn as_many_as_it_takes() -> Self {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
        Self(soft)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, self.0, hard).unwrap();
    }
}

impl Kexec for Kernel {
    fn file_load(&self, load: &FileLoad<'_>) -> Result<(), i32> {
        self.call(slot(load.flags & flags::ON_CRASH != 0), Some(load.cmdline.to_str().unwrap().to_owned()))
    }

    fn file_unload(&self, panic: bool) -> Result<(), i32> {
        self.call(slot(panic), None)
    }

    fn segments_load(&self, load: &SegmentsLoad<'_>) -> Result<(), i32> {
        let image = load.segments.iter().find_map(|segment| image_in(segment.bytes)).unwrap();
        self.call(slot(load.flags & flags::CRASH_SEGMENTS != 0), Some(image))
    }

    fn segments_unload(&self, panic: bool) -> Result<(), i32> {
        self.call(slot(panic), None)
    }

    fn jump(&self) -> i32 {
        let begun = self.root.join("jumped.begun");
        fs::write(&begun, self.state().image.unwrap_or_default()).unwrap();
        fs::rename(begun, self.root.join("jumped")).unwrap();
        nix::libc::EINVAL
    }
}

/// The command line of a siege, `image=` and a word, among other bytes.
fn image_in(bytes: &[u8]) -> Option<String> {
    let at = bytes.windows(6).position(|window| window == b"image=")?;
    let text: Vec<u8> = bytes[at..].iter().copied().take_while(u8::is_ascii_graphic).collect();
    String::from_utf8(text).ok()
}

/// All files below a folder, without what the fake kernel keeps.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap_or_default()).collect();
    names.sort();
    names
}
