use super::*;
use crate::sources::efi::{GLOBAL, IMAGE_SECURITY, SHIM};
use crate::sources::testing::{Tree, set_variable};
use crate::trust::esl::build::{SHA1, SHA256, X509, list};
use std::fs;

/// A system under EFI with nothing to trust, and a kernel without keyrings.
fn system(secure_boot: bool) -> Tree {
    let tree = Tree::new();
    set_variable(&tree, "SecureBoot", GLOBAL, 6, &[u8::from(secure_boot)]);
    set_variable(&tree, "SetupMode", GLOBAL, 6, &[0]);
    tree
}

fn everything() -> TrustRequest {
    TrustRequest { system: true, ..TrustRequest::default() }
}

fn anchors(tree: &Tree, request: &TrustRequest) -> Vec<String> {
    let gathered = read(tree, request).unwrap();
    let sources = gathered.trust.anchors.iter().map(|anchor| anchor.source.as_str());
    let root = tree.root().0.display().to_string();
    sources.map(|source| source.trim_start_matches(&root).to_owned()).collect()
}

fn slugs(gathered: &Gathered) -> Vec<&str> {
    gathered.warnings.iter().map(|warning| warning.slug()).collect()
}

fn read(tree: &Tree, request: &TrustRequest) -> Result<Gathered, Finding> {
    gather(tree.root(), &Policy::read(tree.root())?, request)
}

fn unreadable(tree: &Tree) -> Vec<String> {
    let gathered = read(tree, &TrustRequest::default()).unwrap();
    gathered
        .trust
        .unreadable
        .iter()
        .map(|finding| {
            assert_eq!(finding.reason, Reason::RevocationUnreadable);
            finding
                .detail
                .split(':')
                .next()
                .unwrap()
                .trim_start_matches(&tree.root().0.display().to_string())
                .to_owned()
        })
        .collect()
}

fn certificate_list() -> Vec<u8> {
    list(X509, &[&forge::root_der()])
}

#[test]
fn secure_boot_leaves_the_vendor_out() {
    for (secure_boot, wanted) in [
        (true, vec!["/etc/skexec/trust.d/a.pem", "db", "MokListRT"]),
        (false, vec!["/etc/skexec/trust.d/a.pem", "/usr/lib/skexec/trust.d/b.pem", "db", "MokListRT"]),
    ] {
        let tree = system(secure_boot);
        tree.write("/etc/skexec/trust.d/a.pem", forge::root_pem());
        tree.write("/usr/lib/skexec/trust.d/b.pem", forge::root_pem());
        set_variable(&tree, "db", IMAGE_SECURITY, 0x27, &certificate_list());
        set_variable(&tree, "MokListRT", SHIM, 6, &certificate_list());
        assert_eq!(anchors(&tree, &everything()), wanted);
        assert!(anchors(&tree, &TrustRequest::default()).is_empty());
        set_variable(&tree, "MokIgnoreDB", SHIM, 6, &[1]);
        assert!(!anchors(&tree, &everything()).contains(&"db".to_owned()));
    }
}

#[test]
fn named_keys_are_used_without_the_systems() {
    let tree = system(true);
    let path = tree.write("/home/ca.crt", forge::root_pem());
    let request = TrustRequest { keys: vec![path], ..TrustRequest::default() };
    assert_eq!(anchors(&tree, &request), ["/home/ca.crt"]);
    let missing = TrustRequest { keys: vec![tree.root().path("/none")], ..TrustRequest::default() };
    assert_eq!(read(&tree, &missing).unwrap_err().reason, Reason::TrustFile);
    let empty = TrustRequest { keys: vec![tree.directory("/empty")], ..TrustRequest::default() };
    assert_eq!(read(&tree, &empty).unwrap_err().reason, Reason::TrustFile);
}

#[test]
fn a_bad_file_of_the_systems_gives_nothing_and_a_warning() {
    let tree = system(false);
    let before = read(&tree, &everything()).unwrap();
    tree.write("/usr/lib/skexec/trust.d/b.pem", "no certificate");
    let gathered = read(&tree, &everything()).unwrap();
    assert_eq!(gathered.trust.anchors.len(), before.trust.anchors.len());
    assert_eq!(slugs(&gathered), ["trust-list-ignored"]);
    assert!(gathered.warnings[0].message.contains("b.pem"), "{:?}", gathered.warnings);
}

