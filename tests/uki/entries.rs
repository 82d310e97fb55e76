//! UKIs as boot entries.

use super::support::Lab;
use super::{CMDLINE, INITRD, addon, loaded, plain, with};
use forge::uki::Uki;

/// A UKI with two profiles in EFI/Linux of an ESP.
fn lab() -> Lab {
    let lab = Lab::new();
    let uki = Uki { osrel: Some("ID=test\nPRETTY_NAME=Test\nVERSION_ID=1\n".into()), ..plain() };
    let sections: [(&[u8], &[u8]); 3] =
        [(b".profile", b"ID=main\n"), (b".profile", b"ID=reset\nTITLE=Reset\n"), (b".cmdline", b"reset")];
    lab.system_bytes("/boot/EFI/Linux/test+3.efi", &with(&uki, sections));
    lab
}

#[test]
fn each_profile_is_listed_and_loaded() {
    let lab = lab();
    let run = lab.run("entries --keys {}/root.pem");
    let wanted = "\
entry           title         version  where  tries             next  verdict
test.efi        Test          1        boot   3 left, 0 failed  yes   trusted (kernel, initrd, cmdline)
test.efi@reset  Test (Reset)  1        boot   3 left, 0 failed        trusted (kernel, initrd, cmdline)
";
    assert_eq!((run.exit, run.out.as_str(), run.err.as_str()), (0, wanted, ""));
    let release = forge::bzimage::RELEASE;
    let rows = [
        ("--entry default".to_owned(), CMDLINE),
        ("--entry test".to_owned(), CMDLINE),
        ("--entry test.efi@reset".to_owned(), "reset"),
        // An option comes first.
        ("--entry test.efi@reset --profile main".to_owned(), CMDLINE),
        (format!("--kernel-version {release}"), CMDLINE),
        ("--latest".to_owned(), CMDLINE),
    ];
    for (choice, cmdline) in rows {
        let run = lab.run(&format!("load {choice} --keys {{}}/root.pem"));
        assert_eq!(run.exit, 0, "{choice}: {run:?}");
        let (kernel, initrd, line) = loaded(&lab);
        assert!(kernel == forge::unsigned_bzimage() && initrd.starts_with(INITRD), "{choice}");
        assert_eq!(line, cmdline, "{choice}");
    }
    // An add-on counts, as it does for load.
    lab.system_bytes(
        "/boot/EFI/Linux/test.efi.extra.d/a.addon.efi",
        &addon([(b".cmdline".as_slice(), b"more".as_slice())]),
    );
    assert_eq!(lab.run("entries --keys {}/root.pem").out, wanted);
    lab.system("/boot/EFI/Linux/test.efi.extra.d/b.addon.efi", "no PE");
    let run = lab.run("entries --keys {}/root.pem");
    assert_eq!(run.out.matches("  refused (").count(), 2, "{}", run.out);
    std::fs::remove_dir_all(lab.root().path("/boot/EFI/Linux/test.efi.extra.d")).unwrap();
    let run = lab.run("load --entry test --append more --keys {}/root.pem");
    assert!(run.exit == 3 && run.err.contains("(cmdline-signed)"), "{run:?}");
}

#[test]
fn an_entry_of_type_1_may_name_a_uki() {
    let lab = lab();
    lab.system("/boot/loader/entries/a.conf", "title A\nuki /EFI/Linux/test+3.efi\nprofile 1\n");
    assert_eq!(lab.run("load --entry a --keys {}/root.pem").exit, 0);
    assert_eq!(loaded(&lab).2, "reset");
    // Also as a kernel; then it still brings its own initrd and command line.
    lab.system("/boot/loader/entries/a.conf", "title A\nlinux /EFI/Linux/test+3.efi\n");
    assert_eq!(lab.run("load --entry a --keys {}/root.pem").exit, 0);
    assert_eq!(loaded(&lab).2, CMDLINE);
    // The options of an entry are not signed.
    lab.system("/boot/loader/entries/a.conf", "uki /EFI/Linux/test+3.efi\noptions quiet\n");
    let run = lab.run("load --entry a --keys {}/root.pem");
    assert!(run.exit == 3 && run.err.contains("(cmdline-signed)"), "{run:?}");
}

#[test]
fn a_uki_that_cannot_be_used_is_listed() {
    let lab = lab();
    lab.system_bytes("/boot/EFI/Linux/nameless.efi", &with(&plain(), []));
    lab.system_bytes("/boot/EFI/Linux/unsigned.efi", &Uki { osrel: Some("ID=a\n".into()), ..plain() }.unsigned());
    lab.system("/boot/EFI/Linux/text.efi", "no PE");
    let run = lab.run("entries --keys {}/root.pem");
    for row in ["nameless.efi", "text.efi", "unsigned.efi"].iter().zip(["entry-file", "pe-header", "unsigned"]) {
        let (name, slug) = row;
        let found = run.out.lines().any(|line| line.starts_with(name) && line.ends_with(&format!("refused ({slug})")));
        assert!(found, "{name}: {}", run.out);
    }
}
