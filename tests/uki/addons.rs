//! Add-ons, in the folder of one UKI and in that of all UKIs of an ESP.

use crate::{CMDLINE, INITRD, LOAD, Lab, addon, joined, loaded, plain, with};
use forge::pki;
use forge::recipe::Recipe;

const OWN: &str = "a.efi.extra.d";

fn lab() -> Lab {
    let lab = Lab::new();
    lab.file("a.efi", &with(&plain(), [(b".ucode".as_slice(), b"070701 own ucode".as_slice())]));
    lab
}

#[test]
fn they_are_joined_in_the_order_of_the_stub() {
    let lab = Lab::new();
    lab.file("esp/EFI/Linux/a+3.efi", &with(&plain(), [(b".ucode".as_slice(), b"070701 own ucode".as_slice())]));
    let add = |name: &str, number: u8| {
        let text = |what: &str| -> &'static [u8] { format!("{what}{number}").into_bytes().leak() };
        let sections: [(&[u8], &[u8]); 3] =
            [(b".cmdline", text("add=")), (b".initrd", text("070701 initrd ")), (b".ucode", text("070701 ucode "))];
        lab.file(&format!("esp/{name}"), &addon(sections));
    };
    add("EFI/Linux/a.efi.extra.d/b.addon.efi", 3);
    add("EFI/Linux/a.efi.extra.d/B.ADDON.EFI", 2);
    add("loader/addons/z.addon.efi", 1);
    // Hidden files, other names and folders are no add-ons.
    lab.file("esp/loader/addons/.a.addon.efi", b"hidden");
    lab.file("esp/loader/addons/a.efi", b"another");
    lab.file("esp/loader/addons/folder.addon.efi/file", b"in a folder");
    let run = lab.run("load {}/esp/EFI/Linux/a+3.efi --keys {}/root.pem --json");
    assert_eq!(run.json()["covers"].as_array().map(Vec::len), Some(3), "{run:?}");
    let (_, initrd, cmdline) = loaded(&lab);
    assert_eq!(cmdline, format!("{CMDLINE} add=1 add=2 add=3"));
    let wanted = joined(&[
        b"070701 ucode 3",
        b"070701 ucode 2",
        b"070701 ucode 1",
        b"070701 own ucode",
        INITRD,
        b"070701 initrd 1",
        b"070701 initrd 2",
        b"070701 initrd 3",
    ]);
    assert_eq!(initrd, wanted);
}

#[test]
fn one_that_cannot_be_used_refuses_the_load() {
    let good: [(&[u8], &[u8]); 2] = [(b".cmdline", b"quiet"), (b".uname", b"6.12.0-forge")];
    let stranger = |file: Vec<u8>| Recipe::new().image(file).who(pki::stranger()).build();
    let unsigned = |mut file: Vec<u8>| {
        let end = skexec::image::pe::Pe::parse(&file).unwrap().certificate_table.unwrap().start;
        file.truncate(end);
        file[0x80 + 24 + 112 + 32..0x80 + 24 + 112 + 40].fill(0);
        file
    };
    let changed = |mut file: Vec<u8>| {
        file[0x600] ^= 1;
        file
    };
    let linux: [(&[u8], &[u8]); 2] = [(b".cmdline", b"quiet"), (b".linux", b"MZ")];
    let profile: [(&[u8], &[u8]); 2] = [(b".cmdline", b"quiet"), (b".profile", b"ID=a")];
    let uname: [(&[u8], &[u8]); 2] = [(b".cmdline", b"quiet"), (b".uname", b"6.12.0-other")];
    let rows = [
        (addon(good), None),
        (unsigned(addon(good)), Some((3, "unsigned"))),
        (stranger(unsigned(addon(good))), Some((3, "unknown-signer"))),
        (changed(addon(good)), Some((3, "digest-mismatch"))),
        (addon(linux), Some((4, "uki-addon"))),
        (addon(profile), Some((4, "uki-addon"))),
        (addon([(b".osrel".as_slice(), b"ID=a".as_slice())]), Some((4, "uki-addon"))),
        (addon(uname), Some((4, "uki-uname"))),
        (addon([(b".cmdline".as_slice(), b"a\0b".as_slice())]), Some((4, "uki-text"))),
        (b"no program".to_vec(), Some((4, "uki-addon"))),
    ];
    for (file, wanted) in rows {
        let lab = lab();
        lab.file(&format!("{OWN}/x.addon.efi"), &file);
        let run = lab.run(LOAD);
        let (exit, reason) = wanted.unwrap_or((0, ""));
        assert_eq!(run.exit, exit, "{reason}: {run:?}");
        assert!(exit == 0 || run.err.starts_with("skexec: {}/a.efi.extra.d/x.addon.efi: "), "{run:?}");
        assert!(exit == 0 || run.err.contains(&format!("({reason})\n")), "{reason}: {run:?}");
        assert_eq!(lab.kernel.calls.borrow().len(), usize::from(exit == 0));
    }
}

