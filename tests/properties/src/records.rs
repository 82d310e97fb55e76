//! The property of the records of loads.

use crate::tree::{Tree, files};
use skexec::machine::{Config, Kexec};
use skexec::record::{self, Record, Records, Standing};
use skexec::system::Slot;

/// The files that are read. A kept input names them by their number: new ones go to the end.
pub(crate) const PATHS: [&str; 8] = [
    "/run/skexec/loaded.json",
    "/run/skexec/loaded.json.begun",
    "/run/skexec/loaded-panic.json",
    "/run/skexec/loaded-panic.json.begun",
    "/proc/sys/kernel/random/boot_id",
    "/proc/sys/kernel/kexec_load_limit_reboot",
    "/sys/kernel/kexec_loaded",
    "/sys/kernel/kexec_crash_loaded",
];

/// A record is written as it is read, whatever else stood in its file; one of another schema is an error; one of another boot is
/// contradicted. To settle what a killed load left changes nothing of what is known, and a second time nothing at all.
pub fn records(input: &[u8]) {
    let files = files(input, &PATHS);
    let tree = Tree::of(&files);
    let root = tree.root();
    let kexec = Kexec::read(root, &Config::default());
    for slot in [Slot::Reboot, Slot::Panic] {
        if let Ok(Some(record)) = record::read(root, slot) {
            assert_eq!(record.schema, 1);
            let written = serde_json::to_vec(&record).unwrap();
            assert_eq!(serde_json::from_slice::<Record>(&written).unwrap(), record);
        }
        let before = record::known(root, &kexec, slot).map_err(|error| error.to_string());
        if let Ok(Some((record, standing))) = &before {
            let boot_id = root.text("/proc/sys/kernel/random/boot_id");
            let other = record.boot_id.as_ref().zip(boot_id.as_ref()).is_some_and(|(then, now)| then != now);
            assert!(!other || matches!(standing, Standing::Contradicted(_)), "{record:?} {boot_id:?}");
        }
        let records = Records::lock(root).unwrap().expect("nobody else has it");
        records.settle(root, &kexec, slot).unwrap();
        if before.is_ok() {
            assert_eq!(record::known(root, &kexec, slot).map_err(|error| error.to_string()), before);
        }
        let settled = tree.content();
        records.settle(root, &kexec, slot).unwrap();
        assert_eq!(tree.content(), settled);
        if let (Ok(Some((record, _))), Ok(())) = (&before, records.note_locked(slot))
            && let Ok(Some(after)) = record::read(root, slot)
        {
            assert!(after.locked);
            assert!(record.kernel == after.kernel || record != &after);
        }
        records.forget(slot).unwrap();
        assert_eq!(record::known(root, &kexec, slot).unwrap(), None);
    }
}
