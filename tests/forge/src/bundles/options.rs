//! Good UKIs, whose command line and initrd are signed, with options that would change them.

use super::{Bundle, CMDLINE, INITRD, signed};
use crate::uki::Sections;

const OTHER: &[u8] = b"070701 an initrd beside the UKI";

fn with<const N: usize>(name: &str, about: &'static str, options: [&'static str; N]) -> Bundle {
    signed(name, about, |_| ()).file("other", OTHER.to_vec()).options(options)
}

pub(super) fn bundles() -> Vec<Bundle> {
    [refused(), permitted()].concat()
}

fn refused() -> Vec<Bundle> {
    let cmdline = |bundle: Bundle| bundle.load_rejects(3, "cmdline-signed");
    let initrd = |bundle: Bundle| bundle.load_rejects(3, "initrd-signed");
    vec![
        cmdline(with("cmdline", "another command line", ["--cmdline", "root=/dev/vda2 ro init=/bin/sh"])),
        cmdline(with("append", "one parameter more", ["--append", "init=/bin/sh"])),
        cmdline(with("no-cmdline", "an empty command line", ["--no-cmdline"])),
        cmdline(with("reuse-cmdline", "the command line of the running kernel", ["--reuse-cmdline"])),
        cmdline(
            with(
                "append-instead",
                "another command line where the policy permits only additions",
                ["--cmdline", "init=/bin/sh"],
            )
            .policy("signed-cmdline = \"append\"\n"),
        ),
        initrd(with("initrd", "one initrd more", ["--initrd", "{}/other"])),
        initrd(with("no-initrd", "without the initrd", ["--no-initrd"])),
        with("signer", "a signer whom the policy permits to sign no UKI", [])
            .policy("[signers]\nuki = [\"key:0000000000000000000000000000000000000000000000000000000000000000\"]\n")
            .reject(3, "signer-not-allowed"),
        with("small-key", "RSA of 2048 bits where the policy demands 3072", [])
            .policy("[least]\nrsa-bits = 3072\n")
            .reject(3, "key-too-small"),
        signed(
            "uncovered",
            "no command line where the policy demands that it is covered",
            |sections: &mut Sections| {
                sections.remove(b".cmdline");
            },
        )
        .options(["--cmdline", CMDLINE])
        .policy("require = \"everything\"\n")
        .load_rejects(3, "uncovered-cmdline"),
    ]
}

fn permitted() -> Vec<Bundle> {
    let linux = crate::signed_bzimage;
    vec![
        with("good-append", "one parameter more, as the policy permits", ["--append", "debug"])
            .policy("signed-cmdline = \"append\"\n")
            .passes(linux(), "root=/dev/vda2 ro quiet debug", vec![INITRD.to_vec()]),
        with("good-replace", "another command line, as the policy permits", ["--cmdline", "debug"])
            .policy("signed-cmdline = \"replace\"\n")
            .passes(linux(), "debug", vec![INITRD.to_vec()]),
        with("good-initrd", "one initrd more, as the policy permits", ["--initrd", "{}/other"])
            .policy("signed-initrd = \"append\"\n")
            .passes(linux(), CMDLINE, vec![INITRD.to_vec(), OTHER.to_vec()]),
        with("good-everything", "everything covered, as the policy demands", [])
            .policy("require = \"everything\"\n")
            .passes(linux(), CMDLINE, vec![INITRD.to_vec()]),
    ]
}
