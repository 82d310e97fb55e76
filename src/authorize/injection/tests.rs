use super::super::{Basis, Demands, Initrds};
use super::*;
use crate::machine::Machine;
use crate::reason::Reason;
use crate::sources::testing::Tree;
use crate::sys::may_dump_core;
use crate::system::Method;
use crate::trust::cert::Certificate;
use crate::trust::{Signer, Trust};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;

fn file(path: &str, source: &str) -> Injection {
    Injection { target: Target::File(InitrdPath::parse(path).unwrap()), source: source.into() }
}

fn credential(name: &str, source: &str) -> Injection {
    Injection { target: Target::Credential(Credential::parse(name).unwrap()), source: source.into() }
}

#[test]
fn two_files_may_not_be_one() {
    let rows: &[(&[Injection], Option<&str>)] = &[
        (&[], None),
        (&[file("/a", "x"), file("/b", "x"), credential("a", "x")], None),
        (&[file("/a", "x"), file("/ab", "x"), file("/b/a", "-")], None),
        (&[file("/a", "x"), file("/a", "y")], Some("/a and /a would be one file in the initrd: /a")),
        (
            &[credential("a", "x"), credential("a", "y")],
            Some("the credential a and the credential a would be one file in the initrd: /etc/credstore/a"),
        ),
        (
            &[file("/.extra/credentials/a.cred", "x"), credential("a", "y")],
            Some(
                "/.extra/credentials/a.cred and the credential a would be one file in the initrd: /.extra/credentials/a.cred",
            ),
        ),
        (
            &[file("/a/b", "x"), file("/a", "x")],
            Some("/a cannot be a file in the initrd, because /a/b needs it as a folder"),
        ),
        (
            &[file("/etc", "x"), credential("a", "x")],
            Some("/etc cannot be a file in the initrd, because /etc/credstore/a needs it as a folder"),
        ),
        (&[file("/a", "-"), credential("b", "/dev/stdin")], Some("standard input can be read only once")),
        (&[file("/a", "-"), credential("b", "/dev/fd/0")], Some("standard input can be read only once")),
        (&[file("/a", "/dev/fd/3"), file("/b", "/proc/self/fd/3")], Some("descriptor 3 can be read only once")),
        (&[file("/a", "/dev/fd/3"), file("/b", "/dev/fd/4"), file("/c", "-")], None),
    ];
    for (injections, wanted) in rows {
        assert_eq!(conflict(injections).as_deref(), *wanted, "{injections:?}");
    }
}

#[test]
fn there_is_a_limit_to_what_is_added() {
    let many: Vec<_> = (0..17).map(|number| credential(&number.to_string(), "x")).collect();
    assert_eq!(conflict(&many[1..]), None);
    assert_eq!(conflict(&many).as_deref(), Some("at most 16 files can be added to the initrd"));
}

#[test]
fn a_pipe_is_read_to_its_end_and_no_core_is_dumped() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let source = format!("/proc/self/fd/{}", reader.as_raw_fd());
    std::thread::scope(|scope| {
        scope.spawn(move || ["cor", "rect"].iter().for_each(|part| writer.write_all(part.as_bytes()).unwrap()));
        let injected = Injected::read(&[credential("luks", &source)]).unwrap().unwrap();
        assert!(injected.archive.windows(7).any(|window| window == b"correct"));
    });
    assert!(!may_dump_core());
}

