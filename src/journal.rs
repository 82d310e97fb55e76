//! The system's log: what was refused, loaded, booted and unloaded, in the same words as on the terminal.
//!
//! A line goes to journald by journald's own protocol, else to the syslog daemon, else, in an initramfs, to the kernel's log.
//! A log that cannot be written is no error: it must not decide what a machine boots.

use crate::machine::surroundings::Surroundings;
use crate::reason::Reason;
use crate::sources::Root;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// journald, by the protocol of systemd's "Native Journal Protocol".
const JOURNALD: &str = "/run/systemd/journal/socket";
/// A syslog daemon, as syslog(3) reaches it.
const SYSLOG: &str = "/dev/log";
const KERNEL: &str = "/dev/kmsg";
/// `LOG_USER` of syslog(3).
const FACILITY: u8 = 1;

/// Bytes of one record in the kernel's log that every kernel takes.
const LONGEST_RECORD: usize = 900;

/// The priority of a line, with the numbers of syslog(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Something was refused or failed.
    Error,
    /// Something was done in spite of a fault.
    Warning,
    /// Something was done.
    Notice,
    /// A step on the way.
    Info,
}

impl Priority {
    const fn number(self) -> u8 {
        match self {
            Self::Error => 3,
            Self::Warning => 4,
            Self::Notice => 5,
            Self::Info => 6,
        }
    }
}

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printed {
    /// Nowhere, because that was asked for.
    Not,
    /// On standard output.
    Out,
    /// On standard error.
    Err,
}

/// A line for the log, without characters that could steer a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Its priority.
    pub priority: Priority,
    /// Why it was refused.
    pub reason: Option<Reason>,
    /// The text.
    pub text: &'a str,
    /// Where the text was printed already.
    pub printed: Printed,
    /// More fields, for journald alone: names after `SKEXEC_`, and values of one line.
    pub fields: &'a [(&'static str, String)],
}

/// The log of this machine.
#[derive(Debug)]
pub(crate) struct Journal {
    listener: Listener,
    /// Whether standard output and standard error are connected to journald.
    streams: [bool; 2],
}

/// The way to a daemon. It is opened at once: a command gives up the right to open it later.
#[derive(Debug)]
struct Line {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

#[derive(Debug)]
enum Listener {
    Journald(Line),
    Syslog(Line),
    Kernel(Option<File>),
    Nobody,
}

impl Journal {
    /// Finds the log that this machine has.
    #[must_use]
    pub(crate) fn of(root: &Root) -> Self {
        let listener = if root.has(JOURNALD) {
            Listener::Journald(Line::open(root.path(JOURNALD)))
        } else if root.has(SYSLOG) {
            Listener::Syslog(Line::open(root.path(SYSLOG)))
        } else if root.has(KERNEL) && Surroundings::read(root).initramfs {
            Listener::Kernel(OpenOptions::new().append(true).open(root.path(KERNEL)).ok())
        } else {
            Listener::Nobody
        };
        // Below a test's root, the streams of the test process do not count.
        let stream = std::env::var("JOURNAL_STREAM").ok().filter(|_| *root == Root::default());
        let is_journal = |fd: &str| {
            let stream = stream.as_deref()?;
            let metadata = fs::metadata(Path::new("/proc/self/fd").join(fd)).ok()?;
            Some(names(stream, metadata.dev(), metadata.ino()))
        };
        Self { listener, streams: ["1", "2"].map(|fd| is_journal(fd).unwrap_or(false)) }
    }

    /// Writes a line, unless journald has it already from this process's own streams. Returns whether the log has it; most callers need
    /// not know, because the log must not decide what a machine boots.
    pub(crate) fn tell(&self, entry: &Entry<'_>) -> bool {
        let [out, err] = self.streams;
        let known = match entry.printed {
            Printed::Not => false,
            Printed::Out => out,
            Printed::Err => err,
        };
        known || self.send(entry).is_ok()
    }

    fn send(&self, entry: &Entry<'_>) -> io::Result<()> {
        match &self.listener {
            Listener::Journald(line) => line.send(fields(entry).as_bytes()),
            Listener::Syslog(way) => way.send(line(entry).as_bytes()),
            Listener::Kernel(None) | Listener::Nobody => Err(io::ErrorKind::NotFound.into()),
            Listener::Kernel(Some(kernel)) => {
                let mut kernel: &File = kernel;
                // One write is one record, and the kernel drops one that is too long (kernel/printk/printk.c, `PRINTKRB_RECORD_MAX`).
                let line = line(entry);
                let fits = line.len().min(LONGEST_RECORD);
                let end = (0..=fits).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
                kernel.write_all(format!("{}\n", line.get(..end).unwrap_or_default()).as_bytes())
            }
        }
    }
}

/// Whether `JOURNAL_STREAM` (systemd.exec(5)) names the file of this device and inode.
fn names(stream: &str, device: u64, inode: u64) -> bool {
    stream.split_once(':').is_some_and(|(first, second)| {
        first.parse::<u64>().is_ok_and(|number| number == device)
            && second.parse::<u64>().is_ok_and(|number| number == inode)
    })
}

impl Line {
    fn open(path: PathBuf) -> Self {
        Self { socket: connected(&path).ok(), path }
    }

