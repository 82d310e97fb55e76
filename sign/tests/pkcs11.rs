//! Keys in a token, which is SoftHSM. `cargo xtask test sign-pkcs11` fetches it and runs these tests; the variables SOFTHSM2_MODULE
//! and SOFTHSM2_UTIL name its library and its program, SOFTHSM2_LIBRARIES the directories of other libraries that these need.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::trust::Signature::Embedded;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Place, Run, errno, trust, verdict};

const PIN: &str = "1234";
const KEYS: [&str; 4] = ["rsa3072", "rsa4096", "p256", "p384"];

/// A directory with a token named `skexec` that holds all keys.
struct Token {
    place: Place,
    configuration: PathBuf,
    module: PathBuf,
    libraries: PathBuf,
}

impl Token {
    fn new() -> Self {
        let place = Place::new(&KEYS);
        place.write("image", &forge::unsigned_bzimage());
        place.write("pin", format!("{PIN}\n").as_bytes());
        std::fs::create_dir(place.path("tokens")).unwrap();
        let tokens = place.path("tokens").display().to_string();
        place.write(
            "softhsm2.conf",
            format!("directories.tokendir = {tokens}\nobjectstore.backend = file\n").as_bytes(),
        );
        let module = env::var_os("SOFTHSM2_MODULE").expect("SOFTHSM2_MODULE names SoftHSM's library").into();
        let libraries = env::var_os("SOFTHSM2_LIBRARIES").unwrap_or_default().into();
        let token = Self { configuration: place.path("softhsm2.conf"), module, libraries, place };
        token.util(&["--init-token", "--free", "--label", "skexec", "--so-pin", "5678"]);
        for (number, key) in KEYS.iter().enumerate() {
            let file = token.place.path(&format!("{key}.key"));
            let id = format!("0{number}");
            let import = ["--import", file.to_str().unwrap(), "--token", "skexec", "--label", key, "--id", &id];
            token.util(&import);
        }
        token
    }

    fn util(&self, args: &[&str]) {
        let mut util = Command::new(env::var_os("SOFTHSM2_UTIL").expect("SOFTHSM2_UTIL names softhsm2-util"));
        util.args(args).args(["--pin", PIN, "--module"]).arg(&self.module).envs(self.variables());
        let output = util.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Signs the image with a key of the token and another key's certificate.
    fn sign(&self, uri: &str, cert: &str, more: &str) -> Run {
        let module = self.module.display();
        let args =
            format!("image --key {uri} --pkcs11-module {module} --cert {{}}/{cert}.pem {{}}/image -o {{}}/out {more}");
        self.run(&args)
    }

    fn run(&self, args: &str) -> Run {
        self.place.run_with(args, &self.variables())
    }

    fn variables(&self) -> [(&'static str, &Path); 2] {
        [("SOFTHSM2_CONF", &self.configuration), ("LD_LIBRARY_PATH", &self.libraries)]
    }
}

#[test]
#[ignore = "needs SoftHSM: cargo xtask test sign-pkcs11"]
fn every_kind_of_key_signs() {
    let (token, trust) = (Token::new(), trust());
    for key in KEYS {
        for digest in ["sha256", "sha384", "sha512"] {
            let uri = format!("pkcs11:token=skexec;object={key}?pin-source={{}}/pin");
            let run = token.sign(&uri, key, &format!("--digest {digest}"));
            assert_eq!((run.exit, run.err.as_str()), (0, ""), "{key} {digest}");
            let signed = token.place.read("out");
            assert_eq!(
                (verdict(&signed, Embedded, &trust), errno(&signed, &trust)),
                ("trusted", Some(0)),
                "{key} {digest}"
            );
        }
    }
}

#[test]
#[ignore = "needs SoftHSM: cargo xtask test sign-pkcs11"]
fn the_pin_comes_from_a_file_or_the_uri() {
    let token = Token::new();
    let by_option = token.sign("pkcs11:id=%02", "p256", "--passphrase-file {}/pin");
    assert_eq!((by_option.exit, by_option.err.as_str()), (0, ""));
    let seen = token.sign("pkcs11:object=p256?pin-value=1234", "p256", "");
    let warning = "skexec-sign: warning: other users can see the PIN on the command line; use pin-source= in the URI\n";
    assert_eq!((seen.exit, seen.err.as_str()), (0, warning));
    let wrong = token.sign("pkcs11:object=p256?pin-value=12345", "p256", "");
    assert_eq!((wrong.exit, wrong.err), (1, format!("{warning}skexec-sign: pkcs11:object=p256: the PIN is wrong\n")));
}

#[test]
#[ignore = "needs SoftHSM: cargo xtask test sign-pkcs11"]
fn what_does_not_fit_is_told() {
    let token = Token::new();
    let other = "is not the private key of the certificate\n  do: give the certificate that was made for this key with --cert\n";
    let list = "  do: list the tokens and their keys: p11tool --list-tokens; p11tool --list-privkeys --login URI\n";
    let rows = [
        ("object=p256", "p384", format!("pkcs11:object=p256 {other}")),
        ("object=p256", "rsa3072", format!("pkcs11:object=p256 {other}")),
        ("object=rsa3072", "rsa4096", format!("pkcs11:object=rsa3072 {other}")),
        ("object=none", "p256", format!("pkcs11:object=none: the token has no such private key\n{list}")),
        ("token=none;object=p256", "p256", format!("pkcs11:token=none;object=p256: no token is like this\n{list}")),
    ];
    for (uri, cert, wanted) in rows {
        let run = token.sign(&format!("pkcs11:{uri}?pin-source={{}}/pin"), cert, "");
        assert_eq!(run, Run::failed(4, &format!("skexec-sign: {wanted}")), "{uri}");
        assert!(!token.place.path("out").exists());
    }
    token.util(&[
        "--import",
        token.place.path("p384.key").to_str().unwrap(),
        "--token",
        "skexec",
        "--label",
        "p256",
        "--id",
        "09",
    ]);
    let two = token.sign("pkcs11:object=p256?pin-source={}/pin", "p256", "");
    let wanted = "skexec-sign: pkcs11:object=p256: the token has 2 such private keys\n  do: name one of them with id= in the URI\n";
    assert_eq!(two, Run::failed(4, wanted));
}

#[test]
fn the_module_must_be_named_and_loaded() {
    let place = Place::new(&["p256"]);
    place.write("image", &forge::unsigned_bzimage());
    let args = "image --cert {}/p256.pem {}/image --key pkcs11:object=a";
    let wanted = "skexec-sign: pkcs11:object=a: the token's PKCS#11 module is not named\n  \
                  do: name the module with --pkcs11-module or with module-path= in the URI\n";
    assert_eq!(place.run(args), Run::failed(2, wanted));
    for module in ["?module-path={}/none.so", " --pkcs11-module {}/none.so"] {
        let run = place.run(&format!("{args}{module}"));
        assert!(
            run.exit == 1 && run.err.starts_with("skexec-sign: cannot load the PKCS#11 module {}/none.so: "),
            "{}",
            run.err
        );
    }
    assert_eq!(place.run("image --cert {}/p256.pem {}/image --key pkcs11:token=a").exit, 2);
    assert_eq!(place.read("image"), forge::unsigned_bzimage());
}
