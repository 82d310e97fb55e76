//! `skexec-sign manifest`: the text and its signature.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::digest::sha256;
use skexec::image::cmdline::Cmdline;
use skexec::image::manifest::Manifest;
use skexec::trust::Signature::Detached;
use support::{Place, Run, trust, verdict};

const ARGS: &str = "manifest --key {}/p256.key --cert {}/p256.pem --name acme-boot --boot-version 7 {}/vmlinuz";

fn place() -> Place {
    let place = Place::new(&["p256"]);
    place.write("vmlinuz", b"kernel");
    place.write("initrd", b"initrd");
    place
}

#[test]
fn a_manifest_binds_the_files_and_the_command_line() {
    let place = place();
    let more = "--cmdline root=/dev/vda2 --initrd {}/initrd --vary console=ttyS[0-9]* --vary quiet --vary console=tty0";
    let said = place.sign(&format!("{ARGS} {more}"));
    let signer = "O=skexec tests, CN=skexec test p256";
    assert_eq!(said, format!("{{}}/vmlinuz.manifest: acme-boot version 7, 2 files, signed by {signer}\n"));
    let text = place.read("vmlinuz.manifest");
    let wanted = r#"manifest = 1
name = "acme-boot"
version = 7
cmdline = "root=/dev/vda2"

[kernel]
sha256 = "6923dd1bc0460082c5d55a831908c24a282860b7f1cd6c2b79cf1bc8857c639c"
size = 6

[[initrd]]
sha256 = "09e6c018d2c8c4903308613dd1b72484d57eadf12ec50ddc8f52e5accce470f2"
size = 6

[vary]
"console" = ["ttyS[0-9]*", "tty0"]
"quiet" = [""]
"#;
    assert_eq!(String::from_utf8(text.clone()).unwrap(), wanted);
    let read = Manifest::parse(&text).unwrap();
    read.check_kernel(6, &sha256(&[b"kernel"])).unwrap();
    read.check_initrd(0, 6, &sha256(&[b"initrd"])).unwrap();
    for (line, fits) in [
        ("root=/dev/vda2", true),
        ("root=/dev/vda2 quiet console=ttyS0,115200", true),
        ("root=/dev/vda2 console=hvc0", false),
        ("root=/dev/vda1", false),
    ] {
        assert_eq!(read.check_cmdline(&Cmdline::new(line)).is_ok(), fits, "{line}");
    }
    assert_eq!(verdict(&text, Detached(&place.read("vmlinuz.manifest.p7s")), &trust()), "trusted");
    assert_eq!(
        place.names(),
        ["initrd", "p256.key", "p256.pem", "root.pem", "vmlinuz", "vmlinuz.manifest", "vmlinuz.manifest.p7s"]
    );
}

#[test]
fn the_names_of_the_files_are_hints() {
    let place = place();
    place.sign(&format!("{ARGS} --cmdline x --initrd {{}}/initrd --file-names -o {{}}/boot.manifest"));
    let said = place.sign(&format!("{ARGS} --cmdline x -o {{}}/one.manifest"));
    assert!(said.contains(" version 7, 1 file, signed by "), "{said}");
    let text = String::from_utf8(place.read("boot.manifest")).unwrap();
    assert!(text.contains("file = \"vmlinuz\"\n") && text.contains("file = \"initrd\"\n"), "{text}");
    assert!(place.path("boot.manifest.p7s").exists());
}

#[test]
fn names_are_of_files_beside_the_manifest() {
    let place = place();
    std::fs::create_dir(place.path("other")).unwrap();
    place.write("other/initrd", b"initrd");
    let wanted = |file, manifest| {
        let message = format!(
            "skexec-sign: {{}}/{file} is not in the directory of {{}}/{manifest}: --file-names is for files beside the manifest\n  \
             do: write the manifest into the directory of the files, or leave out --file-names\n"
        );
        Run::failed(2, &message)
    };
    let line = format!("{ARGS} --cmdline x --file-names");
    assert_eq!(place.run(&format!("{line} -o {{}}/other/m")), wanted("vmlinuz", "other/m"));
    let initrd = place.run(&format!("{line} --initrd {{}}/other/initrd"));
    assert_eq!(initrd, wanted("other/initrd", "vmlinuz.manifest"));
    let none = place.run(&format!("{line} -o {{}}/none/m"));
    assert_eq!(none, Run::failed(1, "skexec-sign: cannot find {}/none/m: No such file or directory (os error 2)\n"));
    assert!(!place.path("other/m").exists() && !place.path("vmlinuz.manifest.p7s").exists());
    // Another name of the same directory, and no names.
    place.sign(&format!("{line} -o {{}}/other/../m"));
    place.sign(&format!("{ARGS} --cmdline x -o {{}}/other/m"));
}

#[test]
fn what_a_manifest_cannot_bind_is_refused() {
    let place = place();
    place.write("empty", b"");
    let wanted = Run::failed(4, "skexec-sign: {}/empty: the file is empty\n");
    assert_eq!(place.run(&format!("{ARGS} --cmdline x --initrd {{}}/empty")), wanted);
    place.write("uki", &forge::uki(None, None));
    let message = "skexec-sign: {}/uki: a unified kernel image binds its own initrd and command line\n  \
                   do: sign the image itself: skexec-sign image\n";
    assert_eq!(place.run(&(ARGS.replace("vmlinuz", "uki") + " --cmdline x")), Run::failed(4, message));
    let none = Run::failed(1, "skexec-sign: cannot read {}/none: No such file or directory (os error 2)\n");
    assert_eq!(place.run(&format!("{ARGS} --cmdline x --initrd {{}}/none")), none);
    let pattern = place.run(&format!("{ARGS} --cmdline x --vary a=["));
    let wanted = "skexec-sign: {}/vmlinuz: ";
    assert!(
        pattern.exit == 4 && pattern.err.starts_with(wanted) && pattern.err.contains("(manifest)\n"),
        "{}",
        pattern.err
    );
    for args in [
        ARGS.to_owned(),
        format!("{ARGS} --cmdline x --vary -a=b"),
        format!("{ARGS} --cmdline x --vary a="),
        format!("{ARGS} --cmdline x --vary a/b=c"),
        ARGS.replace("acme-boot", "acme/boot") + " --cmdline x",
        ARGS.replace(" 7 ", " 0 ") + " --cmdline x",
    ] {
        assert_eq!(place.run(&args).exit, 2, "{args}");
    }
    assert_eq!(place.names(), ["empty", "initrd", "p256.key", "p256.pem", "root.pem", "uki", "vmlinuz"]);
}
