//! A test machine: a directory replaces `/`, and a recorder replaces the kernel.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot build its machine has failed")]

pub(crate) mod systemd;

use sha2::Digest as _;
use skexec::sources::Root;
use skexec::sys::{FileLoad, Kexec, SegmentsLoad};
use skexec::system::System;
use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A temporary directory, removed at the end.
#[derive(Debug)]
pub(crate) struct Lab {
    folder: PathBuf,
    root: Root,
    pub(crate) kernel: Recorder,
}

impl Lab {
    /// A machine without EFI that permits everything, enforces nothing and trusts the test root.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("skexec-lab-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let lab = Self { root: Root(folder.join("root")), folder, kernel: Recorder::default() };
        fs::create_dir_all(lab.root().path("/sys/firmware")).unwrap();
        lab.system("/proc/self/status", "CapEff:\t000001ffffffffff\n");
        lab.system("/proc/self/uid_map", "0 0 4294967295\n");
        lab.system("/proc/2/comm", "kthreadd\n");
        lab.system("/proc/meminfo", "MemTotal:        1048576 kB\n");
        lab.system("/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/vda1 quiet\n");
        lab.system("/proc/cpuinfo", "flags\t\t: fpu\n");
        lab.system("/proc/sys/kernel/osrelease", "6.12.0-test\n");
        lab.system("/proc/sys/kernel/kexec_load_disabled", "0\n");
        lab.system("/sys/kernel/kexec_loaded", "0\n");
        lab.system("/sys/kernel/security/lsm", "capability\n");
        lab.system("/boot/config-6.12.0-test", "CONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\n");
        lab.file("root.pem", forge::root_pem().as_bytes());
        lab.file("vmlinuz", &forge::signed_bzimage());
        lab
    }

    /// Writes a file of the machine.
    pub(crate) fn system(&self, path: &str, text: &str) {
        write(&self.root.path(path), text.as_bytes());
    }

    /// Writes a binary file of the machine.
    pub(crate) fn system_bytes(&self, path: &str, bytes: &[u8]) {
        write(&self.root.path(path), bytes);
    }

    /// Makes it a machine with Secure Boot, whose firmware has the forge's db, dbx and SBAT level.
    pub(crate) fn forge_firmware(&self) {
        const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
        const IMAGE_SECURITY: &str = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
        const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";
        let variable = |name: &str, vendor: &str, attributes: u8, data: &[u8]| {
            let path = format!("/sys/firmware/efi/efivars/{name}-{vendor}");
            self.system_bytes(&path, &[&[attributes, 0, 0, 0], data].concat());
        };
        variable("SecureBoot", GLOBAL, 6, &[1]);
        variable("SetupMode", GLOBAL, 6, &[0]);
        variable("db", IMAGE_SECURITY, 0x27, &forge::db_esl());
        variable("dbx", IMAGE_SECURITY, 0x27, &forge::dbx_esl());
        variable("SbatLevelRT", SHIM, 6, forge::sbat::LEVEL.as_bytes());
    }

    /// Writes a file of the user and returns its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        write(&path, bytes);
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    pub(crate) fn system_view(&self) -> System<'_> {
        System { root: &self.root, kexec: &self.kernel }
    }

    /// Runs a command line whose standard output is a pipe without a reader.
    pub(crate) fn run_unheard(&self, line: &str) -> u8 {
        self.run_on(line, &mut Gone, &mut Gone)
    }

    /// Runs a command line whose standard output is a full disk.
    pub(crate) fn run_full(&self, line: &str) -> Run {
        let mut full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut err = Vec::new();
        let exit = self.run_on(line, &mut full, &mut err);
        Run {
            exit,
            out: String::new(),
            err: String::from_utf8(err).unwrap().replace(self.folder.to_str().unwrap(), "{}"),
        }
    }

    /// Runs a command line with these streams.
    pub(crate) fn run_on(&self, line: &str, out: &mut dyn std::io::Write, err: &mut dyn std::io::Write) -> u8 {
        self.run_words_on(line.split(' '), out, err)
    }

    fn run_words_on<'a>(
        &self,
        words: impl Iterator<Item = &'a str>,
        out: &mut dyn std::io::Write,
        err: &mut dyn std::io::Write,
    ) -> u8 {
        let words = words.map(|word| OsString::from(word.replace("{}", self.folder.to_str().unwrap())));
        let args = std::iter::once(OsString::from("skexec")).chain(words);
        skexec::cli::start(self.system_view(), args, out, err)
    }

    /// Runs a command line; `{}` stands for the lab's folder, in the command line and in the output.
    pub(crate) fn run(&self, line: &str) -> Run {
        self.run_words(line.split(' '))
    }

    /// Runs a command line of these words, which may contain blanks.
    pub(crate) fn run_words<'a>(&self, words: impl Iterator<Item = &'a str>) -> Run {
        let folder = self.folder.to_str().unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = self.run_words_on(words, &mut out, &mut err);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(folder, "{}");
        Run { exit, out: text(out), err: text(err) }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The output of a command, and its exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) exit: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A pipe whose other end is closed.
