//! Runs the program in a directory of its own, and asks the loader about what it signed.
#![allow(clippy::unwrap_used, dead_code, reason = "a test that cannot go on has failed, and each uses a part of this")]

use forge::pki::Identity;
use skexec::image::Parsed;
use skexec::prediction::predict;
use skexec::trust::{Anchor, Judgement, Signature, Trust, cert, judge};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A directory with keys and certificates: `NAME.key`, and `NAME.pem` from the test root, whose certificate is `root.pem`.
pub(crate) struct Place(TempDir);

/// What the program printed, and how it ended. The directory's path stands as `{}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn failed(exit: i32, err: &str) -> Self {
        Self { exit, out: String::new(), err: err.to_owned() }
    }
}

impl Place {
    pub(crate) fn new(keys: &[&str]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("root.pem", forge::root_pem().as_bytes());
        for name in keys {
            let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("../keys/test").join(format!("{name}.key"));
            place.write(&format!("{name}.key"), &fs::read(key).unwrap());
            let certificate = forge::pem::encode("CERTIFICATE", &Identity::by_root(name).cert);
            place.write(&format!("{name}.pem"), certificate.as_bytes());
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// All names, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs the program; `{}` in its arguments is the directory.
    pub(crate) fn run(&self, args: &str) -> Run {
        self.run_with(args, &[])
    }

    /// The same, with variables in its environment.
    pub(crate) fn run_with(&self, args: &str, variables: &[(&str, &Path)]) -> Run {
        let directory = self.0.path().to_str().unwrap();
        let args = args.split_whitespace().map(|arg| arg.replace("{}", directory));
        let mut command = Command::new(env!("CARGO_BIN_EXE_skexec-sign"));
        let output = command.args(args).envs(variables.iter().copied()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(directory, "{}");
        Run { exit: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs the program, which must succeed without a word on standard error.
    pub(crate) fn sign(&self, args: &str) -> String {
        let run = self.run(args);
        assert_eq!((run.exit, run.err.as_str()), (0, ""), "{args}");
        run.out
    }
}

/// The trust of a machine that knows the test root alone.
pub(crate) fn trust() -> Trust {
    trusting(&forge::root_der())
}

pub(crate) fn trusting(der: &[u8]) -> Trust {
    let certificate = cert::Certificate::parse(der).unwrap();
    Trust { anchors: vec![Anchor { certificate, source: "test".to_owned() }], ..Trust::default() }
}

pub(crate) fn judged<'a>(bytes: &'a [u8], signature: Signature<'_>, trust: &Trust) -> Judgement<Parsed<&'a [u8]>> {
    judge(Parsed::new(bytes), signature, trust)
}

/// `trusted`, or the slug of the first reason.
pub(crate) fn verdict(bytes: &[u8], signature: Signature<'_>, trust: &Trust) -> &'static str {
    match judged(bytes, signature, trust).outcome {
        Ok(_) => "trusted",
        Err(refused) => refused.refusal.first().reason.slug(),
    }
}

/// What the reference kernel would answer that has the same keys.
pub(crate) fn errno(bytes: &[u8], trust: &Trust) -> Option<i32> {
    predict(Parsed::new(bytes).file(), &trust.keyrings()).errno
}
