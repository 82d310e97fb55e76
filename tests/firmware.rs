//! The recorded answers of UEFI firmware: what it does not load, skexec refuses. `cargo xtask oracle --firmware --record` asks it.

use forge::bundles::{Firmware, bundles};
use forge::firmware::{Asked, LIMITS, asked, recorded};
use std::collections::BTreeSet;

#[test]
fn the_record_is_of_these_files() {
    let recorded = recorded();
    let files = asked();
    let names: BTreeSet<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert!(names.iter().copied().eq(recorded.keys().map(String::as_str)), "ask the firmware anew");
    let differing = files.iter().filter(|file| recorded[&file.name].sha256 != file.sha256());
    assert_eq!(differing.map(|file| file.name.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn what_the_firmware_refuses_is_refused() {
    let recorded = recorded();
    let files = asked();
    let trusted = |file: &&Asked| !file.refused && !recorded[&file.name].loads;
    let names: Vec<_> = files.iter().filter(trusted).map(|file| file.name.as_str()).collect();
    assert_eq!(names, LIMITS, "trusted, but the firmware does not load it");
}

#[test]
fn the_forge_knows_what_the_firmware_says_about_an_image() {
    let recorded = recorded();
    let mut wrong = Vec::new();
    for bundle in bundles() {
        let Some(answer) = recorded.get(&format!("{}/{}", bundle.name, bundle.boot)) else { continue };
        let wanted = match bundle.firmware {
            Firmware::Loads => true,
            Firmware::Refuses => false,
            Firmware::Unknown => continue,
        };
        if answer.loads != wanted {
            wrong.push(bundle.name.clone());
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
