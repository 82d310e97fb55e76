//! The purgatory's parameters, and the next kernel's RNG seed.

use crate::machine::{SEGMENTS, address, call, lab, number, word};

/// The purgatory's parameters, from the armed block at the end of its segment (`skexec_purgatory::Params`).
pub(crate) struct Told {
    pub(crate) entry: u64,
    pub(crate) boot_params: u64,
    pub(crate) cr3: u64,
    /// sha_ni, console, port, on_mismatch.
    pub(crate) flags: [u64; 4],
    /// Address, length, digest.
    pub(crate) regions: Vec<(u64, u64, Vec<u8>)>,
    pub(crate) zero: Vec<(u64, u64)>,
}

impl Told {
    const SIZE: usize = 1520;

    pub(crate) fn of(purgatory: &[u8]) -> Self {
        let block = &purgatory[purgatory.len() - Self::SIZE..];
        let count = |offset| usize::try_from(word(block, offset)).unwrap();
        let region = |index: usize| {
            let region = &block[56 + 72 * index..][..72];
            (number(region, 0), number(region, 8), region[16..48].to_vec())
        };
        let span = |index: usize| (number(block, 1208 + 16 * index), number(block, 1216 + 16 * index));
        Self {
            entry: number(block, 8),
            boot_params: number(block, 16),
            cr3: number(block, 24),
            flags: [32, 36, 40, 44].map(|offset| word(block, offset)),
            regions: (0..count(48)).map(region).collect(),
            zero: (0..count(52)).map(span).collect(),
        }
    }
}

#[test]
fn the_purgatory_is_told_of_every_byte() {
    for (cpu, sha_ni) in [("fpu", 0), ("fpu sha_ni ssse3 sse4_1", 1)] {
        let lab = lab();
        lab.system("/proc/cpuinfo", &format!("flags\t\t: {cpu}\n"));
        let plan = lab.run(&format!("{SEGMENTS} --json --on-mismatch halt")).json()["plan"].clone();
        let (_, segments) = call(&lab);
        let own = address(&plan, "purgatory");
        let told = Told::of(&segments.iter().find(|(at, _, _)| *at == own).unwrap().2);
        assert_eq!(told.entry, address(&plan, "kernel") + 0x200);
        assert_eq!((told.boot_params, told.flags), (address(&plan, "boot_params"), [sha_ni, 1, 0x3f8, 1]));
        assert!(told.zero.is_empty(), "a bzImage clears its own");
        let others = segments.iter().filter(|(at, _, _)| *at != own);
        let digest = |bytes: &[u8]| <sha2::Sha256 as sha2::Digest>::digest(bytes).to_vec();
        let mut wanted: Vec<_> =
            others.map(|(at, _, bytes)| (*at, u64::try_from(bytes.len()).unwrap(), digest(bytes))).collect();
        let mut regions = told.regions;
        wanted.sort();
        regions.sort();
        assert_eq!(regions, wanted);
    }
}

#[test]
fn no_seed_is_used_twice() {
    let boot_params = || {
        let lab = lab();
        let plan = lab.run(&format!("{SEGMENTS} --json")).json()["plan"].clone();
        let (_, segments) = call(&lab);
        segments.into_iter().find(|(at, _, _)| *at == address(&plan, "boot_params")).unwrap().2
    };
    let (one, other) = (boot_params(), boot_params());
    let different = one.iter().zip(&other).filter(|(one, other)| one != other).count();
    assert!((16..=32).contains(&different), "{different} bytes differ");
}

/// A kernel that is placed between multiples of its own alignment is given a smaller one in boot_params. Otherwise it would move
/// itself to such a multiple, out of the memory that is reserved for it.
#[test]
fn a_kernel_between_its_alignments_is_told_so() {
    let lab = lab();
    let mut kernel = forge::unsigned_bzimage();
    kernel[0x235] = 12;
    lab.file("vmlinuz", &kernel);
    lab.file("vmlinuz.p7s", &forge::detached(&kernel, &forge::pki::signer()));
    for (bounds, alignment) in [("", 0x20_0000), (" --mem-min 0x14100000 --mem-max 0x1427ffff", 0x1000)] {
        let line = format!("{SEGMENTS} --json --signature {{}}/vmlinuz.p7s{bounds}");
        let plan = lab.run(&line).json()["plan"].clone();
        let (_, segments) = call(&lab);
        lab.kernel.calls.borrow_mut().clear();
        let boot_params = segments.iter().find(|(at, _, _)| *at == address(&plan, "boot_params")).unwrap();
        assert_eq!(word(&boot_params.2, 0x230), alignment, "{bounds}");
        assert_eq!(address(&plan, "kernel") % alignment, 0);
    }
}
