//! Names that could steer a terminal or read like other names: in paths, command lines, boot entries and certificates.

use super::program;
use super::run::Attack;
use super::site::Site;
use forge::bzimage::BzImage;
use forge::ext;
use forge::key::key;
use forge::pki::{Identity, ROOT, STRANGER};
use forge::random::Random;
use forge::recipe::Recipe;
use forge::x509::CertSpec;
use skexec::cli::printable;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixDatagram;

pub(crate) const ATTACKS: [Attack; 1] = [Attack {
    name: "names",
    what: "escape sequences, control, bidi and zero-width characters and bytes that are no UTF-8, in the names of kernels, initrds and keys, in command lines, in the names of a signer and of a trusted certificate, and in the titles, versions and file names of boot entries",
    holds: "standard output, standard error, the JSON and the journal have none of them as they are; the JSON has the exact string",
    found: "",
    rounds: 10,
    round: names,
}];

/// A hostile name.
fn name(random: &mut Random) -> OsString {
    const PIECES: [&[u8]; 20] = [
        b"vmlinuz",
        b"\x1b[2J",
        b"\x1b]0;title\x07",
        b"\x1bP",
        b"\x9b31m",
        b"\xc2\x9b31m",
        b"\r",
        b"\x08\x08",
        b"\x7f",
        "\u{202e}".as_bytes(),
        "\u{2066}".as_bytes(),
        "\u{200b}".as_bytes(),
        "\u{feff}".as_bytes(),
        "\u{2028}".as_bytes(),
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b" ",
        b"\n",
        b"\t",
        "\u{e0041}".as_bytes(),
    ];
    let pieces = (0..1 + random.below(6)).map(|_| PIECES[usize::try_from(random.below(20)).unwrap()]);
    OsString::from_vec(pieces.collect::<Vec<_>>().concat())
}

fn text(random: &mut Random) -> String {
    name(random).to_string_lossy().into_owned()
}

/// A kernel whose signer has a hostile name; the authority is known, or not.
fn signed(random: &mut Random) -> Vec<u8> {
    let authority = if random.below(2) == 0 { ROOT } else { STRANGER };
    let who = Identity::new(&authority.leaf(&text(random), key("signer")), key("signer"));
    Recipe::new().image(BzImage::default().build()).who(who).build()
}

/// The certificate of an authority with a hostile name, which is trusted besides.
fn authority(random: &mut Random) -> Vec<u8> {
    let (name, key) = (text(random), key("stranger-ca"));
    let spec = CertSpec::new(&name, key, &name, key);
    spec.with(ext::basic_constraints(true, None)).with(ext::key_usage(ext::CERT_AND_CRL_SIGN)).build()
}

/// Whether nothing in it can steer a terminal.
fn is_plain(text: &str) -> bool {
    printable::lines(text) == text
}

fn names(random: &mut Random) {
    let site = Site::new(false);
    let lab = &site.lab;
    std::fs::create_dir_all(lab.root().path("/run/systemd/journal")).unwrap();
    let journal = UnixDatagram::bind(lab.root().path("/run/systemd/journal/socket"));
    let kernel = lab.path("").join(name(random)).into_os_string();
    let initrd = lab.path("").join(name(random)).into_os_string();
    let bytes = match random.below(4) {
        0 => std::fs::read(lab.path("vmlinuz")).unwrap(),
        1 => std::fs::read(lab.path("initrd")).unwrap(),
        _ => signed(random),
    };
    lab.file("authority.der", &authority(random));
    std::fs::write(&initrd, b"070701 an initrd").unwrap();
    std::fs::write(&kernel, bytes).unwrap();
    let title = name(random);
    let title = title.to_string_lossy();
    let file = name(random).to_string_lossy().replace('\n', "");
    let entry = format!("title {title}\nversion {title}\nlinux /{title}\noptions {title}\n");
    lab.system(&format!("/boot/loader/entries/{file}.conf"), &entry);
    let mut cmdline = OsString::from("image=new ");
    cmdline.push(name(random));
    let words = |line: &str| -> Vec<OsString> { line.split(' ').map(OsString::from).collect() };
    let keys = site.words("--keys {}/root.pem --keys {}/authority.der");
    let mut load = words("load --cmdline");
    load.extend([cmdline, "--initrd".into(), initrd.clone(), kernel.clone()].into_iter().chain(keys.clone()));
    let lines: Vec<Vec<OsString>> = vec![
        [words("verify"), vec![kernel.clone()], keys].concat(),
        [words("inspect"), vec![kernel.clone()]].concat(),
        load.clone(),
        [load, words("--dry-run --method segments")].concat(),
        words("entries"),
        words("status"),
        site.words("inspect {}/authority.der"),
        [words("load --no-initrd --no-cmdline --entry"), vec![title.as_ref().into()]].concat(),
        vec![name(random)],
        words("unload"),
    ];
    for line in lines {
        for json in [false, true] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let line = std::iter::once("skexec".into()).chain(line.iter().cloned());
            let words = line.chain(json.then(|| "--json".into())).collect::<Vec<OsString>>();
            let exit = program::run(&site.kernel, words.iter().cloned(), &mut out, &mut err);
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_else(|error| panic!("{error}: {words:?}"));
            let (out, err) = (text(out), text(err));
            assert!(exit <= 5 && is_plain(&out) && is_plain(&err), "{words:?}: {exit}\n{out:?}\n{err:?}");
            if json && out.starts_with(['{', '[']) {
                serde_json::from_str::<serde_json::Value>(&out)
                    .unwrap_or_else(|error| panic!("{error}: {words:?} {out}"));
            }
        }
    }
    // The path of a socket must be short.
    let Ok(journal) = journal else { return };
    journal.set_nonblocking(true).unwrap();
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length) = journal.recv(&mut buffer) {
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        assert!(is_plain(text), "{text:?}");
        assert!(text.lines().all(|line| line.split_once('=').is_some_and(|(name, _)| is_field(name))), "{text:?}");
    }
}

fn is_field(name: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_' || letter.is_ascii_digit())
}
