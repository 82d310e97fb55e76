//! A bzImage without the memory in which it unpacks itself: that is reserved, and nothing else.

use super::classic;
use crate::image::bzimage::SetupHeader;
use crate::placement::{Content, Role, SegmentSpec};

/// The segment of the protected-mode code, at the start of a window of `init_size` bytes.
pub(super) fn spec<'a>(header: &SetupHeader, code: &'a [u8]) -> SegmentSpec<'a> {
    let kernel = SegmentSpec::new(Role::Kernel, "kernel", Content::Bytes(code));
    SegmentSpec { window: header.init_size.into(), constraints: classic::constraints(header), ..kernel }
}
