//! Kernels with a manifest beside them.

use super::{Bundle, Firmware, revoked};
use crate::bzimage::BzImage;
use crate::cms::Plain;
use crate::manifest::Manifest;
use crate::pki::{self, Identity};
use crate::recipe::Recipe;

const MANIFEST: &str = "vmlinuz.manifest";
const SIGNATURE: &str = "vmlinuz.manifest.p7s";
const ONE: &[u8] = b"070701 the first initrd";
const TWO: &[u8] = b"070701 the second initrd";
const CMDLINE: &str = "root=/dev/vda2 ro quiet";
const VARY: &str = "console = [\"ttyS[0-9]*\", \"tty0\"]\nquiet = [\"\"]\n";

/// Two initrds, a command line of which two parameters may vary, and version 7.
fn good() -> Manifest {
    Manifest {
        name: "forge-boot",
        version: 7,
        cmdline: CMDLINE,
        kernel: crate::signed_bzimage(),
        initrds: vec![ONE.to_vec(), TWO.to_vec()],
        vary: VARY,
        files: Some(("vmlinuz", vec!["initrd-1", "initrd-2"])),
    }
}

/// The files of a boot with this manifest and this signature.
fn with(name: &str, about: &'static str, text: &str, signature: Vec<u8>) -> Bundle {
    let named = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
    Bundle {
        name: name.to_owned(),
        about,
        boot: "vmlinuz",
        files: vec![
            named("vmlinuz", &crate::signed_bzimage()),
            named("initrd-1", ONE),
            named("initrd-2", TWO),
            named(MANIFEST, text.as_bytes()),
            named(SIGNATURE, &signature),
        ],
        options: Vec::new(),
        policy: "",
        load: None,
        verified: MANIFEST,
        verify: None,
        firmware: Firmware::Unknown,
        passed: None,
    }
}

fn by(name: &str, about: &'static str, who: &Identity) -> Bundle {
    let text = good().text();
    with(name, about, &text, crate::detached(text.as_bytes(), who))
}

/// A manifest that a trusted signer has signed.
fn signed(name: &str, about: &'static str, text: &str) -> Bundle {
    with(name, about, text, crate::detached(text.as_bytes(), &pki::signer()))
}

/// A good manifest; another file in the place of one of its files.
fn replaced(name: &str, about: &'static str, file: &str, bytes: &[u8]) -> Bundle {
    let mut bundle = signed(name, about, &good().text());
    bundle.files.retain(|(name, _)| name != file);
    bundle.file(file, bytes.to_vec())
}

/// A good manifest, and other options than it has.
fn given<const N: usize>(name: &str, about: &'static str, options: [&'static str; N]) -> Bundle {
    signed(name, about, &good().text()).options(options)
}

pub(super) fn bundles() -> Vec<Bundle> {
    [controls(), signatures(), messages(), files(), laundered(), initrds(), command_lines(), versions(), texts()]
        .concat()
}

fn controls() -> Vec<Bundle> {
    let passes =
        |bundle: Bundle, cmdline| bundle.passes(crate::signed_bzimage(), cmdline, vec![ONE.to_vec(), TWO.to_vec()]);
    let unsigned = Manifest { kernel: crate::unsigned_bzimage(), ..good() }.text();
    let mut of_unsigned = signed("good-kernel-unsigned", "the kernel has no signature of its own", &unsigned);
    of_unsigned.files[0].1 = crate::unsigned_bzimage();
    vec![
        passes(given("good", "nothing is given but the kernel", []), CMDLINE),
        passes(
            given(
                "good-given",
                "all that it binds is given",
                [
                    "--manifest",
                    "{}/vmlinuz.manifest",
                    "--initrd",
                    "{}/initrd-1",
                    "--initrd",
                    "{}/initrd-2",
                    "--cmdline",
                    CMDLINE,
                ],
            ),
            CMDLINE,
        ),
        passes(
            given("good-vary", "parameters that may vary", ["--cmdline", "console=ttyS0,115200 root=/dev/vda2 ro"]),
            "console=ttyS0,115200 root=/dev/vda2 ro",
        ),
        passes(
            given("good-least", "the least version of the policy", []).policy("[least.version]\n\"forge-boot\" = 7\n"),
            CMDLINE,
        ),
        of_unsigned.passes(crate::unsigned_bzimage(), CMDLINE, vec![ONE.to_vec(), TWO.to_vec()]),
    ]
}

