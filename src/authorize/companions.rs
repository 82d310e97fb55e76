//! The initrds that go with a kernel: one as it is, several joined.

use crate::image::initrd;
use crate::reason::{Finding, Reason};
use crate::sealed::{OpenError, Source};
use crate::sys::Memfd;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// An initrd as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initrd {
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub length: u64,
}

/// All initrds of a load, behind one descriptor.
#[derive(Debug)]
pub struct Initrds {
    parts: Vec<Initrd>,
    joined: Joined,
}

#[derive(Debug)]
enum Joined {
    None,
    /// Nothing is copied that needs no change.
    One(Source),
    Several(Memfd),
}

impl Initrds {
    /// No initrd.
    #[must_use]
    pub const fn none() -> Self {
        Self { parts: Vec::new(), joined: Joined::None }
    }

    /// Opens the files in this order; several are joined in memory, each at a multiple of four bytes.
    ///
    /// # Errors
    /// The path at fault and why it cannot be used; an empty one is `initrd-empty`.
    pub fn open(paths: &[PathBuf]) -> Result<Self, (PathBuf, OpenError)> {
        let mut sources = Vec::with_capacity(paths.len());
        for path in paths {
            sources.push(open(path).map_err(|error| (path.clone(), error))?);
        }
        let parts = sources.iter().map(|source| Initrd { path: source.path().to_owned(), length: source.len() });
        let parts = parts.collect();
        let joined = match sources.len() {
            0 => Joined::None,
            1 => sources.pop().map_or(Joined::None, Joined::One),
            _ => Joined::Several(join(&sources)?),
        };
        Ok(Self { parts, joined })
    }

    /// The files, in the order in which the kernel unpacks them.
    #[must_use]
    pub fn parts(&self) -> &[Initrd] {
        &self.parts
    }

    /// The descriptor to load; nothing without an initrd.
    #[must_use]
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.joined {
            Joined::None => None,
            Joined::One(source) => Some(source.file().as_fd()),
            Joined::Several(memfd) => Some(memfd.as_fd()),
        }
    }

    /// Bytes in all, with the padding between the parts.
    #[must_use]
    pub fn length(&self) -> u64 {
        match &self.joined {
            Joined::None => 0,
            Joined::One(source) => source.len(),
            Joined::Several(memfd) => u64::try_from(memfd.len()).unwrap_or(u64::MAX),
        }
    }
}

fn open(path: &Path) -> Result<Source, OpenError> {
    Source::open(path).map_err(|error| match error {
        OpenError::Unfit(finding) if finding.reason == Reason::Empty => {
            OpenError::Unfit(Finding::from(Reason::InitrdEmpty))
        }
        other => other,
    })
}

fn join(sources: &[Source]) -> Result<Memfd, (PathBuf, OpenError)> {
    let mut fault = None;
    let memfd = Memfd::create(c"skexec-initrd", |target| {
        let mut length = 0_u64;
        for source in sources {
            let gap = initrd::padding(length);
            target.write_all([0; 4].get(..usize::try_from(gap).unwrap_or(0)).unwrap_or_default())?;
            let copied = source.copy_to(target).map_err(|error| {
                fault = Some((source.path().to_owned(), error));
                io::Error::from(io::ErrorKind::InvalidData)
            })?;
            length = length.saturating_add(gap).saturating_add(copied);
        }
        Ok(length)
    });
    match (memfd, fault) {
        (_, Some(fault)) => Err(fault),
        (Ok(memfd), None) => Ok(memfd),
        (Err(error), None) => Err((PathBuf::from("(joined initrds)"), OpenError::Io(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Map;

    #[test]
    fn several_become_one_with_each_start_aligned() {
        let folder = std::env::temp_dir().join(format!("skexec-initrds-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (one, two, empty) = (folder.join("one"), folder.join("two"), folder.join("empty"));
        std::fs::write(&one, b"070701").unwrap();
        std::fs::write(&two, b"070702x").unwrap();
        std::fs::write(&empty, b"").unwrap();

        let joined = Initrds::open(&[one.clone(), two.clone()]).unwrap();
        let Joined::Several(memfd) = &joined.joined else { panic!("joined in memory") };
        assert_eq!(&*Map::new(memfd).unwrap(), b"070701\x00\x00070702x");
        assert_eq!((joined.length(), joined.parts().len()), (15, 2));

        let single = Initrds::open(std::slice::from_ref(&one)).unwrap();
        assert!(matches!(single.joined, Joined::One(_)) && single.length() == 6);

        let (path, error) = Initrds::open(&[one, empty.clone()]).unwrap_err();
        assert_eq!(path, empty);
        assert!(matches!(error, OpenError::Unfit(finding) if finding.reason == Reason::InitrdEmpty));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
