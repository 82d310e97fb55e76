//! Hostile files in the folders that skexec reads, and a hostile environment.

use super::run::Attack;
use super::site::{METHODS, Site};
use forge::random::Random;
use nix::unistd::execve;
use std::env;
use std::ffi::CString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

pub(crate) const ATTACKS: [Attack; 3] = [
    Attack {
        name: "etc",
        what: "in /etc/skexec and the other folders that are read: FIFOs, sockets, devices, links that lead nowhere, to themselves or to /dev/zero, 10,000 files, a file of 1 GiB, folders in the place of files",
        holds: "every command ends within 20 s and 512 MiB, with an exit code of its own",
        found: "",
        rounds: 10,
        round: folders,
    },
    Attack {
        name: "others-write",
        what: "/etc/skexec, or a folder or a file in it, is writable by others and has a key of theirs",
        holds: "the key is not trusted",
        found: "",
        rounds: 6,
        round: others,
    },
    Attack {
        name: "environment",
        what: "no argv[0], a hostile or a very long one; LD_*, TERM, COLUMNS, PATH, LANG, TMPDIR, JOURNAL_STREAM, RUST_* of random content",
        holds: "the same answer and exit code as without them",
        found: "",
        rounds: 12,
        round: environment,
    },
];

/// Files and folders that skexec looks for.
const PLACES: [&str; 22] = [
    "/etc/skexec/policy.toml",
    "/etc/skexec/trust.d",
    "/etc/skexec/trust.d/a.pem",
    "/etc/skexec/revoked.d",
    "/etc/skexec/revoked.d/a.der",
    "/etc/skexec/pre-exec.d",
    "/etc/skexec",
    "/usr/lib/skexec/policy.toml",
    "/usr/lib/skexec/trust.d",
    "/usr/lib/skexec/revoked.d/a.esl",
    "/var/lib/skexec/next.json",
    "/var/lib/skexec/versions.json",
    "/var/lib/skexec",
    "/run/skexec/loaded.json",
    "/run/skexec/loaded.json.begun",
    "/run/skexec/arrival.json",
    "/boot/loader/entries",
    "/boot/loader/entries/a.conf",
    "/etc/kernel/cmdline",
    "/etc/passwd",
    "/boot/config-6.12.0-test",
    "/boot/vmlinuz-6.1.0-9",
];

fn folders(random: &mut Random) {
    let site = Site::new(false);
    assert_eq!(site.run(&Site::load("old", METHODS[0])).exit, 0);
    let mut told = Vec::new();
    for _ in 0..1 + random.below(3) {
        let place = PLACES[usize::try_from(random.below(22)).unwrap()];
        told.push(format!("{place}: {}", spoil(&site.lab.root().path(place), random)));
    }
    let load = Site::load("new", METHODS[0]);
    let lines = ["status --json", "policy", "entries", "verify {}/vmlinuz --keys {}/root.pem", &load, "exec", "unload"];
    for line in lines {
        let start = Instant::now();
        let script = "ulimit -v 524288; exec timeout -s KILL 20 \"$@\"";
        let output = site.process_in(script, line).output().unwrap();
        let said = Site::end(&output);
        let told = format!("{told:?}, {line}, {} ms: {said}", start.elapsed().as_millis());
        assert!(output.status.code().is_some_and(|code| code <= 5), "{told}");
        assert!(!said.contains("panicked"), "{told}");
    }
}

/// Puts something else in the place of a file or folder.
fn spoil(path: &Path, random: &mut Random) -> &'static str {
    // Something hostile may be on the way already.
    if fs::create_dir_all(path.parent().unwrap()).is_err() {
        return "not reached";
    }
    let _ = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    let link = |target: &str| symlink(target, path).unwrap();
    match random.below(11) {
        0 => nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).map(|()| "a FIFO").unwrap(),
        1 => {
            link(path.file_name().unwrap().to_str().unwrap());
            "a link to itself"
        }
        2 => {
            link("/dev/zero");
            "/dev/zero"
        }
        3 => {
            link("/nowhere/at/all");
            "a link that leads nowhere"
        }
        4 => {
            let file = File::create(path).unwrap();
            file.set_len(1 << 30).unwrap();
            "1 GiB"
        }
        5 => {
            fs::create_dir(path).unwrap();
            let endings = ["pem", "der", "conf", "toml", "json"];
            for number in 0..10_000 {
                File::create(path.join(format!("{number}.{}", endings[number % 5]))).unwrap();
            }
            "10,000 files"
        }
        6 => {
            fs::create_dir(path).unwrap();
            symlink("..", path.join("up.pem")).unwrap();
            symlink(".", path.join("here.conf")).unwrap();
            "a folder of links to folders"
        }
        7 => {
            link("/dev/tty");
            "/dev/tty"
        }
        8 => {
            fs::write(path, forge::bzimage::noise(random.number(), 4096)).unwrap();
            "noise"
        }
        // The path of a socket must be short.
        9 => UnixListener::bind(path).map_or("nothing", |_| "a socket"),
        _ => {
            fs::write(path, "[".repeat(1 << 20)).unwrap();
            "a million brackets"
        }
    }
}

