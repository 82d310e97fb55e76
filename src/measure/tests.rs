#![allow(clippy::indexing_slicing)]

use super::logs::PATH as LOG;
use super::*;
use crate::sources::policy::MeasureAt;
use crate::sources::testing::Tree;
use crate::tpm::Hash;
use crate::tpm::log::Log;
use crate::tpm::soft::Soft;
use std::fs;
use std::io;

const SUBJECT: Subject<'_> = Subject { kernel: "aa", initrd: Some("bb"), cmdline: "root=/dev/vda" };
const RUNNING: &str = "/run/skexec/tcg.log";

/// A TPM that stays when a session ends.
struct Shared<'a>(&'a mut Soft);

impl Transport for Shared<'_> {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        self.0.exchange(command)
    }
}

fn tree() -> Tree {
    let tree = Tree::new();
    tree.directory("/var/log");
    tree.directory("/run");
    tree.write("/proc/sys/kernel/random/boot_id", "one");
    tree
}

fn ours() -> [Event; 3] {
    events(&Measure { at: MeasureAt::Exec.into(), ..Measure::default() }, SUBJECT)
}

fn run(tree: &Tree, soft: &mut Soft) -> Result<Vec<String>, Finding> {
    measure_by(tree.root(), Tpm(Shared(soft)), &ours(), Boots::Sometime)
}

/// The same for a shutdown that is asked for next.
fn run_for_shutdown(tree: &Tree, soft: &mut Soft) -> Result<Vec<String>, Finding> {
    measure_by(tree.root(), Tpm(Shared(soft)), &ours(), Boots::AfterShutdown)
}

/// The events of the log as it stands in a file, whose replay is what the TPM holds.
fn replays(tree: &Tree, path: &str, soft: &Soft) -> Log {
    let log = Log::parse(&fs::read(tree.root().path(path)).unwrap()).unwrap();
    for hash in soft.banks.keys() {
        for pcr in [8, 9].map(Pcr) {
            assert_eq!(log.replay(*hash, pcr), soft.value(*hash, pcr), "{path} {hash:?} {pcr:?}");
        }
    }
    log
}

#[test]
fn every_bank_holds_what_the_log_replays_to() {
    let (tree, mut soft) = (tree(), Soft::new(&[Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512]));
    assert_eq!(run(&tree, &mut soft).unwrap(), Vec::<String>::new());
    let hash = Hash::Sha256;
    let by = |register: Vec<u8>, data: &str| hash.extended(&register, &hash.digest(&[data.as_bytes()]));
    let kernel = by(by(hash.zero(), "skexec kernel sha256:aa"), "skexec initrd sha256:bb");
    assert_eq!(soft.value(hash, Pcr(9)), kernel);
    assert_eq!(soft.value(hash, Pcr(8)), by(hash.zero(), "skexec cmdline root=/dev/vda"));
    for path in [LOG, RUNNING] {
        replays(&tree, path, &soft);
    }
    let none = events(&Measure::default(), Subject { initrd: None, ..SUBJECT });
    assert_eq!(none[1], (Pcr(9), "skexec initrd none".to_owned()));
}

#[test]
fn what_was_measured_already_is_not_measured_again() {
    let (tree, mut soft) = (tree(), Soft::new(&[Hash::Sha256]));
    run(&tree, &mut soft).unwrap();
    let stands = |tree: &Tree| State::read(tree.root()).is_some_and(|state| state.stands_for(&ours()));
    assert!(stands(&tree));
    let other = events(&Measure::default(), Subject { cmdline: "", ..SUBJECT });
    assert!(!State::read(tree.root()).unwrap().stands_for(&other));
    run(&tree, &mut soft).unwrap();
    assert_eq!(soft.extended, 3);
    replays(&tree, LOG, &soft);
    tree.write("/proc/sys/kernel/random/boot_id", "two");
    assert!(!stands(&tree));
    let finding = measure(tree.root(), &Measure::default(), SUBJECT, Boots::Sometime).unwrap_err();
    assert_eq!(
        (finding.reason, finding.detail.as_str()),
        (Reason::NotMeasured, "there is no /dev/tpmrm0 and no /dev/tpm0")
    );
}

