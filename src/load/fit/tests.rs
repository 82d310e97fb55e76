//! What a load takes of the free memory.

use super::*;
use crate::authorize::Origin;

const INITRD: u64 = 8192;

/// A folder of its own, with an initrd, and a second one that has a signature.
fn files(name: &str) -> (std::path::PathBuf, std::path::PathBuf, std::path::PathBuf) {
    let folder = std::env::temp_dir().join(format!("skexec-fit-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (plain, signed) = (folder.join("plain"), folder.join("signed"));
    for path in [&plain, &signed] {
        std::fs::write(path, vec![0; 8192]).unwrap();
    }
    std::fs::write(folder.join("signed.p7s"), "").unwrap();
    (folder, plain, signed)
}

#[test]
fn copies_of_initrds_are_counted() {
    let (folder, plain, signed) = files("copies");
    let file = |path: &std::path::Path| Supply::File(path.to_owned());
    let section = || Supply::Bytes {
        origin: Origin::Section { file: "uki".into(), name: ".initrd" },
        bytes: vec![0; 8192].into(),
        signer: None,
    };
    let cases: [(Vec<Supply<'_>>, Method, bool, u64); 9] = [
        (vec![], Method::File, true, 0),
        // The kernel reads it.
        (vec![file(&plain)], Method::File, false, 1),
        // skexec reads it first, to measure it, to check it, or to join it with another.
        (vec![file(&plain)], Method::File, true, 2),
        (vec![file(&signed)], Method::File, false, 2),
        (vec![file(&plain), file(&plain)], Method::File, false, 4),
        // The UKI is there, too.
        (vec![section()], Method::File, false, 3),
        (vec![section()], Method::Segments, false, 2),
        (vec![file(&plain)], Method::Segments, false, 1),
        (vec![file(&signed), section()], Method::Segments, true, 3),
    ];
    for (supplies, method, measured, copies_of_one) in cases {
        assert_eq!(copies(&supplies, method, measured), copies_of_one * INITRD, "{supplies:?} {method:?} {measured}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
