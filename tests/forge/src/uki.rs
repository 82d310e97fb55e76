//! Unified kernel images (UAPI Group specification 5): a PE with a kernel, its initrd and its command line as sections.

use crate::bzimage::noise;
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

    /// The PE file, to change further.
    #[must_use]
    pub fn pe(&self) -> Pe {
        let text = |name, value: &Option<String>| value.clone().map(|value| Section::new(name, value));
        let bytes = |name, value: &Option<Vec<u8>>| value.clone().map(|value| Section::new(name, value));
        let stub = Section { flags: 0x6000_0020, ..Section::new(b".text", noise(5, 0x400)) };
        let mut sections = vec![stub];
        sections.extend(bytes(b".sbat", &self.sbat));
        sections.extend(text(b".osrel", &self.osrel));
        sections.extend(text(b".uname", &self.uname));
        sections.extend(text(b".cmdline", &self.cmdline));
        sections.extend(bytes(b".initrd", &self.initrd));
        sections.extend(self.extra.clone());
        sections.push(Section::new(b".linux", self.linux.clone()));
        // Sections of any size: the addresses must not overlap, so each starts on a page of its own.
        let mut address = 0x1000;
        for section in &mut sections {
            section.virtual_address = Some(address);
            address += (section.data.len().next_multiple_of(0x1000) as u32).max(0x1000);
        }
        Pe { lfanew: 0x80, image_size: address, entry: 0x1000, ..Pe::new(0x600, sections) }
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
