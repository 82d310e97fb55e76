//! A vmlinux that is a file of its own: its segments, each at the address that it was linked for.

use super::cut;
use crate::image::elf::Vmlinux;
use crate::placement::{Constraints, Content, Role, SegmentSpec};
use crate::reason::Finding;

/// An ELF kernel expects zeros behind the bytes of each segment (.bss).
pub(super) fn specs<'a>(vmlinux: &Vmlinux, file: &'a [u8]) -> Result<Vec<SegmentSpec<'a>>, Finding> {
    let segments = vmlinux.segments.iter().enumerate();
    let specs = segments.map(|(number, segment)| {
        let pages = segment.pages();
        let content = Content::Bytes(cut(file, segment.file.clone())?);
        let constraints = Constraints { fixed: Some(pages.start()), ..Constraints::default() };
        let kernel = SegmentSpec::new(Role::Kernel, format!("kernel.{number}"), content);
        Ok(SegmentSpec { memory: pages.len(), zeroed: true, constraints, ..kernel })
    });
    specs.collect()
}
