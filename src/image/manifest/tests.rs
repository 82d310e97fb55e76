use super::*;
use std::fmt::Write as _;

const KERNEL: &str =
    "[kernel]\nsha256 = \"1111111111111111111111111111111111111111111111111111111111111111\"\nsize = 8\n";

fn text(cmdline: &str, more: &str) -> String {
    format!("manifest = 1\nname = \"acme-boot\"\nversion = 7\ncmdline = '''{cmdline}'''\n{KERNEL}{more}")
}

fn initrd(digit: char, more: &str) -> String {
    format!("[[initrd]]\nsha256 = \"{}\"\nsize = 9\n{more}", String::from(digit).repeat(64))
}

fn parse(text: &str) -> Result<Manifest, String> {
    Manifest::parse(text.as_bytes()).map_err(|finding| {
        assert_eq!(finding.reason, Reason::Manifest);
        finding.detail
    })
}

#[test]
fn all_that_it_binds() {
    let more =
        format!("file = \"vmlinuz\"\n{}{}[vary]\nconsole = [\"tty0\", \"\"]\n", initrd('2', ""), initrd('3', ""));
    let manifest = parse(&format!("# A comment.\n\n  # Another.\n{}", text(" root=/dev/vda2 ro ", &more))).unwrap();
    assert_eq!((manifest.name(), manifest.version()), ("acme-boot", 7));
    assert_eq!(manifest.cmdline().as_str(), "root=/dev/vda2 ro");
    let kernel = Bound { sha256: [0x11; 32], size: 8, file: Some("vmlinuz".into()) };
    assert_eq!(*manifest.kernel(), kernel);
    let hashes: Vec<_> = manifest.initrds().iter().map(|initrd| (initrd.sha256[0], initrd.size)).collect();
    assert_eq!(hashes, [(0x22, 9), (0x33, 9)]);
    assert_eq!(manifest.vary().collect::<Vec<_>>(), [("console", vec!["tty0", ""])]);
}

#[test]
fn a_bound_file_is_shown_with_all_that_is_known_of_it() {
    let digest = "11".repeat(32);
    for (file, more) in [(None, ""), (Some("vmlinuz".to_owned()), ", vmlinuz")] {
        let bound = Bound { sha256: [0x11; 32], size: 8, file };
        assert_eq!(bound.to_string(), format!("8 bytes, SHA-256 {digest}{more}"));
    }
}

#[test]
fn kernel_and_initrds_by_size_digest_and_place() {
    let manifest = parse(&text("", &format!("{}{}", initrd('2', ""), initrd('3', "")))).unwrap();
    assert_eq!(manifest.check_kernel(8, &[0x11; 32]), Ok(()));
    for (size, digest) in [(9, 0x11), (8, 0x12)] {
        let finding = manifest.check_kernel(size, &[digest; 32]).unwrap_err();
        assert_eq!(finding.reason, Reason::ManifestKernel);
    }
    let rows = [
        (0, 9, 0x22, true),
        (1, 9, 0x33, true),
        (0, 9, 0x33, false),
        (1, 9, 0x22, false),
        (0, 8, 0x22, false),
        (2, 9, 0x22, false),
    ];
    for (place, size, digest, wanted) in rows {
        let answer = manifest.check_initrd(place, size, &[digest; 32]);
        assert_eq!(answer.is_ok(), wanted, "{place} {size} {digest:x}");
        assert!(answer.err().is_none_or(|finding| finding.reason == Reason::ManifestInitrd));
    }
    for (given, wanted) in [(0, false), (1, false), (2, true), (3, false)] {
        assert_eq!(manifest.check_initrd_count(given).is_ok(), wanted, "{given}");
    }
}

