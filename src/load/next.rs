//! What the next boot is told about this load.

use crate::arrival::{self, Image};
use crate::authorize::Authorized;
use crate::machine::Machine;
use crate::progress::{Event, Follow};
use crate::record::Record;
use crate::sources::Root;
use crate::system::{Method, Slot};

/// The mark in the boot data of segments. `kexec_file_load` makes boot data itself, and a crash kernel is expected by nobody.
pub(super) fn mark(authorized: &Authorized, method: Method, root: &Root, slot: Slot) -> Option<Vec<u8>> {
    if method == Method::File || slot == Slot::Panic {
        return None;
    }
    let record = Record { marked: true, ..Record::of(authorized, method, root, None) };
    arrival::mark(root, &Image::from(&record))
}

/// Notes what the next boot is expected to be. The load is made all the same where this cannot be noted.
pub(super) fn expect(record: &Record, root: &Root, machine: &Machine, slot: Slot, follow: &mut Follow<'_>) {
    // What is written in an initramfs is gone after the jump.
    if slot == Slot::Panic || machine.surroundings.initramfs {
        return;
    }
    if let Err(error) = arrival::expect(root, Some(record.into())) {
        follow(Event::Fault(format!("the next boot will not know who started it: {}: {error}", arrival::PATH)));
    }
}