fn signatures() -> Vec<Bundle> {
    let mut unsigned = by("unsigned", "no signature", &pki::signer()).reject(3, "manifest-unsigned");
    unsigned.files.retain(|(name, _)| name != SIGNATURE);
    let flipped = |name: &str, about, from: &str, to: &str| {
        let text = good().text();
        let forged = text.replacen(from, to, 1);
        assert_ne!(text, forged);
        with(name, about, &forged, crate::detached(text.as_bytes(), &pki::signer())).reject(3, "message-digest")
    };
    vec![
        unsigned,
        by("stranger", "a signer whom nobody knows", &pki::stranger()).reject(3, "unknown-signer"),
        by("revoked", "dbx has the signer's certificate", &pki::revoked_cert()).reject(3, "revoked-cert"),
        by("revoked-tbs", "dbx has the hash of the signer's TBSCertificate", &pki::revoked_tbs())
            .reject(3, "revoked-tbs"),
        by("modules-only", "an anchor for kernel modules only", &pki::modsign()).reject(3, "anchor-modsign"),
        flipped("changed-version", "a higher version", "version = 7", "version = 8"),
        flipped("changed-cmdline", "another command line", "quiet", "debug"),
        flipped("changed-vary", "one more pattern", "\"tty0\"", "\"*\""),
        flipped("changed-newline", "CR in front of an LF", "manifest = 1\n", "manifest = 1\r\n"),
        flipped("changed-comment", "a comment more", "[vary]", "# x\n[vary]"),
    ]
}

/// Messages that sign something else, or not as a manifest is signed.
fn messages() -> Vec<Bundle> {
    let text = good().text();
    let with = |name: &str, about, signature| with(name, about, &text, signature);
    let plain = |change: fn(&mut Plain)| {
        let mut how = Plain::detached();
        change(&mut how);
        how.sign(text.as_bytes(), &pki::signer())
    };
    let other = Manifest { version: 8, ..good() }.text();
    let mut message = Plain::detached().message(text.as_bytes(), &pki::signer());
    message.signers.push(message.signers[0].clone());
    let initrd = crate::detached(ONE, &pki::signer());
    vec![
        with("two-signers", "the same signer twice", message.node().encode()).reject(3, "multi-signer"),
        with("embedded", "the text in the message as well", plain(|how| how.embedded = true)).reject(3, "pkcs7"),
        with("of-another", "the signature of another manifest", crate::detached(other.as_bytes(), &pki::signer()))
            .reject(3, "message-digest"),
        with("without-attributes", "no signed attributes", plain(|how| how.attributes = false)).reject(3, "attributes"),
        with("sha1", "SHA-1", plain(|how| how.hash = crate::hash::Hash::Sha1)).reject(3, "weak-digest"),
        with("of-initrd", "the signature of an initrd", initrd.clone()).reject(3, "message-digest"),
        with("of-kernel", "the signature in the kernel", Recipe::new().pkcs7()).reject(3, "content-type"),
        with("no-message", "a text as the signature", b"signed by me".to_vec()).reject(3, "pkcs7"),
        Bundle {
            files: vec![
                ("vmlinuz".into(), crate::signed_bzimage()),
                (MANIFEST.into(), ONE.to_vec()),
                (SIGNATURE.into(), initrd),
            ],
            ..with("is-initrd", "an initrd with its good signature as the manifest", Vec::new())
        }
        .load_rejects(4, "manifest"),
        with(
            "for-initrd",
            "the signature of the manifest as that of an initrd",
            crate::detached(text.as_bytes(), &pki::signer()),
        )
        .file("initrd-1.p7s", crate::detached(text.as_bytes(), &pki::signer()))
        .reject(3, "message-digest"),
    ]
}

fn files() -> Vec<Bundle> {
    let other = || BzImage::default().pe(|pe| pe.sections[2].data[3] ^= 1).build();
    let resized = good().text().replacen("size = ", "size = 1", 1);
    vec![
        replaced("kernel", "another kernel with a good signature", "vmlinuz", &Recipe::new().image(other()).build())
            .reject(3, "manifest-kernel"),
        replaced("kernel-unsigned", "the same kernel without its signature", "vmlinuz", &crate::unsigned_bzimage())
            .reject(3, "manifest-kernel"),
        replaced("kernel-damaged", "a bit of the kernel: its own signature shows it first", "vmlinuz", &{
            let mut file = crate::signed_bzimage();
            file[0x3000] ^= 1;
            file
        })
        .reject(3, "digest-mismatch"),
        signed("kernel-size", "the right SHA-256 of the kernel, but another size", &resized)
            .reject(3, "manifest-kernel"),
        replaced("initrd", "another initrd of the same size", "initrd-1", b"070701 the third initrd")
            .reject(3, "manifest-initrd"),
        replaced("initrd-longer", "an initrd with bytes behind it", "initrd-2", &[TWO, b"070701"].concat())
            .reject(3, "manifest-initrd"),
    ]
}

/// What else speaks against a kernel or an initrd: a good manifest does not change that.
fn laundered() -> Vec<Bundle> {
    let of = |name: &str, about, kernel: Vec<u8>| {
        let text = Manifest { kernel: kernel.clone(), ..good() }.text();
        let mut bundle = signed(name, about, &text);
        bundle.files[0].1 = kernel;
        bundle
    };
    let by_stranger = |bytes: &[u8]| crate::detached(bytes, &pki::stranger());
    vec![
        of("kernel-revoked", "dbx has the digest of the kernel", revoked::kernel()).reject(3, "revoked-image"),
        of("kernel-of-revoked", "dbx has the certificate of the kernel's signer", {
            Recipe::new().who(pki::revoked_cert()).build()
        })
        .reject(3, "revoked-cert"),
        of("kernel-old", "the SBAT generation of the kernel is below the level", revoked::old_kernel())
            .reject(3, "sbat"),
        of("kernel-is-text", "the kernel is a text", b"This is no kernel.\n".repeat(300)).reject(4, "not-a-kernel"),
        given("kernel-signature", "a bad detached signature of the kernel as well", ["--signature", "{}/other.p7s"])
            .file("other.p7s", by_stranger(&crate::signed_bzimage()))
            .load_rejects(3, "unknown-signer"),
        given("initrd-signature", "a bad detached signature of an initrd as well", [])
            .file("initrd-2.p7s", by_stranger(TWO))
            .reject(3, "unknown-signer"),
    ]
}

