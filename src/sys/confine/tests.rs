//! What is given up is given up by one thread: here by one that ends with its test.

use super::*;
use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::thread;

/// A folder of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("skexec-confine-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("own")).unwrap();
        fs::create_dir_all(path.join("other")).unwrap();
        fs::write(path.join("other/file"), "x").unwrap();
        Self(path)
    }

    fn need(&self) -> Need {
        Need {
            writes: true,
            folders: vec![(self.0.join("own"), 0o700), (self.0.join("made/own"), 0o700)],
            files: vec![self.0.join("other/file"), self.0.join("none")],
            ..Need::default()
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Does this in a thread that has given up all but what it needs; nothing where the running kernel does not permit to give up so much.
fn within(need: Need, work: impl FnOnce() + Send + 'static) {
    let thread = thread::spawn(move || {
        let done = give_up(&need);
        if done.kept.is_empty() {
            work();
        } else {
            eprintln!("not tested: {:?}", done.kept);
        }
    });
    thread.join().unwrap();
}

fn refused<T>(answer: io::Result<T>) -> Option<i32> {
    answer.err().and_then(|error| error.raw_os_error())
}

fn replace(path: &Path) -> io::Result<()> {
    let draft = path.with_extension("new");
    fs::write(&draft, "new")?;
    fs::rename(&draft, path)
}

#[test]
fn files_are_changed_where_that_is_needed_and_nowhere_else() {
    let folder = Folder::new("files");
    let path = folder.0.clone();
    within(folder.need(), move || {
        for own in ["own/a", "made/own/a"] {
            replace(&path.join(own)).unwrap();
            replace(&path.join(own)).unwrap();
            fs::remove_file(path.join(own)).unwrap();
        }
        fs::write(path.join("other/file"), "changed").unwrap();
        let denied = Some(libc::EACCES);
        assert_eq!(refused(fs::write(path.join("other/new"), "")), denied);
        assert_eq!(refused(fs::remove_file(path.join("other/file"))), denied);
        assert_eq!(refused(fs::create_dir(path.join("other/folder"))), denied);
        assert_eq!(refused(OpenOptions::new().write(true).open("/proc/self/oom_score_adj")), denied);
        assert_eq!(fs::read_to_string(path.join("other/file")).unwrap(), "changed");
    });
}

/// Where there is no landlock, the filter alone has to do.
#[test]
fn a_command_that_changes_nothing_opens_nothing_to_write() {
    let folder = Folder::new("look");
    let path = folder.0.clone();
    let thread = thread::spawn(move || {
        no_new_privileges().unwrap();
        seccomp::filter(false, false).unwrap();
        let denied = Some(libc::ENOSYS);
        assert_eq!(refused(OpenOptions::new().append(true).open(path.join("other/file"))), denied);
        assert_eq!(refused(fs::write(path.join("own/new"), "")), denied);
        assert_eq!(refused(fs::remove_file(path.join("other/file"))), denied);
        assert_eq!(refused(fs::rename(path.join("other/file"), path.join("own/file"))), denied);
        assert_eq!(fs::read_to_string(path.join("other/file")).unwrap(), "x");
    });
    thread.join().unwrap();
}

#[test]
fn no_program_runs_and_nobody_is_called() {
    let folder = Folder::new("calls");
    let log = UnixDatagram::bind(folder.0.join("log")).unwrap();
    let line = UnixDatagram::unbound().unwrap();
    line.connect(folder.0.join("log")).unwrap();
    let other = folder.0.join("log");
    within(Need { loads: true, ..folder.need() }, move || {
        let denied = Some(libc::ENOSYS);
        assert_eq!(refused(std::process::Command::new("/bin/true").status()), denied);
        assert_eq!(refused(TcpListener::bind("127.0.0.1:0")), denied);
        assert_eq!(refused(UnixDatagram::unbound()), denied);
        assert_eq!(refused(line.send_to(b"x", other)), denied);
        line.send(b"told").unwrap();
        assert!(thread::spawn(|| 1).join().is_ok(), "threads are needed");
        for call in
            [libc::SYS_execve, libc::SYS_ptrace, libc::SYS_mount, libc::SYS_bpf, libc::SYS_kill, libc::SYS_reboot]
        {
            // SAFETY: the arguments are wrong for all of these calls.
            let answer = unsafe { libc::syscall(call, -1, 0, 0, 0, 0) };
            assert_eq!((answer, Errno::last_raw()), (-1, libc::ENOSYS), "{call}");
        }
        let code = libc::PROT_READ | libc::PROT_EXEC;
        // SAFETY: new memory, which nothing uses, is asked for.
        let answer =
            unsafe { libc::mmap(std::ptr::null_mut(), 4096, code, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
        assert_eq!((answer, Errno::last_raw()), (libc::MAP_FAILED, libc::ENOSYS));
    });
    let mut heard = [0; 8];
    log.set_nonblocking(true).unwrap();
    if let Ok(length) = log.recv(&mut heard) {
        assert_eq!(heard.get(..length), Some(&b"told"[..]));
    }
}

#[test]
fn capabilities_go_for_good() {
    let read = || {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        ["CapInh:", "CapPrm:", "CapEff:", "NoNewPrivs:"].map(|key| {
            let value = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            u64::from_str_radix(value.trim(), 16).unwrap()
        })
    };
    thread::spawn(move || {
        let [_, permitted, ..] = read();
        no_new_privileges().unwrap();
        capabilities::keep(&[Capability::SysBoot, Capability::SysAdmin]).unwrap();
        let left = permitted & (1 << 22 | 1 << 21);
        assert_eq!(read(), [0, left, left, 1]);
        capabilities::keep(&[Capability::SysBoot, Capability::DacOverride]).unwrap();
        assert_eq!(read(), [0, left & 1 << 22, left & 1 << 22, 1]);
    })
    .join()
    .unwrap();
}

/// What a kernel that is booted without landlock answers is no error, and is told.
#[test]
fn what_cannot_be_given_up_is_named() {
    let thread = thread::spawn(|| {
        // The filter does not permit the calls of landlock, nor another filter.
        no_new_privileges().unwrap();
        seccomp::filter(true, true).unwrap();
        let done = give_up(&Need::default());
        let kept = done.kept.join("\n");
        assert!(kept.contains("landlock: ") && kept.contains("seccomp: ") && !done.filtered, "{kept}");
        assert!(File::open("/proc/self/status").is_ok());
    });
    thread.join().unwrap();
}
