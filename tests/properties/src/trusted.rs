//! The property of where trust comes from: firmware, shim, keyrings and folders.

use crate::tree::{Tree, files};
use skexec::gather::{TrustRequest, gather};
use skexec::sources::policy::Policy;
use std::path::Path;

/// The files that are read. A kept input names them by their number: new ones go to the end.
pub(crate) const PATHS: [&str; 20] = [
    "/etc/skexec/trust.d/a",
    "/etc/skexec/revoked.d/a",
    "/usr/lib/skexec/trust.d/a",
    "/usr/lib/skexec/revoked.d/a",
    "/proc/keys",
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "/sys/firmware/efi/efivars/db-d719b2cb-3d3a-4596-a3bc-dad00e67656f",
    "/sys/firmware/efi/efivars/dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f",
    "/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23",
    "/sys/firmware/efi/efivars/MokListRT1-605dab50-e046-4300-abb6-3dd810dd8b23",
    "/sys/firmware/efi/efivars/MokListXRT-605dab50-e046-4300-abb6-3dd810dd8b23",
    "/sys/firmware/efi/efivars/MokListTrustedRT-605dab50-e046-4300-abb6-3dd810dd8b23",
    "/sys/firmware/efi/efivars/MokIgnoreDB-605dab50-e046-4300-abb6-3dd810dd8b23",
    "/sys/firmware/efi/efivars/SbatLevelRT-605dab50-e046-4300-abb6-3dd810dd8b23",
    "/sys/firmware/efi/mok-variables/MokListRT",
    "/sys/firmware/efi/mok-variables/MokListXRT",
    "/sys/firmware/efi/mok-variables/SbatLevelRT",
    "/sys/kernel/boot_params/data",
    "/named",
];

/// Files that a running system can write, and that must not add trust.
const OF_THE_SYSTEM: [&str; 2] = [PATHS[9], PATHS[10]];
/// What only shim makes: volatile, and readable at run time.
const MADE_BEFORE_BOOT: [u8; 4] = [6, 0, 0, 0];

/// Trust is read the same way twice. A variable that shim cannot have made adds no anchor, revocations or not; anchors of the system
/// count only where they are asked for; and without a single file that revokes, nothing is revoked.
pub fn trusted(input: &[u8]) {
    let files = files(input, &PATHS);
    let tree = Tree::of(&files);
    let policy = Policy::default();
    let of = |system, named: bool| {
        let named: Vec<_> = named.then(|| tree.root().path("/named")).into_iter().collect();
        let request = TrustRequest { keys: named.clone(), revoked: named, system };
        gather(tree.root(), &policy, &request).map_err(|finding| finding.to_string())
    };
    let (all, user) = (of(true, false).unwrap(), of(false, false).unwrap());
    assert_eq!(format!("{all:?}"), format!("{:?}", of(true, false).unwrap()));
    assert!(user.trust.anchors.is_empty(), "nobody named an anchor");
    assert_eq!(format!("{:?}", user.trust.revocations), format!("{:?}", all.trust.revocations));
    for anchor in &all.trust.anchors {
        let planted = |path: &str| {
            let content = files.iter().rev().find(|(found, _)| *found == path).map(|(_, content)| *content);
            content.is_some_and(|content| !content.starts_with(&MADE_BEFORE_BOOT))
        };
        let name =
            |path: &&str| Path::new(path).file_name().unwrap().to_string_lossy().split('-').next().unwrap().to_owned();
        let sources: Vec<_> = OF_THE_SYSTEM.iter().filter(|path| planted(path)).map(name).collect();
        let from_table = files.iter().any(|(path, _)| *path == PATHS[15]);
        assert!(from_table || !sources.contains(&anchor.source), "{} was planted", anchor.source);
    }
    if let Ok(named) = of(false, true) {
        assert!(named.trust.anchors.len() >= user.trust.anchors.len());
    }
}