fn others(random: &mut Random) {
    let site = Site::new(false);
    let key = site.lab.root().path("/etc/skexec/trust.d/a.pem");
    site.lab.system("/etc/skexec/trust.d/a.pem", &forge::root_pem());
    let line = Site::load("new", METHODS[0]).replace(" --keys {}/root.pem", "");
    assert_eq!(site.run(&line).exit, 0, "root's own key is trusted");
    let open = match random.below(4) {
        0 => key.clone(),
        number => key.ancestors().nth(usize::try_from(number).unwrap()).unwrap().to_owned(),
    };
    let mode = fs::metadata(&open).unwrap().permissions().mode() | if random.below(2) == 0 { 0o002 } else { 0o020 };
    fs::set_permissions(&open, Permissions::from_mode(mode)).unwrap();
    let run = site.run(&line);
    assert_eq!(run.exit, 3, "{} {mode:o}: {run:?}", open.display());
}

/// A program, its arguments and its environment, all as they are: started by this process in its place.
const BARE: &str = "SKEXEC_SIEGE_BARE";

/// Becomes another program, whose name may be missing: [`Command`] always gives one.
pub(crate) fn become_wanted() {
    let Ok(program) = env::var(BARE) else { return };
    let words: Vec<_> = env::args().skip(1).map(|word| CString::new(word).unwrap()).collect();
    let variables = env::vars_os().filter(|(name, _)| name != BARE);
    let variables: Vec<_> = variables
        .map(|(name, value)| {
            use std::os::unix::ffi::OsStrExt;
            CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).unwrap()
        })
        .collect();
    let Err(errno) = execve(&CString::new(program).unwrap(), &words, &variables);
    panic!("{errno}");
}

fn environment(random: &mut Random) {
    const NAMES: [&str; 16] = [
        "LD_LIBRARY_PATH",
        "LD_BIND_NOW",
        "TERM",
        "COLUMNS",
        "LINES",
        "PATH",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "JOURNAL_STREAM",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "HOME",
        "SHELL",
        "NOTIFY_SOCKET",
        "MALLOC_ARENA_MAX",
    ];
    let site = Site::new(false);
    let lines = [
        vec!["verify", "--keys", "{}/root.pem", "--no-system-trust", "{}/vmlinuz"],
        vec!["verify", "--json", "--keys", "{}/root.pem", "--no-system-trust", "{}/vmlinuz", "{}/initrd"],
        vec!["inspect", "{}/vmlinuz"],
        vec!["--version"],
        vec!["explain", "unsigned"],
    ];
    let line = &lines[usize::try_from(random.below(5)).unwrap()];
    let line: Vec<_> = line.iter().map(|word| site.words(word).remove(0).into_string().unwrap()).collect();
    let program = env!("CARGO_BIN_EXE_skexec");
    let clean = Command::new(program).args(&line).env_clear().stdin(Stdio::null()).output().unwrap();
    let long = "x".repeat(100_000);
    // A name that ends in kexec chooses kexec-tools' words, as it shall.
    let first =
        ["skexec", "", "/", "\u{1b}[2J", "a b", "\u{202e}cexeks", &long][usize::try_from(random.below(7)).unwrap()];
    let mut command = Command::new(env::current_exe().unwrap());
    command.env_clear().env(BARE, program).stdin(Stdio::null());
    command.arg(first).args(&line);
    let mut told = vec![format!("argv[0] {:?}", &first.chars().take(9).collect::<String>())];
    for _ in 0..random.below(5) {
        let name = NAMES[usize::try_from(random.below(16)).unwrap()];
        let values =
            ["", "1", "0", "-1", "99999999999999999999", "/nowhere", "dumb", "..", "\u{1b}]0;x\u{7}", "1:2", &long];
        let value = values[usize::try_from(random.below(11)).unwrap()];
        told.push(format!("{name}={:?}", &value.chars().take(20).collect::<String>()));
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let same = |out: &std::process::Output| (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned());
    // Where the width of the terminal comes from the environment, lines may end elsewhere.
    let words =
        |(code, text): (Option<i32>, String)| (code, text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(words(same(&output)), words(same(&clean)), "{told:?} {line:?}: {}", Site::end(&output));
    // No name, and no argument: usage, or the kernel gives an empty name.
    let none = Command::new(env::current_exe().unwrap()).env_clear().env(BARE, program).output().unwrap();
    assert_eq!(none.status.code(), Some(2), "{}", Site::end(&none));
    assert!(start_of_usage(&none.stderr), "{}", Site::end(&none));
}

fn start_of_usage(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).contains("Usage:")
}
