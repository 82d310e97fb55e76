//! UKIs whose kernel has a signature of its own by another signer: the signature of the UKI counts.

use super::{Bundle, CMDLINE, INITRD, sections_of, uki};
use crate::bzimage::BzImage;
use crate::pki;
use crate::recipe::Recipe;

fn of(name: &str, about: &'static str, linux: Vec<u8>) -> Bundle {
    uki(name, about, sections_of(linux.clone()).signed(&pki::signer())).passes(linux, CMDLINE, vec![INITRD.to_vec()])
}

/// The envelope's signature covers the kernel in it, so a kernel without a good signature of its own is trusted, as in firmware.
pub(super) fn bundles() -> Vec<Bundle> {
    vec![
        of("good-kernel-by-stranger", "the kernel in it is signed by a stranger", {
            Recipe::new().who(pki::stranger()).build()
        }),
        of("good-kernel-of-other-bytes", "another kernel of the signer", {
            Recipe::new().image(BzImage::default().pe(|pe| pe.sections[2].data[7] ^= 1).build()).build()
        }),
    ]
}
