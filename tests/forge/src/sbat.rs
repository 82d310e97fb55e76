//! SBAT: the section of an image, and the level that revokes generations (shim's SBAT.md).

/// The level for all cases: `forge` must be at least at generation 2.
pub const LEVEL: &str = "sbat,1,2025051000\nshim,4\nforge,2\ngrub,5\n";

/// An image's section of that component and generation, after the obligatory first line.
#[must_use]
pub fn section(component: &str, generation: &str) -> Vec<u8> {
    let own = format!("{component},{generation},skexec tests,{component},1.0,https://example.com/\n");
    [b"sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n", own.as_bytes()].concat()
}
