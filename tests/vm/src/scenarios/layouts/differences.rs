//! What may differ between two boots of the same kernel in the same machine, with the reasons. All else must be equal.

/// The part of a message that is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Its numbers
    Numbers,
    /// All of it: the kernel writes it in some boots only
    Whole,
}

const PLACE: &str = "an address: skexec chooses it anew for each load";
const FREE: &str = "depends on where skexec puts initrd and setup_data, which the kernel keeps until it has read them";
const TIME: &str = "a time or a duration";
const SPEED: &str = "how the kernel measures its clocks, and with which result, depends on the host's load";

/// A part of the message's text, and what of it may differ.
pub(super) const MESSAGES_THAT_DIFFER: &[(&str, Part, &str)] = &[
    ("RAMDISK: [mem", Part::Numbers, PLACE),
    ("reserve setup_data: [mem", Part::Numbers, PLACE),
    ("usable ==> usable", Part::Numbers, PLACE),
    ("e820: reserve RAM buffer [mem", Part::Numbers, FREE),
    ("NODE_DATA(0) allocated [mem", Part::Numbers, FREE),
    ("Memory: ", Part::Numbers, FREE),
    (
        "workingset: timestamp_bits=",
        Part::Numbers,
        "rounds the number of free pages up to a power of two, and that number differs",
    ),
    ("deferred pages initialised in", Part::Numbers, TIME),
    ("setting system clock to", Part::Numbers, TIME),
    ("audit: type=2000", Part::Numbers, TIME),
    ("sched_clock: Marking stable", Part::Whole, SPEED),
    ("tsc: ", Part::Whole, SPEED),
    ("clocksource: tsc", Part::Whole, SPEED),
    ("BogoMIPS", Part::Whole, SPEED),
    ("calibrate_delay_direct()", Part::Whole, SPEED),
    ("Consider using \"lpj=\" boot option", Part::Whole, SPEED),
    ("APIC calibration not consistent", Part::Whole, SPEED),
    ("APIC delta adjusted", Part::Whole, SPEED),
    ("Spurious LAPIC timer interrupt", Part::Whole, SPEED),
    ("hpet: Lost", Part::Whole, SPEED),
    ("hrtimer: interrupt took", Part::Whole, SPEED),
    ("input: ", Part::Numbers, "the order in which devices are found depends on the processors' timing"),
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