#[test]
fn revocations_that_were_named_must_revoke_something() {
    let tree = system(false);
    let named = |path| TrustRequest { revoked: vec![path], ..TrustRequest::default() };
    let folder = tree.directory("/revoked");
    assert_eq!(read(&tree, &named(folder.clone())).unwrap_err().reason, Reason::TrustFile);
    tree.write("/revoked/list.txt", format!("sha256:{}\n", "ab".repeat(32)));
    assert_eq!(read(&tree, &named(folder.clone())).unwrap_err().reason, Reason::TrustFile);
    tree.write("/revoked/LIST.SHA256", format!("sha256:{}\n", "ab".repeat(32)));
    assert_eq!(read(&tree, &named(folder)).unwrap().trust.revocations.counts(), (1, 0, 0));
}

#[test]
fn a_malformed_trust_list_gives_nothing_and_a_warning() {
    let tree = system(true);
    set_variable(&tree, "db", IMAGE_SECURITY, 0x27, &[certificate_list(), vec![0]].concat());
    set_variable(&tree, "MokListRT", SHIM, 7, &certificate_list());
    let gathered = read(&tree, &everything()).unwrap();
    assert!(gathered.trust.anchors.is_empty() && gathered.trust.unreadable.is_empty());
    assert_eq!(slugs(&gathered), ["trust-list-ignored", "mok-variable-ignored"]);
}

#[test]
fn revocations_come_from_everywhere_and_always() {
    let tree = system(true);
    set_variable(&tree, "dbx", IMAGE_SECURITY, 0x27, &list(SHA256, &[&[1; 32]]));
    set_variable(&tree, "MokListXRT", SHIM, 6, &list(SHA256, &[&[2; 32]]));
    set_variable(&tree, "MokListXRT1", SHIM, 6, &list(SHA256, &[&[3; 32]]));
    tree.write("/usr/lib/skexec/revoked.d/v.sha256", format!("sha256:{}\n", "04".repeat(32)));
    tree.write("/etc/skexec/revoked.d/a.esl", list(SHA256, &[&[5; 32]]));
    tree.write(
        "/proc/keys",
        format!("0 I 1 perm 0 0 0 blacklist bin:{}\n0 I 1 perm 0 0 0 keyring .blacklist: 1\n", "06".repeat(32)),
    );
    let named = tree.write("/home/x.sha256", format!("sha256:{}\n", "07".repeat(32)));
    set_variable(&tree, "SbatLevelRT", SHIM, 6, b"sbat,1,2025051000\nshim,4\n");

    let request = TrustRequest { revoked: vec![named], ..TrustRequest::default() };
    let gathered = read(&tree, &request).unwrap();
    for (hash, revoked) in (0..9).map(|byte| (byte, (1..=7).contains(&byte))) {
        assert_eq!(gathered.trust.revocations.check_image(&[hash; 32]).is_err(), revoked, "{hash}");
    }
    assert_eq!(gathered.trust.sbat_level.unwrap().date, "2025051000");
    assert!(gathered.trust.unreadable.is_empty() && gathered.warnings.is_empty(), "{:?}", gathered.warnings);
}

