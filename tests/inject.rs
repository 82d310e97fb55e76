//! `load --inject` and `--credential`: what the kernel is given, what is printed of it, and where it is forbidden.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::json;
use skexec::image::cpio::{Entry, archive};
use support::{Call, LOAD, Lab, Run, refusal};

const SECRET: &str = "correct horse battery staple";
const WARNING: &str = "skexec: warning: no signature covers what is added to the initrd:";

/// A machine with a signed initrd, an unsigned one, and two files to add.
fn lab() -> Lab {
    let lab = Lab::new();
    let initrd = b"070701 signed".to_vec();
    lab.file("signed", &initrd);
    lab.file("signed.p7s", &forge::detached(&initrd, &forge::pki::signer()));
    lab.file("other", b"070701");
    lab.file("name", b"host\n");
    lab.file("key", SECRET.as_bytes());
    lab
}

/// The initrd of the one load that was made, without the salt of the added files.
fn initrd(lab: &Lab) -> Vec<u8> {
    match lab.kernel.calls.borrow_mut().drain(..).collect::<Vec<_>>().as_slice() {
        [Call::Load { initrd: Some(initrd), .. }] => unsalted(initrd),
        calls => panic!("{calls:?}"),
    }
}

/// With zeros in place of the four numbers behind the magic and seven numbers of the last header before the trailer.
fn unsalted(initrd: &[u8]) -> Vec<u8> {
    let starts: Vec<_> = (0..initrd.len()).filter(|at| initrd[*at..].starts_with(b"070701")).collect();
    let [.., last, _] = starts.as_slice() else { panic!("no archive with a file") };
    let mut initrd = initrd.to_vec();
    let salt = &mut initrd[last + 6 + 7 * 8..last + 6 + 11 * 8];
    assert!(salt.iter().any(|digit| *digit != b'0'));
    salt.fill(b'0');
    initrd
}

fn added() -> Vec<u8> {
    archive(&[
        Entry::folder("etc", 0o755),
        Entry::folder("etc/credstore", 0o700),
        Entry::file("etc/hostname", 0o400, b"host\n"),
        Entry::file("etc/credstore/luks", 0o400, SECRET.as_bytes()),
    ])
    .unwrap()
}

#[test]
fn added_files_are_unpacked_last_and_no_longer_covered() {
    let lab = lab();
    let line = "load {}/vmlinuz --credential luks={}/key --initrd {}/signed --no-cmdline --keys {}/root.pem \
                --initrd {}/signed --inject /etc/hostname={}/name";
    let run = lab.run(line);
    let wanted = Run {
        exit: 0,
        out: "{}/vmlinuz: loaded by kexec_file_load, signed by O=skexec tests, CN=skexec test signer\n".into(),
        err: format!("{WARNING} /etc/hostname, /etc/credstore/luks (injected)\n"),
    };
    assert_eq!(run, wanted);
    let files = b"070701 signed\x00\x00\x00070701 signed\x00\x00\x00".to_vec();
    assert_eq!(initrd(&lab), [files, added()].concat());
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!(
        (record.injected, record.covers),
        (["/etc/hostname", "/etc/credstore/luks"].map(String::from).to_vec(), ["kernel".to_owned()].to_vec())
    );
    assert_eq!(record.initrds.len(), 2);
    let json = lab.run(&format!("{line} --json")).json();
    assert_eq!((&json["covers"], &json["warnings"]), (&json!(["kernel"]), &json!(["injected"])));
    assert_eq!(json["plan"]["injected"], json!(["/etc/hostname", "/etc/credstore/luks"]));
    // Without added files, the same initrds are covered.
    let json = lab.run(&format!("{LOAD} --json").replace("--no-initrd", "--initrd {}/signed")).json();
    assert_eq!((&json["covers"], &json["plan"]["injected"]), (&json!(["kernel", "initrd"]), &json!([])));
}

#[test]
fn added_files_alone_can_be_the_initrd() {
    let lab = lab();
    let line = format!("{LOAD} --inject /etc/hostname={{}}/name --credential luks={{}}/key");
    assert_eq!(lab.run(&line).exit, 0);
    assert_eq!(initrd(&lab), added());
    let run = lab.run(&format!("{line} --dry-run"));
    let rows = format!(
        "  injected /etc/hostname\n  injected /etc/credstore/luks\n           {} bytes in all\n",
        added().len()
    );
    assert!(run.exit == 0 && run.out.contains(&rows) && !run.out.contains("initrd   none"), "{run:?}");
}