struct Gone;

impl std::io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Accepts every call and records its arguments.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    /// The errno of a load; 0 is success.
    pub(crate) answer: RefCell<i32>,
    pub(crate) calls: RefCell<Vec<Call>>,
    /// Whether `kexec_file_load` is missing.
    pub(crate) lacks_file_load: Cell<bool>,
    /// The file that says whether a crash kernel is loaded: the kernel frees it before it reads another one.
    pub(crate) crash_loaded: RefCell<Option<PathBuf>>,
    /// The file that counts loads and unloads for a reboot.
    pub(crate) counter: RefCell<Option<PathBuf>>,
    /// During a load, somebody makes a folder of this path.
    pub(crate) folder: RefCell<Option<PathBuf>>,
    /// During a load, somebody copies this file to another place.
    pub(crate) copies: RefCell<Option<(PathBuf, PathBuf)>>,
    /// During each of so many loads, a processor is plugged in here.
    pub(crate) plugs: RefCell<Option<(PathBuf, u32)>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    Load { kernel: Vec<u8>, sealed: bool, initrd: Option<Vec<u8>>, cmdline: String, flags: u64 },
    Unload { panic: bool },
    Segments { entry: u64, segments: Vec<(u64, u64, Vec<u8>)>, flags: u64 },
    SegmentsUnload { panic: bool },
    Jump,
}

impl Recorder {
    /// Counts as Linux 6.3 does: every permitted call counts, whether or not it succeeds.
    fn count(&self) {
        if let Some(path) = &*self.counter.borrow() {
            let left: i64 = fs::read_to_string(path).unwrap().trim().parse().unwrap();
            fs::write(path, format!("{}\n", if left > 0 { left - 1 } else { left })).unwrap();
        }
    }

    fn frees(&self, panic: bool) {
        if let Some(path) = self.crash_loaded.borrow().as_ref().filter(|_| panic) {
            fs::write(path, "0\n").unwrap();
        }
    }

    fn plug(&self) {
        if let Some((folder, left)) = self.plugs.borrow_mut().as_mut().filter(|(_, left)| *left > 0) {
            let cpu = folder.join(format!("cpu{}", 100 + *left));
            fs::create_dir(&cpu).unwrap();
            fs::write(cpu.join("crash_notes"), format!("{:x}\n", 0x3fd0_0000 + 0x1_0000 * *left)).unwrap();
            fs::write(cpu.join("crash_notes_size"), "376\n").unwrap();
            *left -= 1;
        }
    }

    fn answer(&self) -> Result<(), i32> {
        self.count();
        self.plug();
        match *self.answer.borrow() {
            0 => Ok(()),
            errno => Err(errno),
        }
    }
}

