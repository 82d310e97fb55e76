//! `skexec-sign detached`: signatures in files of their own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::trust::Signature::Detached;
use support::{Place, Run, trust, verdict};

#[test]
fn any_file_is_signed_and_not_changed() {
    let (place, trust) = (Place::new(&["signer", "p256", "p384"]), trust());
    for key in ["signer", "p256", "p384"] {
        for content in [&b"070701 an initrd"[..], b"", &forge::unsigned_bzimage()] {
            place.write("file", content);
            let args = format!("detached --key {{}}/{key}.key --cert {{}}/{key}.pem --digest sha384 {{}}/file");
            let said = place.sign(&args);
            assert_eq!(
                said,
                format!("{{}}/file.p7s: the signature of O=skexec tests, CN=skexec test {key} over {{}}/file\n")
            );
            let signature = place.read("file.p7s");
            assert_eq!(place.read("file"), content);
            assert_eq!(verdict(content, Detached(&signature), &trust), "trusted", "{key}");
            let other = [content, b"x"].concat();
            assert_eq!(verdict(&other, Detached(&signature), &trust), "message-digest", "{key}");
        }
    }
}

#[test]
fn the_output_is_where_it_was_asked_for() {
    let place = Place::new(&["p256"]);
    place.write("file", b"content");
    place.sign("detached --key {}/p256.key --cert {}/p256.pem {}/file -o {}/elsewhere");
    assert_eq!(place.names(), ["elsewhere", "file", "p256.key", "p256.pem", "root.pem"]);
    let missing = place.run("detached --key {}/p256.key --cert {}/p256.pem {}/none");
    let wanted = "skexec-sign: cannot read {}/none: No such file or directory (os error 2)\n";
    assert_eq!(missing, Run::failed(1, wanted));
}
