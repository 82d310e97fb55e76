//! All parts of the initrd, read to their places in one content.

use super::part::Part;
use super::{Initrd, Joined};
use crate::digest::{Hashed, Passing};
use crate::image::initrd;
use crate::placement::cut_initrd;
use crate::reason::{Finding, Refusal};
use crate::sealed::{OpenError, in_stretches, into_memfd, into_memory};
use crate::sys::{Map, Private};
use crate::system::Method;
use crate::trust::Trust;
use std::io;
use std::ops::Range;

/// The parts, and where each lies in the joined content: at a multiple of four bytes.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    parts: Vec<Part<'a>>,
    places: Vec<Range<usize>>,
}

/// Why the parts cannot be joined.
pub(super) enum Fault {
    /// One of them cannot be read.
    Part(Finding),
    /// The copy cannot be made.
    Memory(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Memory(error)
    }
}

impl From<Fault> for Finding {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Part(finding) => finding,
            Fault::Memory(error) => {
                let mut finding = Self::from(OpenError::Io(error));
                finding.detail.insert_str(0, "the copy of the initrds in memory: ");
                finding
            }
        }
    }
}

impl<'a> Outline<'a> {
    pub(super) fn new(parts: Vec<Part<'a>>) -> Self {
        let mut end = 0_usize;
        let place = |part: &Part<'_>| {
            let start = end.saturating_add(padding(end));
            end = start.saturating_add(part.length());
            start..end
        };
        let places = parts.iter().map(place).collect();
        Self { parts, places }
    }

    /// Reads and judges all parts: for `kexec_file_load` into a sealed memfd, for segments into memory of this process.
    pub(super) fn join(&self, method: Method, trust: &Trust) -> Result<(Vec<Initrd>, Joined), Refusal> {
        match method {
            _ if self.parts.is_empty() => Ok((Vec::new(), Joined::None)),
            Method::File => {
                let plan = |_: &[u8]| Passing::new(self.judged());
                let made = into_memfd(self.length(), &self.secret(), |target, at| self.fill(target, at), plan);
                let (memfd, known) = made.map_err(Finding::from)?;
                let map = Map::new(&memfd).map_err(|error| Finding::from(Fault::from(error)))?;
                let initrds = self.described(&Hashed::knowing(map, known), trust)?;
                Ok((initrds, Joined::Memfd(memfd)))
            }
            Method::Segments => {
                let made = self.in_memory().map_err(Finding::from)?;
                let initrds = self.described(&made, trust)?;
                Ok((initrds, Joined::Memory(made)))
            }
        }
    }

    /// The digests of the stretches that the purgatory will check come from the same pass. Where a part is judged, its own digest does,
    /// too: then one thread reads everything in its order.
    pub(super) fn in_memory(&self) -> Result<Hashed<Private>, Fault> {
        let (length, fill) = (self.length(), |target: &mut [u8], at: usize| self.fill(target, at));
        let stretches = cut_initrd(length);
        let mut memory = Private::new(length)?;
        memory.guard(self.secret());
        let (memory, known) = if self.parts.iter().any(Part::is_judged) {
            let plan = |_: &[u8]| Passing::new(stretches.into_iter().map(|range| vec![range]).chain(self.judged()));
            into_memory(memory, fill, plan)?
        } else {
            in_stretches(memory, fill, &stretches)?
        };
        Ok(Hashed::knowing(memory, known))
    }

    /// The place of the added files; empty without any.
    pub(super) fn secret(&self) -> Range<usize> {
        let mut places = self.parts.iter().zip(&self.places);
        places.find_map(|(part, place)| part.is_added().then(|| place.clone())).unwrap_or_default()
    }

    /// The places of the parts whose digests are needed.
    fn judged(&self) -> impl Iterator<Item = Vec<Range<usize>>> {
        let judged = self.parts.iter().zip(&self.places).filter(|(part, _)| part.is_judged());
        judged.map(|(_, place)| vec![place.clone()])
    }

    fn described<B: AsRef<[u8]>>(&self, joined: &Hashed<B>, trust: &Trust) -> Result<Vec<Initrd>, Refusal> {
        let each = self.parts.iter().zip(&self.places);
        each.map(|(part, place)| {
            part.unchanged()?;
            part.described(joined.part(place.clone()), trust)
        })
        .collect()
    }

    /// Fills `target` with the joined content from `at` on; between two parts there are zeros.
    fn fill(&self, target: &mut [u8], at: usize) -> Result<(), Fault> {
        let end = at.saturating_add(target.len());
        let mut done = at;
        for (part, place) in self.parts.iter().zip(&self.places) {
            let (from, to) = (place.start.max(at), place.end.min(end));
            if from >= to {
                continue;
            }
            piece(target, at, done..from).fill(0);
            part.fill(piece(target, at, from..to), from.saturating_sub(place.start)).map_err(Fault::Part)?;
            done = to;
        }
        piece(target, at, done..end).fill(0);
        Ok(())
    }

    fn length(&self) -> usize {
        self.places.last().map_or(0, |place| place.end)
    }
}

/// The bytes of this range of the content in a piece of it that starts at `at`.
fn piece(target: &mut [u8], at: usize, range: Range<usize>) -> &mut [u8] {
    target.get_mut(range.start.saturating_sub(at)..range.end.saturating_sub(at)).unwrap_or_default()
}

fn padding(length: usize) -> usize {
    usize::try_from(initrd::padding(u64::try_from(length).unwrap_or(u64::MAX))).unwrap_or(0)
}