    /// Sends one datagram; where the daemon was started anew since, to its new socket, if this process may still open one.
    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        match self.socket.as_ref().map(|socket| socket.send(bytes)) {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            _ => connected(&self.path)?.send(bytes).map(drop),
        }
    }
}

/// A socket that does not wait for a daemon that does not read.
fn connected(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(path)?;
    Ok(socket)
}

/// The line in journald's format.
fn fields(entry: &Entry<'_>) -> String {
    let (number, pid) = (entry.priority.number(), std::process::id());
    let mut fields = format!(
        "MESSAGE={}\nPRIORITY={number}\nSYSLOG_FACILITY={FACILITY}\nSYSLOG_IDENTIFIER=skexec\nSYSLOG_PID={pid}\n",
        entry.text
    );
    if let Some(reason) = entry.reason {
        fields.push_str(&format!("SKEXEC_REASON={reason}\n"));
    }
    for (name, value) in entry.fields {
        fields.push_str(&format!("SKEXEC_{name}={value}\n"));
    }
    fields
}

/// The line in the format of syslog daemons and of the kernel.
fn line(entry: &Entry<'_>) -> String {
    let number = FACILITY.saturating_mul(8).saturating_add(entry.priority.number());
    format!("<{number}>skexec[{}]: {}", std::process::id(), entry.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    const ENTRY: Entry<'_> = Entry {
        priority: Priority::Error,
        reason: Some(Reason::Unsigned),
        text: "vmlinuz: no",
        printed: Printed::Err,
        fields: &[],
    };

    fn heard(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 4096];
        socket.set_nonblocking(true).unwrap();
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).replace(&std::process::id().to_string(), "PID")
    }

    #[test]
    fn journald_is_told_before_syslog_and_the_kernel_in_an_initramfs_only() {
        let tree = Tree::new();
        let kernel = tree.write("/dev/kmsg", "");
        Journal::of(tree.root()).tell(&ENTRY);
        assert_eq!(fs::read_to_string(&kernel).unwrap(), "");
        tree.write("/etc/initrd-release", "");
        Journal::of(tree.root()).tell(&ENTRY);
        let pid = std::process::id().to_string();
        assert_eq!(fs::read_to_string(&kernel).unwrap().replace(&pid, "PID"), "<11>skexec[PID]: vmlinuz: no\n");

        let syslog = UnixDatagram::bind(tree.root().path(SYSLOG)).unwrap();
        Journal::of(tree.root()).tell(&ENTRY);
        assert_eq!(heard(&syslog), "<11>skexec[PID]: vmlinuz: no");

        tree.directory("/run/systemd/journal");
        let journald = UnixDatagram::bind(tree.root().path(JOURNALD)).unwrap();
        Journal::of(tree.root()).tell(&ENTRY);
        let wanted = "MESSAGE=vmlinuz: no\nPRIORITY=3\nSYSLOG_FACILITY=1\nSYSLOG_IDENTIFIER=skexec\nSYSLOG_PID=PID\n\
                      SKEXEC_REASON=unsigned\n";
        assert_eq!(heard(&journald), wanted);
        assert_eq!(heard_nothing(&syslog), io::ErrorKind::WouldBlock);
        let fields = [("BOOT", "expected".to_owned())];
        assert!(Journal::of(tree.root()).tell(&Entry { reason: None, fields: &fields, ..ENTRY }));
        assert!(heard(&journald).ends_with("SYSLOG_PID=PID\nSKEXEC_BOOT=expected\n"));
        drop(journald);
        assert!(!Journal::of(tree.root()).tell(&ENTRY), "nobody listens");
    }

    fn heard_nothing(socket: &UnixDatagram) -> io::ErrorKind {
        socket.recv(&mut [0; 1]).unwrap_err().kind()
    }

    #[test]
    fn what_journald_reads_already_is_not_told_again() {
        let tree = Tree::new();
        tree.directory("/dev");
        let syslog = UnixDatagram::bind(tree.root().path(SYSLOG)).unwrap();
        syslog.set_nonblocking(true).unwrap();
        let journal = Journal { streams: [false, true], ..Journal::of(tree.root()) };
        for (printed, told) in [(Printed::Err, false), (Printed::Out, true), (Printed::Not, true)] {
            journal.tell(&Entry { printed, ..ENTRY });
            assert_eq!(syslog.recv(&mut [0; 1]).is_ok(), told, "{printed:?}");
        }
        for (stream, wanted) in
            [("8:99", true), ("8:98", false), ("9:99", false), ("8", false), ("", false), ("a:b", false)]
        {
            assert_eq!(names(stream, 8, 99), wanted, "{stream}");
        }
    }
}