#[test]
fn what_was_measured_for_a_shutdown_awaits_it_until_it_is_over() {
    let (tree, mut soft) = (tree(), Soft::new(&[Hash::Sha256]));
    run(&tree, &mut soft).unwrap();
    assert!(!awaits_shutdown(tree.root()));
    // It was measured already: only the shutdown is new.
    run_for_shutdown(&tree, &mut soft).unwrap();
    assert!(awaits_shutdown(tree.root()) && soft.extended == 3);
    // A jump at once, for which it need not be measured again, changes nothing about the shutdown.
    run(&tree, &mut soft).unwrap();
    assert!(awaits_shutdown(tree.root()));
    shutdown_is_over(tree.root()).unwrap();
    assert!(!awaits_shutdown(tree.root()) && is_open(tree.root()));
    run_for_shutdown(&tree, &mut soft).unwrap();
    let state = State::read(tree.root()).unwrap();
    instead_by(tree.root(), Tpm(Shared(&mut soft)), &state, Instead::JumpFailed).unwrap();
    assert!(!awaits_shutdown(tree.root()));
    shutdown_is_over(tree.root()).unwrap();
    assert!(!is_open(tree.root()));
    // Of what was measured in part only, no shutdown is asked for.
    soft.broken_after = Some(soft.extended + 1);
    run_for_shutdown(&tree, &mut soft).unwrap_err();
    assert!(is_open(tree.root()) && !awaits_shutdown(tree.root()));
    // A note of an earlier skexec.
    let text = fs::read_to_string(tree.root().path("/run/skexec/measured.json")).unwrap();
    tree.write("/run/skexec/measured.json", text.replace(",\"shutdown\":false", ""));
    assert!(!text.is_empty() && is_open(tree.root()) && !awaits_shutdown(tree.root()));
}

/// Over a hibernation /run stays as it was, and the firmware sets the registers to zero.
#[test]
fn what_the_registers_do_not_hold_any_more_is_measured_again() {
    let (tree, mut before) = (tree(), Soft::new(&[Hash::Sha1, Hash::Sha256]));
    run(&tree, &mut before).unwrap();
    let mut soft = Soft::new(&[Hash::Sha1, Hash::Sha256]);
    run(&tree, &mut soft).unwrap();
    assert_eq!(soft.extended, 3, "nothing had to be closed");
    assert_eq!(soft.value(Hash::Sha256, Pcr(9)), before.value(Hash::Sha256, Pcr(9)));
    replays(&tree, LOG, &soft);
    // Nor has what is unloaded then.
    let mut soft = Soft::new(&[Hash::Sha1, Hash::Sha256]);
    let state = State::read(tree.root()).unwrap();
    instead_by(tree.root(), Tpm(Shared(&mut soft)), &state, Instead::Unloaded).unwrap();
    assert_eq!((soft.extended, State::read(tree.root())), (0, None));
    // Something else extended a register after it.
    run(&tree, &mut soft).unwrap();
    soft.banks.get_mut(&Hash::Sha1).unwrap()[8] = vec![7; 20];
    run(&tree, &mut soft).unwrap();
    assert_eq!(soft.extended, 3 + 2 + 3, "closed, and measured again");
}

#[test]
fn what_never_began_is_not_closed() {
    let (tree, mut soft) = (tree(), Soft::new(&[Hash::Sha256]));
    tree.directory("/run/skexec/measured.json.new");
    assert!(run(&tree, &mut soft).unwrap_err().detail.starts_with("/run/skexec: "));
    assert_eq!(soft.extended, 0);
    fs::remove_dir(tree.root().path("/run/skexec/measured.json.new")).unwrap();
    // Killed between the note and the first event.
    State::of(&ours()).write(tree.root()).unwrap();
    run(&tree, &mut soft).unwrap();
    assert_eq!(soft.extended, 3);
    State::forget(tree.root()).unwrap();
    State::forget(tree.root()).unwrap();
}

#[test]
fn what_is_not_booted_is_closed_in_every_register() {
    let (tree, mut soft) = (tree(), Soft::new(&[Hash::Sha1, Hash::Sha256]));
    assert_eq!(instead(tree.root(), Instead::JumpFailed), Ok(()), "nothing was measured");
    run(&tree, &mut soft).unwrap();
    let before = soft.value(Hash::Sha256, Pcr(8));
    let state = State::read(tree.root()).unwrap();
    instead_by(tree.root(), Tpm(Shared(&mut soft)), &state, Instead::JumpFailed).unwrap();
    let closed = Hash::Sha256.extended(&before, &Hash::Sha256.digest(&[b"skexec jump failed"]));
    assert_eq!(soft.value(Hash::Sha256, Pcr(8)), closed);
    replays(&tree, LOG, &soft);
    assert_eq!(State::read(tree.root()), None);
    // And again, as after another attempt.
    run(&tree, &mut soft).unwrap();
    assert_eq!(soft.extended, 8);
    replays(&tree, LOG, &soft);
}

