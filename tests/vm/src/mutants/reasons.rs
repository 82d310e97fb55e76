//! Why a mutant may survive.

/// The mutant, without its line and column; how many of this name may survive; and why.
pub(crate) const REASONS: &[(&str, usize, &str)] = &[
    (
        "purgatory/src/check.rs: replace != with == in instructions",
        1,
        "Both kinds of instructions make the same digest; on a processor without SHA extensions, which guests have, the other kind faults.",
    ),
    ("purgatory/src/sha256/words.rs: replace << with >> in <impl Words for u32>::left", 1, NO_SHIFTS),
    ("purgatory/src/sha256/words.rs: replace <impl Words for u32>::left -> Self with Default::default()", 1, NO_SHIFTS),
    (
        "purgatory/src/sha256/words.rs: replace <impl Words for u32>::right -> Self with Default::default()",
        1,
        NO_SHIFTS,
    ),
    ("purgatory/src/sha256/words.rs: replace >> with << in <impl Words for u32>::right", 1, NO_SHIFTS),
    (
        "src/authorize/binding.rs: delete field whole from struct Reading expression in Binding::check_named",
        1,
        "It only saves a second pass over the kernel: a digest that was not planned is made when it is asked for.",
    ),
    (
        "src/image/cpio.rs: replace | with ^ in Entry<'a>::header",
        1,
        "The permissions have no bit in common with the kind of the file.",
    ),
    ("src/image/payload/lzo.rs: replace < with <= in each", 1, "A buffer that is long enough keeps its length."),
    ("src/image/payload/lzo.rs: replace | with ^ in Checksums::of", 4, FLAGS_APART),
    ("src/image/payload/lzo.rs: replace | with ^ in header", 1, FLAGS_APART),
    (
        "src/image/payload/xz/block.rs: replace | with ^ in lzma2",
        1,
        "The lowest bit, which is joined to 2, is not set in 2.",
    ),
    (
        "src/segments/crash.rs: replace | with ^ in CrashPlan::flags",
        1,
        "The two flags of the call have no bit in common.",
    ),
    (
        "src/trust/attributes.rs: replace > with >= in check_order",
        1,
        "No two attributes are the same bytes, because none of them may stand twice.",
    ),
    ("src/trust/chain.rs: replace key_name -> &[u8] with Vec::leak(Vec::new())", 1, SAVES_WORK),
    ("src/trust/chain.rs: replace key_name -> &[u8] with Vec::leak(vec![0])", 1, SAVES_WORK),
    ("src/trust/chain.rs: replace key_name -> &[u8] with Vec::leak(vec![1])", 1, SAVES_WORK),
    ("src/trust/der.rs: replace | with ^ in context", 1, NO_BIT_IN_COMMON),
    ("src/trust/der.rs: replace | with ^ in context_primitive", 1, NO_BIT_IN_COMMON),
    (
        "src/trust/der.rs: replace < with <= in element",
        1,
        "The tag 0x40 is primitive, and a primitive element was checked before.",
    ),
];

const SAVES_WORK: &str = "It only saves the comparison of whole descriptions, which end with this name.";
const NO_BIT_IN_COMMON: &str = "The number of a tag has no bit in common with its class.";
const FLAGS_APART: &str = "Each flag is a bit of its own.";
const NO_SHIFTS: &str =
    "A single word can rotate, which the four functions of one lane do; only those of the wide registers shift.";
