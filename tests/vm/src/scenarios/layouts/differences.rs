//! What may differ between two boots of the same kernel in the same machine, with the reasons. All else must be equal.

/// The part of a message that is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Its numbers
    Numbers,
    /// All of it: the kernel writes it in some boots only
    Whole,
}

pub(super) struct Message {
    /// A part of the message's text
    pub(super) text: &'static str,
    pub(super) part: Part,
    _why: &'static str,
}

pub(super) const MESSAGES_THAT_DIFFER: &[Message] = &[];

/// Fields of boot_params.
pub(super) const FIELDS_THAT_DIFFER: &[(&str, &str)] = &[
    ("ramdisk_image", PLACE),
    ("ext_ramdisk_image", PLACE),
    ("cmd_line_ptr", PLACE),
    ("ext_cmd_line_ptr", PLACE),
    ("setup_data", PLACE),
    ("efi_memmap", PLACE),
    ("efi_memmap_hi", PLACE),
];

const PLACE: &str = "an address: skexec chooses it anew for each load";