#[test]
fn half_a_measurement_is_closed() {
    let (tree, mut soft) = (tree(), Soft::new(&[Hash::Sha256]));
    soft.broken_after = Some(1);
    let finding = run(&tree, &mut soft).unwrap_err();
    let refused = "TPM2_PCR_Extend: the TPM answered 0x101";
    assert_eq!((finding.reason, finding.detail), (Reason::NotMeasured, format!("{refused}; {refused}")));
    assert!(State::read(tree.root()).is_some(), "it is not closed yet");
    replays(&tree, LOG, &soft);
    assert!(!State::read(tree.root()).unwrap().stands_for(&ours()), "it is measured again");
    soft.broken_after = None;
    run(&tree, &mut soft).unwrap();
    let log = replays(&tree, LOG, &soft);
    assert_eq!(soft.extended, 6);
    let text = String::from_utf8_lossy(log.bytes()).into_owned();
    let order = ["skexec kernel", "skexec not measured", "skexec not measured", "skexec kernel", "skexec initrd"];
    order.iter().fold(0, |from, data| from + text[from..].find(data).unwrap() + 1);
    assert!(State::read(tree.root()).unwrap().stands_for(&ours()));
}

#[test]
fn nothing_is_extended_where_not_everything_is_possible() {
    let (tree, mut soft) = (tree(), Soft::new(&[Hash::Sha256]));
    soft.foreign_bank = true;
    assert!(run(&tree, &mut soft).unwrap_err().detail.contains("0x0012"));
    soft.foreign_bank = false;
    // A file in the place of the folder.
    tree.write("/run/skexec", "");
    assert!(run(&tree, &mut soft).unwrap_err().detail.starts_with("its log cannot be written to /run/skexec"));
    assert_eq!(soft.extended, 0);
}

#[test]
fn the_log_goes_on_from_the_one_that_leads_to_what_the_registers_hold() {
    let (tree, mut soft) = (tree(), Soft::new(&[Hash::Sha1, Hash::Sha256]));
    let mut firmware = Log::new(&[Hash::Sha1, Hash::Sha256]);
    firmware.add(Pcr(9), b"grub");
    for hash in [Hash::Sha1, Hash::Sha256] {
        soft.banks.get_mut(&hash).unwrap()[9] = firmware.replay(hash, Pcr(9));
    }
    tree.write("/sys/kernel/security/tpm0/binary_bios_measurements", firmware.bytes());
    // Of an earlier boot.
    let mut other = Log::new(&[Hash::Sha1, Hash::Sha256]);
    other.add(Pcr(9), b"other");
    tree.write(LOG, other.bytes());
    run(&tree, &mut soft).unwrap();
    assert!(replays(&tree, LOG, &soft).bytes().starts_with(firmware.bytes()));

    // The next kernel has the file, and no /run.
    let first = fs::read(tree.root().path(LOG)).unwrap();
    fs::remove_dir_all(tree.root().path("/run/skexec")).unwrap();
    run(&tree, &mut soft).unwrap();
    assert!(replays(&tree, LOG, &soft).bytes().starts_with(&first));

    // Something that no log knows was measured meanwhile.
    soft.banks.get_mut(&Hash::Sha1).unwrap()[8] = vec![7; 20];
    run(&tree, &mut soft).unwrap();
    assert!(!replays(&tree, LOG, &soft).bytes().starts_with(firmware.bytes()));
    run(&tree, &mut soft).unwrap();
    replays(&tree, LOG, &soft);
}

#[test]
fn a_log_that_cannot_be_kept_is_noted_once() {
    let (tree, mut soft) = (tree(), Soft::new(&[Hash::Sha256]));
    fs::remove_dir(tree.root().path("/var/log")).unwrap();
    let notes = run(&tree, &mut soft).unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].starts_with("the next kernel will not have the log of what was measured: /var/log/skexec-tcg.log: ")
    );
    replays(&tree, RUNNING, &soft);
}
