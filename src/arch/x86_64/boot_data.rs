//! The segment of boot_params, which is made once the other segments have their addresses.

use super::boot_params::BootParams;
use super::layout::Form;
use crate::memory::PhysRange;
use crate::placement::{Deferred, Role, Segment};
use crate::reason::Finding;

/// The boot_params of one load, before the other segments have an address.
#[derive(Debug)]
pub(super) struct BootData<'a> {
    /// Everything that does not depend on addresses.
    pub(super) params: BootParams<'a>,
    /// How the kernel lies in memory.
    pub(super) form: Form<'a>,
}

impl Deferred for BootData<'_> {
    fn length(&self) -> u64 {
        u64::try_from(self.params.length()).unwrap_or(u64::MAX)
    }

    fn make(&self, own: PhysRange, before: &[Segment<'_>], _windows: &[PhysRange]) -> Result<Vec<u8>, Finding> {
        let initrd = before.iter().find(|segment| segment.role == Role::Initrd).and_then(Segment::content);
        let params = BootParams { kernel_alignment: self.form.alignment(before), ..self.params };
        params.bytes(own.start(), initrd)
    }
}
