//! Compares with OpenSSL's program whether a message's signature holds: every message of the forge, then mutated ones for so many seconds.
//! A message whose signature holds for skexec, and which OpenSSL can read and refuses, is written to the folder. OpenSSL is not asked about
//! the path to an anchor, so that it accepts more: the table says why skexec does not.

use forge::random::Random;
use properties::{mutated, seeds};
use skexec::digest::Hashed;
use skexec::trust::cert::Certificate;
use skexec::trust::pkcs7::{Profile, SignedData};
use skexec::trust::{Anchor, chain};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

const PROFILES: [Profile; 3] = [Profile::Authenticode, Profile::Appended, Profile::Detached];

/// What OpenSSL says about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Theirs {
    Holds,
    Refused,
    /// It decodes what skexec and the kernel only compare, such as the text of a name.
    Unreadable,
}

/// Whether skexec accepts a message, or its first reason; and what OpenSSL says.
type Answers = (Result<(), &'static str>, Theirs);

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let (Some(program), Some(folder), Some(seconds)) =
        (words.next(), words.next(), words.next().and_then(|text| text.parse().ok()))
    else {
        eprintln!(
            "usage: openssl PROGRAM FOLDER SECONDS, where OPENSSL_LIBRARIES may name the folders of its libraries"
        );
        return ExitCode::from(2);
    };
    match compare(&Openssl { program, folder: folder.into() }, Duration::from_secs(seconds)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns how many messages skexec alone accepts.
fn compare(openssl: &Openssl, time: Duration) -> io::Result<usize> {
    let known: Vec<_> = forge::db().into_iter().map(|known| known.der).collect();
    fs::create_dir_all(&openssl.folder)?;
    fs::write(openssl.known(), known.iter().map(|der| forge::pem::encode("CERTIFICATE", der)).collect::<String>())?;
    let anchors: Vec<_> = known.iter().map(|der| anchor(Certificate::parse(der).expect("a certificate"))).collect();
    let content = forge::messages().swap_remove(0).file;
    let seeds = seeds::of("pkcs7", &seeds::seeds());
    let mut random = Random(u64::from(std::process::id()));
    let (mut table, mut alone, start) = (BTreeMap::<Answers, usize>::new(), 0, Instant::now());
    let more = std::iter::repeat_with(|| mutated(&seeds, &mut random)).take_while(|_| start.elapsed() < time);
    for message in seeds.iter().cloned().chain(more) {
        // What is no message for skexec in any profile cannot be accepted.
        for profile in PROFILES {
            let Ok(data) = SignedData::parse(profile, &message) else { continue };
            let signed = data.content.unwrap_or(&content);
            let answers = (ours(&data, signed, &anchors), openssl.accepts(profile, &message, signed)?);
            *table.entry(answers).or_default() += 1;
            if answers == (Ok(()), Theirs::Refused) {
                alone += 1;
                let path = openssl.folder.join(format!("alone-{alone}.der"));
                fs::write(&path, &message)?;
                println!("{}: accepted by skexec alone, as {profile:?}", path.display());
            }
        }
    }
    print(&table);
    Ok(alone)
}

fn print(table: &BTreeMap<Answers, usize>) {
    println!("messages  OpenSSL     skexec");
    for ((ours, theirs), count) in table {
        println!("{count:8}  {:10}  {}", format!("{theirs:?}").to_lowercase(), ours.err().unwrap_or("holds"));
    }
}

fn anchor(certificate: Certificate) -> Anchor {
    Anchor { certificate, source: "the forge".to_owned() }
}

/// Everybody who has a certificate is trusted: what is left is whether it is his signature.
fn ours(message: &SignedData<'_>, content: &[u8], known: &[Anchor]) -> Result<(), &'static str> {
    let bag = message.certificates.iter().cloned().map(anchor);
    let anchors: Vec<_> = known.iter().cloned().chain(bag).collect();
    match chain::verify(message, &Hashed::new(content), &anchors) {
        Ok(_) => Ok(()),
        Err(findings) => Err(findings.first().map_or("no reason", |finding| finding.reason.slug())),
    }
}

struct Openssl {
    program: String,
    folder: PathBuf,
}

impl Openssl {
    fn known(&self) -> PathBuf {
        self.folder.join("known.pem")
    }

    fn accepts(&self, profile: Profile, message: &[u8], content: &[u8]) -> io::Result<Theirs> {
        let (signature, signed) = (self.folder.join("message.der"), self.folder.join("content"));
        fs::write(&signature, message)?;
        fs::write(&signed, content)?;
        // `cms` takes no content but octets, and `smime` no signer who is named by a key identifier.
        let command = if profile == Profile::Authenticode { "smime" } else { "cms" };
        let mut openssl = Command::new(&self.program);
        openssl.args([command, "-verify", "-binary", "-noverify", "-inform", "DER", "-out", "/dev/null", "-in"]);
        openssl.arg(signature).arg("-content").arg(signed).arg("-certfile").arg(self.known());
        if let Some(folders) = env::var_os("OPENSSL_LIBRARIES") {
            openssl.env("LD_LIBRARY_PATH", folders);
        }
        openssl.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // The exit codes of `openssl smime` and `openssl cms`.
        match openssl.status()?.code() {
            Some(0) => Ok(Theirs::Holds),
            Some(4) => Ok(Theirs::Refused),
            Some(2) => Ok(Theirs::Unreadable),
            code => Err(io::Error::other(format!("openssl {command}: exit code {code:?}"))),
        }
    }
}
