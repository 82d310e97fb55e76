#![allow(clippy::indexing_slicing)]

use super::super::testing::Tree;
use super::*;

const EVERYTHING: &str = r#"
unsigned = "if-not-enforced"
insecure-unsigned = "forbidden"
require = ["initrd", "cmdline"]
signed-cmdline = "append"
signed-initrd = 'append'
inject = ["/etc/hostname"]
credentials = [
    "luks",  # a comment
]
ignore-revocations = ["dbx", "a b"]
refresh = "newest"
[least]
rsa-bits = 3_072
ec-bits = 0x180
[least.version]
"acme-boot" = 7
[measure]
at = "exec"
kernel = 11
initrd = 12
cmdline = 13
[signers]
kernel = ["certificate:0101010101010101010101010101010101010101010101010101010101010101"]
manifest = ["key:ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"]
addon = []
"#;

fn parsed(text: &str) -> Result<Policy, Finding> {
    Policy::default().replaced_by(PATH, text)
}

fn at<T>(value: T, line: usize) -> Setting<T> {
    Setting { value, origin: Origin::File { file: PATH, line } }
}

#[test]
fn every_key_has_its_value_and_its_line() {
    let wanted = Policy {
        unsigned: at(Unsigned::IfNotEnforced, 2),
        insecure_unsigned: at(WaiverOption::Forbidden, 3),
        require: at(vec![Part::Initrd, Part::Cmdline], 4),
        signed_cmdline: at(SignedCmdline::Append, 5),
        signed_initrd: at(SignedInitrd::Append, 6),
        inject: at(vec!["/etc/hostname".into()], 7),
        credentials: at(vec!["luks".into()], 8),
        ignore_revocations: at(vec!["dbx".into(), "a b".into()], 11),
        refresh: at(Refresh::Newest, 12),
        versions: BTreeMap::from([("acme-boot".into(), at(7, 17))]),
        limits: Limits {
            rsa_bits: Some(at(3072, 14)),
            ec_bits: Some(at(384, 15)),
            signers: BTreeMap::from([
                (Kind::Kernel, at(vec![SignerId::Certificate([1; 32])], 24)),
                (Kind::Manifest, at(vec![SignerId::Key([0xab; 32])], 25)),
                (Kind::Addon, at(vec![], 26)),
            ]),
        },
        measure: Measure { at: at(MeasureAt::Exec, 19), kernel: at(11, 20), initrd: at(12, 21), cmdline: at(13, 22) },
    };
    assert_eq!(parsed(EVERYTHING).unwrap(), wanted);
    assert_eq!(parsed("").unwrap(), Policy::default());
    let all = parsed("require = \"everything\"").unwrap();
    assert!([Part::Kernel, Part::Initrd, Part::Cmdline].into_iter().all(|part| all.requires(part)));
    assert!(!parsed("require = []").unwrap().requires(Part::Kernel));
}