#[test]
fn nothing_tells_what_an_added_file_holds() {
    let lab = lab();
    // In an initramfs, skexec writes to the kernel's log.
    lab.system("/etc/initrd-release", "");
    lab.system("/dev/kmsg", "");
    let line = "load {}/vmlinuz --no-initrd --no-cmdline --keys {}/root.pem --credential luks={}/key";
    for options in [" -v", " --json", " --dry-run", " --dry-run --json", " --require-signed-initrd -v"] {
        let run = lab.run(&format!("{line}{options}"));
        assert!(!run.out.contains(SECRET) && !run.err.contains(SECRET), "{options}: {run:?}");
        assert!(run.out.contains("luks") || run.err.contains("luks"), "{options}: {run:?}");
    }
    let log = std::fs::read_to_string(lab.root().path("/dev/kmsg")).unwrap();
    assert!(!log.contains(SECRET) && log.contains("/etc/credstore/luks"), "{log}");
    let record = std::fs::read_to_string(lab.root().path("/run/skexec/loaded.json")).unwrap();
    assert!(!record.contains(SECRET) && record.contains("/etc/credstore/luks"), "{record}");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert!(lab.run("status").out.contains("injected /etc/credstore/luks"));
}

#[test]
fn where_the_initrd_must_be_signed_nothing_is_added() {
    let lab = lab();
    let line = "load {}/vmlinuz --initrd {}/signed --no-cmdline --keys {}/root.pem --require-signed-initrd";
    let sentence = "{}/vmlinuz: a signature must cover the initrd, and --inject or --credential adds a file to it";
    let advice =
        "leave out the option; or add the path to inject, or the name to credentials, in /etc/skexec/policy.toml";
    for (options, names) in [
        ("--inject /etc/hostname={}/name", "/etc/hostname"),
        ("--credential luks={}/key --inject /a={}/name", "/a, the credential luks"),
    ] {
        let text = format!("skexec: {sentence}: {names} (injection-forbidden)\n  do: {advice}\n");
        assert_eq!(lab.run(&format!("{line} {options}")), refusal(3, &text));
    }
    // An initrd without a signature is refused for that as well as without added files.
    let run =
        lab.run("load {}/vmlinuz --initrd {}/other --no-cmdline --keys {}/root.pem --require-signed-initrd --json");
    assert_eq!(run.json()["reason"], "initrd-unsigned");
    assert!(lab.kernel.calls.borrow().is_empty());
    assert_eq!(lab.run(line).exit, 0);
}

