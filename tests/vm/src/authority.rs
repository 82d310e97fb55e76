//! Throw-away signing authorities, made once for each cache.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cache::Cache;
use crate::fetch::Tools;
use crate::tool;

const CONFIGURATION: &str = include_str!("authority.cnf");
const YEARS: &str = "3650";

/// A certification authority with one signer below it.
#[derive(Debug)]
pub(crate) struct Authority {
    directory: PathBuf,
}

impl Authority {
    pub(crate) fn named(name: &str, cache: &Cache, tools: &Tools) -> Result<Self> {
        let directory = cache.directory(&format!("authority-{name}"), |unfinished| make(name, unfinished, tools))?;
        Ok(Self { directory })
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.join("authority.pem")
    }

    /// The signer's certificate and key, for signing in the guest.
    pub(crate) fn signer(&self) -> [PathBuf; 2] {
        ["signer.pem", "signer.key"].map(|name| self.directory.join(name))
    }

    /// Signs a PE file as `sbsign` does.
    pub(crate) fn sign(&self, image: &Path, signed: &Path, tools: &Tools) -> Result<()> {
        let mut sbsign = tools.sbsign();
        sbsign.arg("--key").arg(self.directory.join("signer.key"));
        sbsign.arg("--cert").arg(self.directory.join("signer.pem"));
        tool::run(sbsign.arg("--output").arg(signed).arg(image))
    }

    /// A detached signature: CMS, DER, with signed attributes.
    pub(crate) fn sign_detached(&self, file: &Path, signature: &Path, tools: &Tools) -> Result<()> {
        let mut openssl = tools.openssl();
        openssl.args(["cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER"]);
        openssl.arg("-signer").arg(self.directory.join("signer.pem"));
        openssl.arg("-inkey").arg(self.directory.join("signer.key"));
        tool::run(openssl.arg("-in").arg(file).arg("-out").arg(signature))
    }
}

/// A certificate's DER.
pub(crate) fn der(certificate: &Path, tools: &Tools, scratch: &Path) -> Result<Vec<u8>> {
    tool::run(tools.openssl().args(["x509", "-outform", "DER", "-in"]).arg(certificate).arg("-out").arg(scratch))?;
    Ok(fs::read(scratch)?)
}

fn make(name: &str, directory: &Path, tools: &Tools) -> Result<()> {
    fs::write(directory.join("authority.cnf"), CONFIGURATION)?;
    let openssl = |arguments: &str, subject: &str| {
        let mut command = tools.openssl();
        command.current_dir(directory).args(arguments.split_whitespace());
        if !subject.is_empty() {
            command.args(["-subj", subject]);
        }
        tool::run(&mut command)
    };
    openssl(
        &format!(
            "req -x509 -newkey rsa:2048 -noenc -config authority.cnf -extensions authority -days {YEARS} \
             -keyout authority.key -out authority.pem"
        ),
        &format!("/CN=skexec VM tests, {name}"),
    )?;
    openssl(
        "req -new -newkey rsa:2048 -noenc -config authority.cnf -keyout signer.key -out signer.csr",
        &format!("/CN=skexec VM tests, signer of {name}"),
    )?;
    openssl(
        &format!(
            "x509 -req -in signer.csr -CA authority.pem -CAkey authority.key -set_serial 2 -days {YEARS} \
             -extfile authority.cnf -extensions signer -out signer.pem"
        ),
        "",
    )
}