impl Kexec for Recorder {
    fn file_load(&self, load: &FileLoad<'_>) -> Result<(), i32> {
        if let Some(path) = &*self.folder.borrow() {
            fs::create_dir(path).unwrap();
        }
        if let Some((from, to)) = &*self.copies.borrow() {
            fs::copy(from, to).unwrap();
        }
        self.calls.borrow_mut().push(Call::Load {
            kernel: bytes(load.kernel),
            sealed: target(load.kernel).to_string_lossy().starts_with("/memfd:"),
            initrd: load.initrd.map(bytes),
            cmdline: load.cmdline.to_str().unwrap().to_owned(),
            flags: load.flags,
        });
        self.frees(load.flags & skexec::sys::flags::ON_CRASH != 0);
        self.answer()
    }

    fn file_unload(&self, panic: bool) -> Result<(), i32> {
        self.calls.borrow_mut().push(Call::Unload { panic });
        if self.lacks_file_load.get() { Err(nix::libc::ENOSYS) } else { self.answer() }
    }

    fn segments_load(&self, load: &SegmentsLoad<'_>) -> Result<(), i32> {
        let segments =
            load.segments.iter().map(|segment| (segment.at, segment.memory, segment.bytes.to_vec())).collect();
        self.calls.borrow_mut().push(Call::Segments { entry: load.entry, segments, flags: load.flags });
        self.frees(load.flags & skexec::sys::flags::CRASH_SEGMENTS != 0);
        self.answer()
    }

    fn segments_unload(&self, panic: bool) -> Result<(), i32> {
        self.calls.borrow_mut().push(Call::SegmentsUnload { panic });
        self.answer()
    }

    fn jump(&self) -> i32 {
        self.calls.borrow_mut().push(Call::Jump);
        nix::libc::EINVAL
    }
}

/// The path of an open descriptor.
fn target(fd: BorrowedFd<'_>) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap()
}

/// All bytes that the kernel would read through a descriptor.
fn bytes(fd: BorrowedFd<'_>) -> Vec<u8> {
    fs::read(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap()
}

/// A load that chooses an initrd (none) and a command line (an empty one).
pub(crate) const LOAD: &str = "load {}/vmlinuz --no-initrd --no-cmdline --keys {}/root.pem";

/// A refusal, as printed on standard error.
pub(crate) fn refusal(exit: u8, text: &str) -> Run {
    Run { exit, out: String::new(), err: text.to_owned() }
}

/// The text of a manifest that binds these files, as `vmlinuz`, `initrd.0`, `initrd.1` and so on.
pub(crate) fn manifest(kernel: &[u8], initrds: &[&[u8]], cmdline: &str, version: u64) -> String {
    let bound = |bytes: &[u8], file: &str| {
        let digest: String = sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256 = \"{digest}\"\nsize = {}\nfile = \"{file}\"\n", bytes.len())
    };
    let head = format!("manifest = 1\nname = \"acme-boot\"\nversion = {version}\ncmdline = \"{cmdline}\"\n");
    let initrds: String = initrds
        .iter()
        .enumerate()
        .map(|(index, initrd)| format!("[[initrd]]\n{}", bound(initrd, &format!("initrd.{index}"))))
        .collect();
    let vary = "[vary]\nconsole = [\"ttyS[0-9]*\"]\nquiet = [\"\"]\n";
    format!("{head}[kernel]\n{}{initrds}{vary}", bound(kernel, "vmlinuz"))
}

/// Writes a signed manifest and the files that it binds.
pub(crate) fn bind(lab: &Lab, kernel: &[u8], initrds: &[&[u8]], cmdline: &str, version: u64) {
    let text = manifest(kernel, initrds, cmdline, version);
    lab.file("vmlinuz", kernel);
    for (index, initrd) in initrds.iter().enumerate() {
        lab.file(&format!("initrd.{index}"), initrd);
    }
    lab.file("vmlinuz.manifest.p7s", &forge::detached(text.as_bytes(), &forge::pki::signer()));
    lab.file("vmlinuz.manifest", text.as_bytes());
}