#[test]
fn only_what_may_vary_varies() {
    const VARY: &str =
        "[vary]\nconsole = [\"ttyS[0-9]*\", \"tty0\"]\nquiet = [\"\"]\nloglevel = [\"?\"]\n\"-\" = [\"\"]\n";
    let vary = VARY.replace("\"-\" = [\"\"]\n", "");
    let rows: &[(&str, &str, bool)] = &[
        ("root=/dev/vda2 ro", "root=/dev/vda2 ro", true),
        ("root=/dev/vda2 ro", "root=/dev/vda2  ro", true),
        ("root=/dev/vda2 ro", "ro root=/dev/vda2", false),
        ("root=/dev/vda2 ro", "root=/dev/vda2", false),
        ("root=/dev/vda2 ro", "root=/dev/vda2 ro ro", false),
        ("root=/dev/vda2 ro", "root=/dev/vda3 ro", false),
        ("root=/dev/vda2 ro", "root=/dev/vda2 init=/bin/sh ro", false),
        // Added, left out, with another value, at another place.
        ("ro console=ttyS0", "ro", true),
        ("ro console=ttyS0", "console=ttyS1,115200 ro console=tty0 quiet loglevel=7", true),
        ("ro", "ro console=hvc0", false),
        ("ro", "ro console", false),
        ("ro", "ro quiet=", false),
        ("ro", "ro quiet=1", false),
        ("ro", "ro loglevel=", false),
        ("ro", "ro loglevel=10", false),
        // A name is compared exactly.
        ("ro", "ro Console=tty0", false),
        ("ro", "ro console.x=tty0", false),
        ("ro", "ro xconsole=tty0", false),
        ("ro", "ro \"console=tty0\"", false),
        ("ro", "ro console=\"tty0\"", false),
        // What programs could take for two words.
        ("ro", "ro console=ttyS0\u{b}init=/bin/sh", false),
        ("ro", "ro console=ttyS0\u{a0}init=/bin/sh", false),
        ("ro", "ro console=ttyS0\u{e0}", false),
        ("ro", "ro console=ttyS0\tinit=/bin/sh", false),
        ("ro", "ro \"console=ttyS0 init=/bin/sh\"", false),
        ("ro quiet", "ro console=ttyS0\\ quiet", false),
        ("a b", "a\tb", false),
        ("a b", "a\nb", false),
        // A bound value that does not match stays bound.
        ("ro console=hvc0", "ro console=hvc0 console=tty0", true),
        ("ro console=hvc0", "ro console=tty0", false),
        // After -- nothing varies, quoted or not.
        ("ro -- quiet", "ro -- quiet", true),
        ("ro -- quiet", "ro --", false),
        ("ro -- x", "ro quiet -- x", true),
        ("ro -- x", "ro -- x quiet", false),
        ("ro \"--\" x", "ro \"--\" x quiet", false),
        ("ro quiet", "ro -- quiet", false),
        ("", "", true),
        ("", "quiet", true),
        ("quiet", "", true),
        ("a=\"b c\" d", "a=\"b c\" d", true),
        ("a=\"b c\" d", "a=\"b  c\" d", false),
        // Nothing varies within the single quotation marks of systemd.
        ("a='b c' d", "a='b c' d quiet", true),
        ("a='b c' d", "quiet a='b c' quiet d", true),
        ("a='b c' d", "a='b quiet c' d", false),
        ("a='b quiet c' d", "a='b c' d", false),
        ("a=\"it's\" b", "a=\"it's\" quiet b", true),
        ("a=it's b", "a=it's b quiet", false),
    ];
    for (bound, given, wanted) in rows {
        let manifest = parse(&text(bound, &vary)).unwrap();
        let answer = manifest.check_cmdline(&Cmdline::new(given));
        assert_eq!(answer.is_ok(), *wanted, "{bound:?} {given:?} {answer:?}");
    }
    assert!(parse(&text("", VARY)).unwrap_err().contains("cannot be the name of a parameter"));
}

#[test]
fn a_difference_is_named() {
    let manifest = parse(&text("root=/dev/vda2 ro", "")).unwrap();
    let rows = [
        ("root=/dev/vda3 ro", "the manifest binds root=/dev/vda2 where the command line has root=/dev/vda3"),
        ("root=/dev/vda2", "the command line lacks ro, which the manifest binds"),
        ("root=/dev/vda2 ro x", "the command line has x, which the manifest does not bind"),
        ("a\tb", "the command line contains the control character U+0009"),
    ];
    for (given, wanted) in rows {
        let finding = manifest.check_cmdline(&Cmdline::new(given)).unwrap_err();
        assert_eq!((finding.reason, finding.detail.as_str()), (Reason::ManifestCmdline, wanted));
    }
}