#[test]
fn the_archive_has_the_files_for_root_alone() {
    let folder = std::env::temp_dir().join(format!("skexec-injection-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (name, key, sealed) = (folder.join("name"), folder.join("key"), folder.join("sealed"));
    std::fs::write(&name, b"").unwrap();
    std::fs::write(&key, b"a passphrase").unwrap();
    let encrypted = b"k6iUCUh0RJCQyvL8k8q1UyAAAAABAAAADAAAABAAAAC1lFmb";
    std::fs::write(&sealed, encrypted).unwrap();
    let injections = [
        file("/etc/hostname", name.to_str().unwrap()),
        credential("luks", key.to_str().unwrap()),
        credential("tpm", sealed.to_str().unwrap()),
    ];
    let injected = Injected::read(&injections).unwrap().unwrap();
    let paths: Vec<_> = injected.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["/etc/hostname", "/etc/credstore/luks", "/.extra/credentials/tpm.cred"]);
    let mut wanted = [
        Entry::folder("etc", 0o755),
        Entry::folder("etc/credstore", 0o700),
        Entry::folder(".extra", 0o555),
        Entry::folder(".extra/credentials", 0o500),
        Entry::file("etc/hostname", 0o400, b""),
        Entry::file("etc/credstore/luks", 0o400, b"a passphrase"),
        Entry::file(".extra/credentials/tpm.cred", 0o400, encrypted),
    ];
    // In each archive another one; it stands behind the magic and seven numbers of the last entry.
    let salt = |injected: &Injected| {
        let before = cpio::length(&wanted[..6]) - cpio::trailer().len() + 6 + 7 * 8;
        let digits = str::from_utf8(&injected.archive[before..before + 32]).unwrap();
        [0, 8, 16, 24].map(|at| u32::from_str_radix(&digits[at..at + 8], 16).unwrap())
    };
    let (own, other) = (salt(&injected), salt(&Injected::read(&injections).unwrap().unwrap()));
    assert!(own != other && own != [0; 4] && other != [0; 4]);
    wanted[6] = wanted[6].salted(own);
    assert_eq!(*injected.archive, cpio::archive(&wanted).unwrap());
    let printed = format!("{injected:?}");
    assert!(
        printed.contains("/etc/credstore/luks") && !printed.contains("112"),
        "its bytes are not printed: {printed}"
    );

    assert!(Injected::read(&[]).unwrap().is_none());
    let refused = |source: &str| Injected::read(&[file("/a", source)]).unwrap_err();
    let missing = folder.join("missing");
    assert_eq!(refused(missing.to_str().unwrap()).file, Some(missing));
    assert_eq!(refused(folder.to_str().unwrap()).reason, Reason::NotRegular);
    assert_eq!(refused("/dev/zero").reason, Reason::NotRegular);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A part of the initrd, signed or not.
fn part(signer: Option<&Signer>) -> Supply<'static> {
    let origin = Origin::Section { file: "/a.efi".into(), name: ".initrd" };
    Supply::Bytes { origin, bytes: b"070701".into(), signer: signer.cloned() }
}

#[test]
fn nothing_is_added_to_what_a_bundle_signs() {
    let tree = Tree::new();
    let machine = Machine::read(tree.root());
    let none = Policy::default();
    let allows = Policy { inject: vec!["/a".to_owned()].into(), ..Policy::default() };
    let signer = Signer::from(&Certificate::parse(&forge::root_der()).unwrap());
    let added = Injected::read(&[file("/a", tree.write("a", b"").to_str().unwrap())]).unwrap().unwrap();
    let (signed, unsigned) = (Some(&signer), None);
    let (uki, manifest) = (Basis::Uki(signer.clone()), Basis::Manifest(signer.clone()));
    let rows: &[(&Basis, &[Option<&Signer>], &Policy, bool)] = &[
        (&Basis::Embedded(signer.clone()), &[signed], &none, true),
        (&uki, &[signed], &none, false),
        (&Basis::Detached(signer.clone()), &[signed], &none, false),
        (&Basis::Detached(signer.clone()), &[unsigned], &none, true),
        (&uki, &[signed, unsigned], &none, false),
        (&uki, &[signed], &allows, true),
        (&uki, &[unsigned], &none, true),
        (&manifest, &[], &none, false),
        (&manifest, &[], &allows, true),
    ];
    for (basis, parts, policy, fine) in rows {
        let supplies = parts.iter().map(|signer| part(*signer)).chain([added.supply()]).collect();
        let initrds = Initrds::open(supplies, &Trust::default(), Method::File).unwrap();
        let demands =
            Demands { machine: &machine, method: Method::File, signed_initrds: false, policy, kernel_check: None };
        let refused = demands.allow_added(basis, &initrds).err().map(|finding| (finding.reason, finding.detail));
        let wanted = (!fine).then(|| (Reason::InjectionForbidden, "/a".to_owned()));
        assert_eq!(refused, wanted, "{basis:?} {parts:?} {policy:?}");
        // The archive itself is not what has to be signed.
        assert_eq!(initrds.all_signed().is_ok(), parts.iter().all(Option::is_some));
        assert!(!initrds.verified());
    }
}
