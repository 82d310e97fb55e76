//! Unified kernel images (UAPI Group specification 5): a PE with a kernel, its initrd and its command line as sections.

mod sections;

pub use sections::{Sections, header_of, raw_of, stub};

use crate::pe::{Pe, Section};
use crate::pki::Identity;
use crate::recipe::Recipe;
use crate::sbat;

#[derive(Debug, Clone)]
pub struct Uki {
    pub linux: Vec<u8>,
    pub initrd: Option<Vec<u8>>,
    pub cmdline: Option<String>,
    pub osrel: Option<String>,
    pub uname: Option<String>,
    pub sbat: Option<Vec<u8>>,
    /// Sections before `.linux`, for cases with two sections of one name.
    pub extra: Vec<Section>,
}

impl Uki {
    #[must_use]
    pub fn new(linux: Vec<u8>) -> Self {
        Self {
            linux,
            initrd: None,
            cmdline: None,
            osrel: Some("ID=forge\nVERSION_ID=1\nPRETTY_NAME=\"Forge 1\"\n".into()),
            uname: Some(crate::bzimage::RELEASE.into()),
            sbat: Some(sbat::section("forge", "2")),
            extra: Vec::new(),
        }
    }

    /// The sections, to change further.
    #[must_use]
    pub fn sections(&self) -> Sections {
        let mut sections = Sections { list: vec![stub()], header_order: None };
        let text = |value: &Option<String>| value.clone().map(String::into_bytes);
        let parts: [(&'static [u8], _); 5] = [
            (b".sbat", self.sbat.clone()),
            (b".osrel", text(&self.osrel)),
            (b".uname", text(&self.uname)),
            (b".cmdline", text(&self.cmdline)),
            (b".initrd", self.initrd.clone()),
        ];
        for (name, value) in parts {
            sections.list.extend(value.map(|value| Section::new(name, value)));
        }
        sections.list.extend(self.extra.clone());
        sections.add(b".linux", self.linux.clone());
        sections
    }

    #[must_use]
    pub fn pe(&self) -> Pe {
        self.sections().pe()
    }

    #[must_use]
    pub fn unsigned(&self) -> Vec<u8> {
        self.pe().build()
    }

    #[must_use]
    pub fn signed(&self, who: &Identity) -> Vec<u8> {
        Recipe::new().image(self.unsigned()).who(who.clone()).build()
    }
}
