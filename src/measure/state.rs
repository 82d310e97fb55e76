//! What was measured in this boot and may still be booted.

use super::{Event, Instead};
use crate::digest::sha256;
use crate::hex;
use crate::machine::boot_id;
use crate::sources::Root;
use crate::sources::replace::{gone, replace};
use crate::tpm::Pcr;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;

const PATH: &str = "/run/skexec/measured.json";
const MODE: u32 = 0o600;
const MAX: u64 = 4096;
const SCHEMA: u32 = 1;

/// The events of one boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    schema: u32,
    /// /run may have been kept over a jump.
    boot_id: Option<String>,
    registers: Vec<u8>,
    /// Whether all events were measured.
    complete: bool,
    /// SHA-256 of the events' data.
    events: String,
    /// It was measured for a shutdown that was asked for: nothing may take its place until that is made or stopped.
    #[serde(default)]
    shutdown: bool,
}

fn digest(events: &[Event]) -> String {
    let parts: Vec<_> =
        events.iter().flat_map(|(pcr, data)| [vec![pcr.0], data.clone().into_bytes(), vec![0]]).collect();
    hex::encode(&sha256(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

impl State {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut registers: Vec<_> = events.iter().map(|(pcr, _)| pcr.0).collect();
        registers.sort_unstable();
        registers.dedup();
        Self { schema: SCHEMA, boot_id: None, registers, complete: false, events: digest(events), shutdown: false }
    }

    /// What was measured in this boot; nothing where nothing was, or what is there is not understood.
    pub(super) fn read(root: &Root) -> Option<Self> {
        let state: Self = serde_json::from_slice(&root.read(PATH, MAX).ok()??).ok()?;
        (state.schema == SCHEMA && state.boot_id == boot_id(root)).then_some(state)
    }

    pub(super) fn write(&self, root: &Root) -> io::Result<()> {
        let state = Self { boot_id: boot_id(root), ..self.clone() };
        let path = root.path(PATH);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        replace(&path, &serde_json::to_vec(&state)?, MODE)
    }

    /// That nothing is noted is no error.
    pub(super) fn forget(root: &Root) -> io::Result<()> {
        gone(&root.path(PATH))
    }

    pub(super) fn stands_for(&self, events: &[Event]) -> bool {
        self.complete && self.events == digest(events)
    }

    pub(super) fn complete(self) -> Self {
        Self { complete: true, ..self }
    }

    /// What is measured before a shutdown is asked for.
    pub(super) fn awaiting_shutdown(self, shutdown: bool) -> Self {
        Self { shutdown, ..self }
    }

    pub(super) const fn awaits_shutdown(&self) -> bool {
        self.shutdown
    }

    /// Why it is not booted, where something else is measured.
    pub(super) const fn replaced(&self) -> Instead {
        if self.complete { Instead::Unloaded } else { Instead::Broken }
    }

    pub(super) fn registers(&self) -> Vec<Pcr> {
        self.registers.iter().copied().map(Pcr).collect()
    }
}