fn initrds() -> Vec<Bundle> {
    let bad = |bundle: Bundle| bundle.load_rejects(3, "manifest-initrd");
    vec![
        bad(given(
            "initrds-swapped",
            "the initrds in another order",
            ["--initrd", "{}/initrd-2", "--initrd", "{}/initrd-1"],
        )),
        bad(given("initrd-left-out", "only the first initrd", ["--initrd", "{}/initrd-1"])),
        bad(given("initrd-twice", "the first initrd twice", ["--initrd", "{}/initrd-1", "--initrd", "{}/initrd-1"])),
        bad(given(
            "initrd-more",
            "one more initrd",
            ["--initrd", "{}/initrd-1", "--initrd", "{}/initrd-2", "--initrd", "{}/initrd-2"],
        )),
        bad(given("no-initrd", "no initrd", ["--no-initrd"])),
    ]
}

fn command_lines() -> Vec<Bundle> {
    let bad =
        |name: &str, about, cmdline| given(name, about, ["--cmdline", cmdline]).load_rejects(3, "manifest-cmdline");
    vec![
        bad("cmdline-other", "another value", "root=/dev/vda3 ro quiet"),
        bad("cmdline-more", "one word more", "root=/dev/vda2 ro quiet init=/bin/sh"),
        bad("cmdline-less", "one word less", "root=/dev/vda2 quiet"),
        bad("cmdline-moved", "a word at another place", "ro root=/dev/vda2 quiet"),
        bad("cmdline-doubled", "a word twice", "root=/dev/vda2 ro ro quiet"),
        bad("cmdline-pattern", "a value that no pattern allows", "root=/dev/vda2 ro console=hvc0"),
        bad("cmdline-quiet-value", "a value where none may be", "root=/dev/vda2 ro quiet=1"),
        bad("cmdline-after-dashes", "a parameter that may vary, behind --", "root=/dev/vda2 ro -- console=tty0"),
        bad("cmdline-quoted", "two words in a quoted value", "root=/dev/vda2 ro console=\"ttyS0 init=/bin/sh\""),
        bad("cmdline-blank", "a blank of Latin-1 in a value", "root=/dev/vda2 ro console=ttyS0\u{a0}init=/bin/sh"),
        given("cmdline-append", "one word more by --append", ["--append", "init=/bin/sh"])
            .load_rejects(3, "manifest-cmdline"),
        given("no-cmdline", "an empty command line", ["--no-cmdline"]).load_rejects(3, "manifest-cmdline"),
    ]
}

fn versions() -> Vec<Bundle> {
    vec![
        given("below-least", "the policy wants version 8 of this name", [])
            .policy("[least.version]\n\"forge-boot\" = 8\n")
            .load_rejects(3, "manifest-rollback"),
    ]
}

fn texts() -> Vec<Bundle> {
    let bad = |name: &str, about, from: &str, to: &str| {
        let text = good().text();
        let wrong = text.replacen(from, to, 1);
        assert_ne!(text, wrong);
        signed(name, about, &wrong).reject(4, "manifest")
    };
    vec![
        bad("unknown-key", "a key that nobody knows", "version = 7\n", "version = 7\ninit = \"/bin/sh\"\n"),
        bad("doubled-key", "two versions", "version = 7\n", "version = 7\nversion = 8\n"),
        bad("doubled-table", "two tables [kernel]", "[[initrd]]", "[kernel]\nsize = 1\n[[initrd]]"),
        bad("no-version", "no version", "version = 7\n", ""),
        bad("version-0", "version 0", "version = 7", "version = 0"),
        bad("version-negative", "a negative version", "version = 7", "version = -7"),
        bad("version-text", "a version in quotation marks", "version = 7", "version = \"7\""),
        bad("format-2", "another version of the format", "manifest = 1", "manifest = 2"),
        bad("name-path", "a name that is a path", "forge-boot", "../forge-boot"),
        bad("digest-short", "a SHA-256 of 63 digits", "sha256 = \"", "sha256 = \"x\"#"),
        bad("file-path", "a hint that leads to another directory", "\"initrd-1\"", "\"../initrd-1\""),
        bad("pattern", "a pattern that is no pattern", "ttyS[0-9]*", "ttyS[9-0]*"),
        bad("no-toml", "a text that is no TOML", "version = 7", "version: 7"),
    ]
}