#[test]
fn what_is_not_understood_is_an_error_with_its_line() {
    let never = "unsigned must be \"never\" or \"if-not-enforced\"";
    let path = "inject must be a list of absolute paths without . and ..";
    let name = "credentials must be a list of names of credentials";
    let signers =
        "signers.uki must be a list of \"certificate:HEX\" and \"key:HEX\", with the 64 digits of a SHA-256".to_owned();
    let table = [
        ("\n\nkey", 3, ""),
        ("unsigned = never", 1, ""),
        ("unsigned = \"never\" x", 1, ""),
        ("x = 1", 1, "there is no key x"),
        ("\n[table]\nx = 1", 2, "there is no key table"),
        ("[least]\nx = 1", 2, "there is no key least.x"),
        ("\"\" = 1", 1, "there is no key "),
        ("unsigned = \"never\"\nunsigned = \"never\"", 2, ""),
        ("[least]\n[least]", 2, ""),
        ("unsigned = true", 1, never),
        ("unsigned = \"Never\"", 1, never),
        ("unsigned = [\"never\"]", 1, never),
        ("insecure-unsigned = \"no\"", 1, "insecure-unsigned must be \"allowed\" or \"forbidden\""),
        (
            "require = [\"initrd\",\n\"all\"]",
            2,
            "require must be \"everything\" or a list of \"kernel\", \"initrd\" or \"cmdline\"",
        ),
        (
            "require = \"initrd\"",
            1,
            "require must be \"everything\" or a list of \"kernel\", \"initrd\" or \"cmdline\"",
        ),
        ("signed-cmdline = \"any\"", 1, "signed-cmdline must be \"fixed\", \"append\" or \"replace\""),
        ("signed-initrd = \"replace\"", 1, "signed-initrd must be \"fixed\" or \"append\""),
        ("inject = [\"etc/x\"]", 1, path),
        ("inject = [\"/etc/../x\"]", 1, path),
        ("inject = [\"/etc//x\"]", 1, path),
        ("inject = [\"/\"]", 1, path),
        ("inject = [1]", 1, path),
        ("inject = \"/etc/x\"", 1, path),
        ("inject = [\"/a\\u0000\"]", 1, path),
        ("credentials = [\"a/b\"]", 1, name),
        ("credentials = [\"..\"]", 1, name),
        ("ignore-revocations = [\"\"]", 1, "ignore-revocations must be a list of names of revocation lists"),
        ("least = 1", 1, "least must be a table"),
        ("[least]\nrsa-bits = 1024", 2, "least.rsa-bits must be a number from 2048 to 4096"),
        ("least.rsa-bits = -3072", 1, "least.rsa-bits must be a number from 2048 to 4096"),
        ("least.rsa-bits = \"3072\"", 1, "least.rsa-bits must be a number from 2048 to 4096"),
        ("least.ec-bits = 384.0", 1, "least.ec-bits must be a number from 256 to 521"),
        ("least.version = 7", 1, "least.version must be a table"),
        ("[least.version]\n\"a b\" = 1", 2, "no manifest can have this name: 1 to 64 of A-Z a-z 0-9 . _ -"),
        ("[least.version]\na = -1", 2, "least.version.a must be a number from 0 to 9223372036854775807"),
        (
            "[least.version]\na = 99999999999999999999",
            2,
            "least.version.a must be a number from 0 to 9223372036854775807",
        ),
        ("measure.at = \"boot\"", 1, "measure.at must be \"off\", \"load\" or \"exec\""),
        ("measure.kernel = 7", 1, "measure.kernel must be a number from 8 to 15"),
        ("measure.cmdline = 16", 1, "measure.cmdline must be a number from 8 to 15"),
        ("[measure]\npcr = 9", 2, "there is no key measure.pcr"),
        ("[signers]\nkernels = []", 2, "there is no key signers.kernels"),
        ("[signers]\nuki = [\"01\"]", 2, &signers),
    ];
    for (text, line, what) in table {
        let finding = parsed(text).unwrap_err();
        assert_eq!(finding.reason, Reason::PolicyFile);
        let start = format!("{PATH}:{line}: ");
        assert!(finding.detail.starts_with(&start), "{text}: {}", finding.detail);
        assert!(what.is_empty() || finding.detail[start.len()..] == *what, "{text}: {}", finding.detail);
    }
    for signer in
        ["certificate:01", "serial:01", "01", &format!("key:{}", "0g".repeat(32)), &format!("key:{}", "00".repeat(33))]
    {
        assert!(parsed(&format!("signers.uki = [\"{signer}\"]")).is_err(), "{signer}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    for text in ["inject = ".to_owned() + &"[".repeat(60_000), "a.".repeat(30_000) + "b = 1", "[".repeat(60_000)] {
        assert_eq!(parsed(&text).unwrap_err().reason, Reason::PolicyFile);
    }
    let tree = Tree::new();
    tree.write(PATH, "#".repeat(65_536));
    assert_eq!(Policy::read(tree.root()).unwrap(), Policy::default());
    tree.write(PATH, "#".repeat(65_537));
    assert!(Policy::read(tree.root()).unwrap_err().detail.ends_with("longer than 65536 bytes"));
}

#[test]
fn a_key_in_etc_replaces_the_same_key_of_the_distribution() {
    let tree = Tree::new();
    assert_eq!(Policy::read(tree.root()).unwrap(), Policy::default());
    let vendor = "unsigned = \"if-not-enforced\"\nrequire = \"everything\"\n[least]\nrsa-bits = 3072\nversion = { a = 1, b = 2 }\n";
    tree.write(VENDOR_PATH, vendor);
    tree.write(PATH, "require = [\"initrd\"]\nleast.version.b = 3\n");
    let policy = Policy::read(tree.root()).unwrap();
    let shipped = |line| Origin::File { file: VENDOR_PATH, line };
    assert_eq!((policy.unsigned.value, policy.unsigned.origin), (Unsigned::IfNotEnforced, shipped(1)));
    assert_eq!(policy.require, at(vec![Part::Initrd], 1));
    assert_eq!(policy.limits.rsa_bits, Some(Setting { value: 3072, origin: shipped(4) }));
    let versions: Vec<_> = policy.versions.values().map(|least| (least.value, least.origin.to_string())).collect();
    assert_eq!(versions, [(1, format!("{VENDOR_PATH}:5")), (3, format!("{PATH}:2"))]);
}

#[test]
fn a_file_that_cannot_be_used_is_an_error() {
    let detail = |tree: &Tree| {
        let finding = Policy::read(tree.root()).unwrap_err();
        assert_eq!(finding.reason, Reason::PolicyFile);
        finding.detail
    };
    for path in [PATH, VENDOR_PATH] {
        let tree = Tree::new();
        tree.write(path, "unsigned = \"never\"\n");
        assert!(Policy::read(tree.root()).is_ok());
        tree.mode(path, 0o666);
        assert_eq!(detail(&tree), format!("{path}: others than root may write to it"));
        tree.write(path, b"\xff");
        assert!(detail(&tree).starts_with(path));
    }
    let tree = Tree::new();
    tree.write("/etc/skexec/other", "");
    std::os::unix::fs::symlink("nowhere", tree.root().path(PATH)).unwrap();
    assert_eq!(detail(&tree), format!("{PATH}: the link leads nowhere"));
    let tree = Tree::new();
    tree.write(FORMER_PATH, "");
    assert_eq!(
        detail(&tree),
        "/etc/skexec/policy.conf: this file is not read any more; move it to /etc/skexec/policy.toml, which has the same keys"
    );
}

#[test]
fn what_is_described_is_a_policy() {
    let describe = |policy: &Policy| -> String {
        let known = policy.describe().into_iter().filter(|row| row.value != Value::Nothing);
        known.map(|row| format!("{} = {}\n", row.key, row.value)).collect()
    };
    let policy = parsed(EVERYTHING).unwrap();
    let text = describe(&policy);
    assert!(text.contains("least.version.\"acme-boot\" = 7\n") && text.contains("signers.addon = []\n"), "{text}");
    assert_eq!(describe(&parsed(&text).unwrap()), text);
    assert_eq!(policy.describe().len(), EVERYTHING.matches('=').count() + 2, "uki and initrd have no signers");
    assert!(Policy::default().describe().iter().all(|row| row.origin == Origin::Default));
}
