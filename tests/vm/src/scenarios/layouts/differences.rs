//! What may differ between two boots of the same kernel in the same machine, with the reasons. All else must be equal.

/// The part of a message that is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Its numbers
    Numbers,
    /// All of it: the kernel writes it in some boots only
    Whole,
}

const SPEED: &str = "the measured speed of the processor or a clock";
const TIME: &str = "a time or a duration";
const PLACE: &str = "an address: skexec chooses it anew for each load";

/// A part of the message's text, and what of it may differ.
pub(super) const MESSAGES_THAT_DIFFER: &[(&str, Part, &str)] = &[
    ("RAMDISK: [mem", Part::Numbers, PLACE),
    ("reserve setup_data: [mem", Part::Numbers, PLACE),
    ("BogoMIPS", Part::Numbers, SPEED),
    ("tsc: ", Part::Numbers, SPEED),
    ("clocksource: tsc", Part::Numbers, SPEED),
    ("deferred pages initialised in", Part::Numbers, TIME),
    ("sched_clock: Marking stable", Part::Numbers, TIME),
    ("setting system clock to", Part::Numbers, TIME),
    ("audit: type=2000", Part::Numbers, TIME),
    ("random: crng init done", Part::Whole, "the processors' timing decides when that is"),
];

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
