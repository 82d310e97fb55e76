//! openssl verifies the forge's certificates and CMS messages. Without openssl, these tests are skipped.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn run(args: &[&str], files: &[(&str, Vec<u8>)]) -> Option<Output> {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(args.join("").replace(['/', '-', '.'], ""));
    fs::create_dir_all(&dir).ok()?;
    for (name, bytes) in files {
        fs::write(dir.join(name), bytes).ok()?;
    }
    Command::new("openssl").args(args).current_dir(dir).output().ok()
}

fn assert_good(output: Option<&Output>) {
    if let Some(output) = output {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn openssl_verifies_the_chain() {
    let files = [("root.pem", forge::root_pem().into_bytes()), ("signer.pem", forge::signer_pem().into_bytes())];
    assert_good(run(&["verify", "-x509_strict", "-CAfile", "root.pem", "signer.pem"], &files).as_ref());
}

#[test]
fn openssl_verifies_detached_messages() {
    for message in forge::messages().into_iter().filter(|m| m.skexec == forge::Expect::Accept) {
        let Some(signature) = message.signature.filter(|der| der[0] == 0x30) else { continue };
        // If the certificate is not in the message, openssl must be given it.
        let args = [
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            "sig",
            "-content",
            "file",
            "-CAfile",
            "root.pem",
            "-certfile",
            "direct.pem",
            "-purpose",
            "any",
            "-partial_chain",
            "-out",
            message.name,
        ];
        let anchors: String = forge::db().iter().map(forge::Certificate::pem).collect();
        let direct = forge::db().into_iter().find(|cert| cert.name == "direct").map(|cert| cert.pem());
        let files = [
            ("sig", signature),
            ("file", message.file),
            ("root.pem", anchors.into_bytes()),
            ("direct.pem", direct.unwrap_or_default().into_bytes()),
        ];
        assert_good(run(&args, &files).as_ref());
    }
}
