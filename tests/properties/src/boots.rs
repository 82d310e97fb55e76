//! The property of boot entries in their folders, and of installed kernels.

use crate::tree::{Tree, files};
use skexec::entries::{self, Found};

/// The files that are read. A kept input names them by their number: new ones go to the end.
pub(crate) const PATHS: [&str; 26] = [
    "/boot/loader/entries/a.conf",
    "/boot/loader/entries/b+3-1.conf",
    "/boot/loader/entries/c+0.conf",
    "/efi/loader/entries/d.conf",
    "/boot/loader/loader.conf",
    "/efi/loader/loader.conf",
    "/boot/EFI/Linux/e.efi",
    "/efi/EFI/Linux/f+2.efi",
    "/boot/vmlinuz-6.1.0-1",
    "/boot/initrd.img-6.1.0-1",
    "/boot/vmlinuz-6.12.0-1",
    "/boot/initramfs-6.12.0-1.img",
    "/boot/tok/6.6/linux",
    "/boot/tok/6.6/initrd",
    "/usr/lib/modules/6.5/vmlinuz",
    "/etc/kernel/cmdline",
    "/usr/lib/kernel/cmdline",
    "/etc/kernel/entry-token",
    "/etc/machine-id",
    "/etc/os-release",
    "/proc/self/mountinfo",
    "/proc/cmdline",
    "/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
    "/sys/firmware/efi/efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
    "/sys/firmware/efi/efivars/LoaderEntryPreferred-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
    "/sys/firmware/efi/efivars/LoaderEntryLastBooted-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
];

/// Entries are read the same way twice, in one order. No entry names a file outside of the machine; the entry that starts next is one of
/// them and can be booted; each ID and version that is offered finds a kernel or says why not.
pub fn boots(input: &[u8]) {
    let tree = Tree::of(&files(input, &PATHS));
    let root = tree.root();
    let found = Found::read(root);
    assert_eq!(format!("{found:?}"), format!("{:?}", Found::read(root)));
    for two in found.entries.windows(2) {
        assert!(two[0].order(&two[1]).is_le(), "{found:?}");
    }
    for entry in &found.entries {
        let Ok(boots) = &entry.boots else { continue };
        for path in boots.initrds.iter().chain([&boots.kernel]) {
            assert!(path.canonicalize().unwrap().starts_with(root.0.canonicalize().unwrap()), "{}", path.display());
        }
        assert!(boots.options.as_ref().is_none_or(|options| !options.contains('\0')));
        assert!(entry.is_called(&entry.id));
    }
    if let Some(next) = found.marks.next(&found.entries) {
        assert!(next.boots.is_ok() && found.entries.contains(next));
    }
    for id in entries::ids(root) {
        if let Ok(choice) = entries::by_id(root, &id) {
            let named = |entry: &&entries::Entry| entry.boots.as_ref().is_ok_and(|boots| boots.kernel == choice.kernel);
            // Two of the names stand for a choice.
            let called = |entry: &entries::Entry| ["default", "oneshot"].contains(&&*id) || entry.is_called(&id);
            assert!(found.entries.iter().any(|entry| named(&entry) && called(entry)), "{id:?}");
        }
    }
    for version in entries::versions(root) {
        if let Ok(choice) = entries::by_version(root, &version) {
            assert!(choice.kernel.starts_with(&root.0) && choice.kernel.is_file(), "{version:?}: {choice:?}");
        }
    }
    if let Ok(latest) = entries::latest(root) {
        assert!(latest.kernel.is_file());
    }
}