#[test]
fn a_fault_names_its_line() {
    let good = text("ro", "");
    let replaced = |old: &str, new: &str| {
        assert!(good.contains(old));
        good.replacen(old, new, 1)
    };
    let rows = [
        (String::new(), "the first line that is neither blank nor a comment must be `manifest = 1`"),
        (replaced("manifest = 1\n", ""), "the first line that is neither blank nor a comment must be `manifest = 1`"),
        (replaced("manifest = 1", "manifest = 2"), "line 1: format 2 is not known; this skexec knows format 1"),
        (replaced("acme-boot", ""), "line 2: a name consists of 1 to 64 of the characters A-Z a-z 0-9 . _ -"),
        (replaced("acme-boot", "a/b"), "line 2: a name consists of 1 to 64 of the characters A-Z a-z 0-9 . _ -"),
        (replaced("version = 7", "version = 0"), "line 3: the least version is 1"),
        (replaced("= '''ro'''", "= \"r\\to\""), "line 4: the command line contains a control character"),
        (replaced("size = 8", "size = 0"), "line 7: a file of 0 bytes cannot be loaded"),
        (replaced("sha256 = \"1", "sha256 = \""), "line 6: a SHA-256 has 64 hexadecimal digits"),
        (replaced("sha256 = \"1", "sha256 = \"+"), "line 6: a SHA-256 has 64 hexadecimal digits"),
        (format!("{good}file = \"../x\""), "line 8: a file is named by its name alone, without a directory"),
        (format!("{good}[vary]\nx = [\"[\"]"), "line 9: a [ in a pattern has no ]"),
        (format!("{good}[vary]\nx = []"), "line 9: a parameter that varies has 1 to 64 patterns"),
        (format!("{good}[vary]\n\"x=y\" = [\"\"]"), "line 9: \"x=y\" cannot be the name of a parameter that varies"),
    ];
    for (text, wanted) in rows {
        assert_eq!(parse(&text).unwrap_err(), wanted, "{text}");
    }
    // The words are the TOML parser's.
    let rows = [
        (replaced("version = 7\n", ""), "line 1: missing field `version`"),
        (replaced("version = 7", "version = -7"), "line 3: "),
        (replaced("version = 7", "version = \"7\""), "line 3: invalid type"),
        (replaced("version = 7", "version = 7\nversion = 8"), "line 4: duplicate key"),
        (replaced("version = 7", "version = 7\nrelease = 8"), "line 4: unknown field `release`"),
        (format!("{good}mode = 1"), "line 8: unknown field `mode`"),
        (format!("{good}[kernel]\nsize = 9"), "line 8: duplicate key"),
        (format!("{good}x ="), "line 8: "),
    ];
    for (text, wanted) in rows {
        let found = parse(&text).unwrap_err();
        assert!(found.starts_with(wanted), "{text}\n{found}");
    }
    let mut bytes = good.into_bytes();
    bytes.extend(b"# \xff");
    assert_eq!(Manifest::parse(&bytes).unwrap_err().detail, "line 8: the text is not UTF-8");
}

#[test]
fn everything_has_a_bound() {
    let mut many = String::new();
    for _ in 0..64 {
        many.push_str(&initrd('2', ""));
    }
    assert_eq!(parse(&text("", &many)).unwrap().initrds().len(), 64);
    many.push_str(&initrd('2', ""));
    assert!(parse(&text("", &many)).unwrap_err().contains("at most 64 initrds"));
    let padded = |length: usize| {
        let text = text("", "");
        let rest = length - text.len() - 1;
        format!("{text}#{}", "x".repeat(rest))
    };
    assert!(parse(&padded(MAX_SIZE)).is_ok());
    assert!(parse(&padded(MAX_SIZE + 1)).unwrap_err().contains("the limit is 65536"));
    let named = |length: usize| text("", &initrd('2', &format!("file = \"{}\"\n", "x".repeat(length))));
    assert!(parse(&named(255)).is_ok());
    for length in [0, 256] {
        assert!(parse(&named(length)).unwrap_err().ends_with("without a directory"), "{length}");
    }
    let deep = format!("{}x = {}1{}", text("", ""), "[".repeat(20_000), "]".repeat(20_000));
    assert!(parse(&deep).is_err());
    let mut wide = String::from("[vary]\nx = [");
    for _ in 0..65 {
        write!(wide, "\"a\",").unwrap();
    }
    assert!(parse(&text("", &format!("{wide}]"))).is_err());
    let largest = text("", "").replace("version = 7", "version = 9223372036854775807");
    assert_eq!(parse(&largest).unwrap().version(), 9_223_372_036_854_775_807);
    let largest = text("", "").replace("version = 7", "version = 18446744073709551615");
    assert_eq!(parse(&largest).map(|manifest| manifest.version()), Ok(u64::MAX));
}

#[test]
fn nothing_else_claims_to_be_one() {
    for yes in ["manifest = 1", "\n\n# x\n  manifest=1", "manifest\t=", "\r\nmanifest = 2"] {
        assert!(claimed_by(yes.as_bytes()), "{yes:?}");
    }
    let far = format!("{}\nmanifest = 1", "#".repeat(MAX_SIZE));
    for no in
        ["", "#", "manifests = 1", "\u{feff}manifest = 1", "x\nmanifest = 1", "070701manifest = 1", "[manifest]", &far]
    {
        assert!(!claimed_by(no.as_bytes()), "{no:?}");
    }
}