#[test]
fn a_list_that_cannot_be_read_refuses_everything() {
    type Break = fn(&Tree);
    let table: &[(&str, Break)] = &[
        ("dbx", |tree| set_variable(tree, "dbx", IMAGE_SECURITY, 0x27, &[0; 27])),
        ("dbx", |tree| drop(tree.directory(&format!("/sys/firmware/efi/efivars/dbx-{IMAGE_SECURITY}")))),
        ("MokListXRT", |tree| set_variable(tree, "MokListXRT", SHIM, 6, b"junk")),
        ("MokListXRT1", |tree| set_variable(tree, "MokListXRT1", SHIM, 6, b"junk")),
        ("MokListXRT", |tree| drop(tree.write("/sys/firmware/efi/mok-variables/MokListXRT", b"junk"))),
        ("SbatLevelRT", |tree| set_variable(tree, "SbatLevelRT", SHIM, 6, b"junk")),
        (".blacklist", |tree| drop(tree.write("/proc/keys", "0 I 1 perm 0 0 0 blacklist junk\n"))),
        ("/etc/skexec/revoked.d/a.esl", |tree| drop(tree.write("/etc/skexec/revoked.d/a.esl", b"junk"))),
        ("dbx", |tree| fs::remove_dir_all(tree.root().path("/sys/firmware")).unwrap()),
        ("/etc/skexec/revoked.d", |tree| drop(tree.write("/etc/skexec/revoked.d", b""))),
        ("/etc/skexec/revoked.d", |tree| {
            tree.write("/etc/skexec/revoked.d/a.pem", forge::root_pem());
            tree.mode("/etc/skexec/revoked.d", 0o777);
        }),
    ];
    for (name, break_it) in table {
        let tree = system(true);
        break_it(&tree);
        assert_eq!(unreadable(&tree)[0], *name);
    }
}

#[test]
fn the_policy_may_let_a_list_go() {
    let tree = system(true);
    set_variable(&tree, "dbx", IMAGE_SECURITY, 0x27, b"junk");
    set_variable(&tree, "MokListXRT1", SHIM, 6, b"junk");
    tree.write("/etc/skexec/policy.toml", "ignore-revocations = [\"dbx\"]\n");
    assert_eq!(unreadable(&tree), ["MokListXRT1"]);
    tree.write("/etc/skexec/policy.toml", "ignore-revocations = [\"dbx\", \"MokListXRT\"]\n");
    let gathered = read(&tree, &TrustRequest::default()).unwrap();
    assert_eq!(slugs(&gathered), ["revocation-ignored", "revocation-ignored"]);
    // The policy has no effect on a list that can be read.
    set_variable(&tree, "dbx", IMAGE_SECURITY, 0x27, &list(SHA256, &[&[1; 32]]));
    assert!(read(&tree, &TrustRequest::default()).unwrap().trust.revocations.check_image(&[1; 32]).is_err());
    tree.write("/etc/skexec/policy.toml", "ignore-revocations = true\n");
    assert_eq!(read(&tree, &TrustRequest::default()).unwrap_err().reason, Reason::PolicyFile);
}

#[test]
fn without_efivarfs_it_depends_on_the_kernels_word() {
    let tree = Tree::new();
    assert!(unreadable(&tree).is_empty());
    tree.directory("/sys/firmware/efi/efivars");
    assert_eq!(unreadable(&tree), ["dbx", "MokListXRT"]);
    let mut boot_params = vec![0; 4096];
    boot_params[0x1ec] = 2;
    tree.write("/sys/kernel/boot_params/data", boot_params);
    let gathered = read(&tree, &TrustRequest::default()).unwrap();
    assert!(gathered.trust.unreadable.is_empty());
    assert_eq!(slugs(&gathered), ["revocation-incomplete", "revocation-incomplete"]);
}

#[test]
fn what_is_left_out_is_said() {
    let tree = system(true);
    set_variable(&tree, "dbx", IMAGE_SECURITY, 0x27, &list(SHA1, &[&[1; 20]]));
    tree.write("/proc/keys", "0 I 1 perm 0 0 0 keyring .blacklist: 1\n");
    let gathered = read(&tree, &TrustRequest::default()).unwrap();
    let messages: Vec<_> = gathered.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(
        messages[0].contains(".blacklist: 1 certificates") && messages[1].contains("dbx: 1 entries"),
        "{messages:?}"
    );
    tree.write("/proc/keys", "0 I 1 perm 0 0 0 user x\n");
    assert!(read(&tree, &TrustRequest::default()).unwrap().warnings[0].message.contains("only root"));
}

#[test]
fn a_file_here_is_not_taken_for_the_firmwares_list() {
    let tree = system(true);
    let mut gatherer = Gatherer { root: tree.root(), ignored: &[], gathered: Gathered::default() };
    gatherer.anchors(std::path::Path::new("db"), &forge::root_der()).unwrap();
    assert_eq!(gatherer.gathered.trust.anchors[0].source, "./db");
}