#[test]
fn the_policy_allows_single_files_by_name() {
    let lab = lab();
    let line = "load {}/vmlinuz --initrd {}/signed --no-cmdline --keys {}/root.pem --json";
    let (hostname, luks) = ("--inject /etc/hostname={}/name", "--credential luks={}/key");
    let both = "require = [\"initrd\"]\ninject = [\"/etc/hostname\"]\ncredentials = [\"luks\"]\n";
    let rows = [
        ("require = [\"initrd\"]\n", "", true),
        ("require = [\"initrd\"]\n", hostname, false),
        ("require = [\"initrd\"]\ncredentials = [\"hostname\"]\n", hostname, false),
        (both, hostname, true),
        (both, luks, true),
        (both, "--inject /etc/credstore/luks={}/key", false),
        (both, "--credential luks2={}/key", false),
        (both, "--inject /etc/hostname={}/name --inject /etc/hosts={}/name", false),
        // Without a demand, the lists forbid nothing.
        ("inject = []\n", hostname, true),
    ];
    for (policy, options, fine) in rows {
        lab.system("/etc/skexec/policy.toml", policy);
        let json = lab.run(format!("{line} {options}").trim_end()).json();
        let (reason, covers) = match (fine, options) {
            (true, "") => (None, json!(["kernel", "initrd"])),
            (true, _) => (None, json!(["kernel"])),
            (false, _) => (Some("injection-forbidden"), json!([])),
        };
        assert_eq!((json["reason"].as_str(), &json["covers"]), (reason, &covers), "{policy} {options}");
    }
    // Every other initrd must still be signed.
    lab.system("/etc/skexec/policy.toml", both);
    let run = lab.run(&format!("{line} {hostname}").replace("{}/signed", "{}/other"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (3, Some("uncovered-initrd")), "{run:?}");
}

#[test]
fn to_a_bundle_only_the_policy_lets_files_be_added() {
    let lab = lab();
    lab.file("uki", &forge::uki(Some(b"070701 bundled!!"), Some("quiet")));
    support::bind(&lab, &forge::unsigned_bzimage(), &[b"070701 bundled!!"], "quiet", 1);
    for kernel in ["uki", "vmlinuz"] {
        let line = format!("load {{}}/{kernel} --keys {{}}/root.pem --inject /hostname={{}}/name --json");
        lab.system("/etc/skexec/policy.toml", "signed-initrd = \"append\"\n");
        let run = lab.run(&line);
        assert_eq!((run.exit, run.json()["reason"].as_str()), (3, Some("injection-forbidden")), "{run:?}");
        lab.system("/etc/skexec/policy.toml", "inject = [\"/hostname\"]\n");
        let json = lab.run(&line).json();
        assert_eq!(
            (&json["covers"], &json["warnings"]),
            (&json!(["kernel", "cmdline"]), &json!(["injected"])),
            "{json:#}"
        );
        let added = archive(&[Entry::file("hostname", 0o400, b"host\n")]).unwrap();
        let initrd = initrd(&lab);
        assert!(initrd.starts_with(b"070701 bundled!!") && initrd.ends_with(&added), "{kernel}");
    }
}

#[test]
fn what_cannot_be_added_is_refused() {
    let lab = lab();
    lab.file("most", &vec![b'x'; 1 << 20]);
    lab.file("large", &vec![b'x'; (1 << 20) + 1]);
    let large = "skexec: {}/large: the file to add to the initrd is larger than 1 MiB: more than 1048576 bytes (injection-size)\n  \
                 do: add a smaller file, or build it into an initrd\n";
    assert_eq!(lab.run(&format!("{LOAD} --inject /a={{}}/large")), refusal(4, large));
    for (file, reason, exit) in [("missing", "unreadable", 1), (".", "not-regular", 4), ("name/", "unreadable", 1)] {
        let run = lab.run(&format!("{LOAD} --inject /a={{}}/{file} --json"));
        assert_eq!((run.exit, run.json()["reason"].as_str()), (exit, Some(reason)), "{file}");
        assert!(
            run.json()["message"]
                .as_str()
                .unwrap()
                .contains(&lab.path(file).display().to_string().replace(lab.path("").to_str().unwrap(), "{}/")),
            "{run:?}"
        );
    }
    // LoadPin accepts only files on its own file system.
    lab.system("/sys/kernel/security/lsm", "capability,loadpin\n");
    lab.system("/proc/sys/kernel/loadpin/enforce", "1\n");
    let run = lab.run(&format!("{LOAD} --inject /a={{}}/name --method file"));
    assert!(
        run.exit == 5
            && run.err.contains("one with added files, as a copy in memory, which is on no file system (loadpin)"),
        "{run:?}"
    );
    assert!(lab.kernel.calls.borrow().is_empty());
    lab.system("/proc/sys/kernel/loadpin/enforce", "0\n");
    assert_eq!(lab.run(&format!("{LOAD} --inject /a={{}}/most")).exit, 0);
}

#[test]
fn the_command_line_is_checked() {
    let lab = lab();
    let many = "abcdefghijklmnopq".chars().map(|name| format!("--credential {name}=x")).collect::<Vec<_>>().join(" ");
    let rows = [
        (
            "--inject a={}/name",
            "invalid value 'a={}/name' for '--inject <PATH=FILE>': the path in the initrd must begin with /",
        ),
        ("--inject /a", "invalid value '/a' for '--inject <PATH=FILE>': the name of a file must follow the first ="),
        (
            "--credential a:b=x",
            "invalid value 'a:b=x' for '--credential <NAME=FILE>': the name of a credential consists of printable ASCII characters other than / and :",
        ),
        ("--inject /a=x --inject /a=y", "/a and /a would be one file in the initrd: /a"),
        ("--inject /a=- --credential b=-", "standard input can be read only once"),
        ("--inject /a=/dev/fd/7 --credential b=/proc/self/fd/7", "descriptor 7 can be read only once"),
        (many.as_str(), "at most 16 files can be added to the initrd"),
    ];
    for (options, wanted) in rows {
        let run = lab.run(&format!("{LOAD} {options}"));
        assert_eq!((run.exit, run.err.lines().next()), (2, Some(format!("error: {wanted}").as_str())), "{options}");
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn a_secret_can_come_by_standard_input() {
    const CHILD: &str = "a_secret_can_come_by_standard_input";
    if std::env::var_os("SKEXEC_TEST_SECRET").is_none() {
        // The same test again, with a secret in its standard input.
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let command =
            command.args([CHILD, "--exact"]).env("SKEXEC_TEST_SECRET", "1").stdin(std::process::Stdio::piped());
        let mut child =
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), SECRET.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let lab = lab();
    let run = lab.run(&format!("{LOAD} --inject /etc/hostname={{}}/name --credential luks=-"));
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(initrd(&lab), added());
}

#[test]
fn a_secret_can_come_by_a_pipe() {
    let lab = lab();
    let (reader, writer) = std::io::pipe().unwrap();
    let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
    let run = std::thread::scope(|scope| {
        scope.spawn(move || std::io::Write::write_all(&mut { writer }, SECRET.as_bytes()).unwrap());
        lab.run(&format!("{LOAD} --inject /etc/hostname={{}}/name --credential luks={path}"))
    });
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(initrd(&lab), added());
}