/// A folder that cannot be read refuses the load; what describes the file says what it leaves out.
#[test]
fn a_folder_that_cannot_be_read_is_named() {
    let lab = lab();
    std::os::unix::fs::symlink(OWN, lab.path(OWN)).unwrap();
    let run = lab.run(LOAD);
    assert!(
        run.exit != 0 && run.err.starts_with("skexec: {}/a.efi.extra.d: ") && run.err.contains("(unreadable)"),
        "{run:?}"
    );
    let run = lab.run("inspect {}/a.efi");
    let wanted = "skexec: warning: {}/a.efi.extra.d: ";
    assert!(run.exit == 0 && run.err.starts_with(wanted) && run.err.ends_with(" (addons-unreadable)\n"), "{run:?}");
    let json = lab.run("inspect {}/a.efi --json").json();
    assert_eq!(
        (&json["warnings"], &json["addons"]),
        (&serde_json::json!(["addons-unreadable"]), &serde_json::json!([]))
    );
}

#[test]
fn credentials_and_extensions_are_named_and_left_out() {
    let lab = lab();
    lab.file(&format!("{OWN}/a.cred"), b"secret");
    lab.file(&format!("{OWN}/b.sysext.raw"), b"extension");
    lab.file(&format!("{OWN}/c.addon.efi"), &addon([(b".dtb".as_slice(), b"tree".as_slice())]));
    let run = lab.run(LOAD);
    let wanted = "\
skexec: warning: {}/a.efi.extra.d/a.cred: systemd-stub would pass this file to the initrd, skexec does not (companion-unused)
skexec: warning: {}/a.efi.extra.d/b.sysext.raw: systemd-stub would pass this file to the initrd, skexec does not (companion-unused)
skexec: warning: {}/a.efi.extra.d/c.addon.efi: .dtb is not used on this processor (companion-unused)
";
    assert_eq!((run.exit, run.err.as_str()), (0, wanted));
    assert_eq!(loaded(&lab).1, joined(&[b"070701 own ucode", INITRD]));
}

#[test]
fn a_command_line_of_add_ons_alone_is_enough() {
    let lab = Lab::new();
    lab.file("a.efi", &forge::uki::Uki { cmdline: None, ..plain() }.signed(&pki::signer()));
    lab.file(&format!("{OWN}/c.addon.efi"), &addon([(b".cmdline".as_slice(), b"quiet\n".as_slice())]));
    assert_eq!(lab.run(&format!("{LOAD} --json")).json()["covers"].as_array().map(Vec::len), Some(3));
    assert_eq!(loaded(&lab).2, "quiet");
    // Nothing of the UKI's own is replaced.
    assert_eq!(
        lab.run(&format!("{LOAD} --cmdline root=/dev/vda1 --json")).json()["covers"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(loaded(&lab).2, "root=/dev/vda1 quiet");
}

#[test]
fn an_initrd_of_add_ons_alone_is_enough() {
    let lab = Lab::new();
    lab.file("a.efi", &forge::uki::Uki { initrd: None, ..plain() }.signed(&pki::signer()));
    lab.file(&format!("{OWN}/c.addon.efi"), &addon([(b".initrd".as_slice(), b"070701 added".as_slice())]));
    let run = lab.run(LOAD);
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(loaded(&lab).1, b"070701 added");
    let run = lab.run(&format!("{LOAD} --no-initrd"));
    assert!(run.exit == 3 && run.err.contains("--no-initrd was given (initrd-signed)"), "{run:?}");
}

#[test]
fn their_number_has_a_limit() {
    let lab = lab();
    for number in 0..257 {
        lab.file(&format!("{OWN}/{number}.addon.efi"), b"no program");
    }
    let run = lab.run(LOAD);
    assert!(run.exit == 4 && run.err.contains("257 add-ons, at most 256 (uki-addon)"), "{run:?}");
}

#[test]
fn verify_judges_an_add_on_by_its_name() {
    let lab = Lab::new();
    let sections: [(&[u8], &[u8]); 2] = [(b".cmdline", b"quiet"), (b".ucode", b"070701")];
    for name in ["a.addon.efi", "A.Addon.EFI", "a.efi"] {
        lab.file(name, &addon(sections));
    }
    let run = lab.run("verify --json --keys {}/root.pem {}/a.addon.efi {}/A.Addon.EFI {}/a.efi");
    let json = run.json();
    for number in 0..2 {
        assert_eq!(json[number]["covers"], serde_json::json!(["initrd", "cmdline"]), "{run:?}");
        assert_eq!(json[number]["kernel"]["errno"], serde_json::Value::Null);
    }
    assert_eq!((json[2]["reason"].as_str(), run.exit), (Some("uki-missing"), 4));
}
