//! The section `.sbat` and the level in `SbatLevelRT` (shim's SBAT.md). The kernel ignores both.

use super::{Case, case};
use crate::bzimage::BzImage;
use crate::pe::{Pe, Section};
use crate::recipe::Recipe;
use crate::sbat;

fn with(name: &str, about: &str, change: impl FnOnce(&mut Pe)) -> Case {
    case(name, about, Recipe::new().image(BzImage::default().pe(change).build()).build()).sbat()
}

fn text(name: &str, about: &str, content: &[u8]) -> Case {
    with(name, about, |pe| pe.sections.push(Section::new(b".sbat", content)))
}

fn generation(name: &str, about: &str, component: &str, generation: &str) -> Case {
    text(name, about, &sbat::section(component, generation))
}

pub(crate) fn cases() -> Vec<Case> {
    [generations(), malformed()].concat()
}

fn generations() -> Vec<Case> {
    vec![
        generation("D104_sbat_at_level", "at the level", "forge", "2"),
        generation("D104_sbat_above_level", "above the level", "forge", "3"),
        generation("D104_sbat_two_digits", "10 is more than 2, though not as text", "forge", "10"),
        generation("D104_sbat_unknown_component", "a component that the level does not name", "other", "1"),
        generation("D104_sbat_below_level", "below the level", "forge", "1").stricter("sbat"),
        text("D104_sbat_other_below_level", "one of two components is below the level", &{
            [sbat::section("other", "1"), b"grub,4,Free Software Foundation,grub,2.06,https://example.com/\n".to_vec()]
                .concat()
        })
        .stricter("sbat"),
        with("D104_sbat_name_longer", "a section .sbat2 is none", |pe| {
            pe.sections.push(Section::new(b".sbat2", sbat::section("forge", "1")));
        }),
    ]
}

fn malformed() -> Vec<Case> {
    let good = || sbat::section("forge", "2");
    let bad = |case: Case| case.stricter("sbat");
    vec![
        bad(generation("D104_sbat_generation_x", "a generation that is no number", "forge", "x")),
        bad(generation("D104_sbat_generation_2x", "a generation with a letter behind it", "forge", "2x")),
        bad(generation("D104_sbat_generation_0", "generation 0", "forge", "0")),
        bad(generation("D104_sbat_generation_minus", "a negative generation", "forge", "-3")),
        bad(generation("D104_sbat_generation_wraps", "a generation of 2^32 + 1", "forge", "4294967297")),
        bad(text(
            "D104_sbat_five_columns",
            "a line of five columns",
            b"sbat,1,SBAT Version,sbat,1,u\nforge,2,a,forge,1.0\n",
        )),
        bad(with("D104_sbat_twice", "two sections .sbat", |pe| {
            pe.sections.extend([Section::new(b".sbat", good()), Section::new(b".sbat", good())]);
        })),
        bad(with("D104_sbat_raw_less_than_virtual", "SizeOfRawData less than VirtualSize", |pe| {
            pe.sections.push(Section { virtual_size: Some(0x1000), ..Section::new(b".sbat", good()) });
        })),
        bad(with("D104_sbat_relocations", "a section with relocations", |pe| {
            pe.sections.push(Section { relocations: 1, ..Section::new(b".sbat", good()) });
        })),
    ]
}
