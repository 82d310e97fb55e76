//! The sections of a UKI or of an add-on: any list of them, each of which can be changed.

use std::ops::Range;

use crate::bzimage::noise;
use crate::pe::{Pe, Section, get16, get32};
use crate::pki::Identity;
use crate::recipe::Recipe;

/// The sections in the order of their bytes in the file.
#[derive(Debug, Clone)]
pub struct Sections {
    pub list: Vec<Section>,
    /// The order of the section headers, if it differs from the order of the bytes.
    pub header_order: Option<Vec<usize>>,
}

/// The stub: a program that returns EFI_SUCCESS.
#[must_use]
pub fn stub() -> Section {
    let mut code = noise(5, 0x400);
    // xor eax, eax; ret.
    code[..3].copy_from_slice(&[0x31, 0xc0, 0xc3]);
    Section { flags: 0x6000_0020, ..Section::new(b".text", code) }
}

impl Sections {
    /// The index of the first section of that name.
    #[must_use]
    pub fn place(&self, name: &[u8]) -> usize {
        self.list.iter().position(|section| section.name == name).expect("a section of that name")
    }

    /// The first section of that name.
    pub fn named(&mut self, name: &[u8]) -> &mut Section {
        let place = self.place(name);
        &mut self.list[place]
    }

    /// Adds a section behind the others.
    pub fn add(&mut self, name: &'static [u8], data: impl Into<Vec<u8>>) {
        self.list.push(Section::new(name, data));
    }

    /// Adds a section in front of the first section of another name.
    pub fn add_before(&mut self, other: &[u8], name: &'static [u8], data: impl Into<Vec<u8>>) {
        self.list.insert(self.place(other), Section::new(name, data));
    }

    pub fn remove(&mut self, name: &[u8]) {
        self.list.remove(self.place(name));
    }

    /// The PE file. A section without an address gets pages of its own behind those of the section before it.
    #[must_use]
    pub fn pe(&self) -> Pe {
        let mut sections = self.list.clone();
        let mut address = 0x1000;
        for section in &mut sections {
            section.virtual_address = section.virtual_address.or(Some(address));
            let size = section.virtual_size.unwrap_or(0).max(section.data.len() as u32).max(1);
            address += size.next_multiple_of(0x1000);
        }
        let headers = (0x138 + sections.len() * 40).next_multiple_of(0x200).max(0x600);
        let header_order = self.header_order.clone();
        Pe { lfanew: 0x80, image_size: address, entry: 0x1000, header_order, ..Pe::new(headers, sections) }
    }

    #[must_use]
    pub fn signed(&self, who: &Identity) -> Vec<u8> {
        Recipe::new().image(self.pe().build()).who(who.clone()).build()
    }
}

/// The offset of the section header of that name: the `nth` in a finished file, counted from 0.
#[must_use]
pub fn header_of(file: &[u8], name: &[u8], nth: usize) -> usize {
    let pe = get32(file, 0x3c) as usize;
    let table = pe + 24 + usize::from(get16(file, pe + 20));
    let rows = (0..usize::from(get16(file, pe + 6))).map(|row| table + row * 40);
    let mut padded = [0; 8];
    padded[..name.len()].copy_from_slice(name);
    rows.filter(|&row| file[row..row + 8] == padded).nth(nth).expect("a section header of that name")
}

/// The bytes of the first section of that name in a finished file, with their padding.
#[must_use]
pub fn raw_of(file: &[u8], name: &[u8]) -> Range<usize> {
    let row = header_of(file, name, 0);
    let start = get32(file, row + 20) as usize;
    start..start + get32(file, row + 16) as usize
}
