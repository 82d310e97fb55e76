//! Compares the purgatory's object code with OpenSSL and with a plain SHA-256 in C. `cargo xtask bench purgatory` runs this program with
//! the two libraries.
//!
//! # What limits the digest with SHA-NI
//! The instruction `sha256rnds2` computes two rounds; a block of 64 bytes needs 32 of them. The rounds of one message wait for each other: on the
//! machine of our figures (Intel model 207 at about 2.6 GHz) an instruction takes 4 cycles, 128 for a block, which is 1300 MB/s; one region reached
//! 1210 to 1305. The core has one unit for this instruction. It takes a new one every 3 cycles while the other thread of the
//! core is busy with another guest: 96 cycles for a block, 1700 MB/s, whatever the number of messages. Two messages side by side reached 1580 to
//! 1680 MB/s, three 1550 to 1700, four 1490 to 1580, because their state does not fit the 16 registers. On a quieter day the unit took one
//! every 2 cycles, and three messages reached 2770 to 3030 MB/s.
//! Memory is not the limit: 192 KiB, which stay in the cache, and 64 MiB took the same time for each byte, and plain reading runs at 8000 MB/s.
//! Plain C hashed 161 to 243 MB in a second. So the ratio to plain C changes with what the other guests of the machine take of the
//! core: 5.5 to 9.3 was seen, and 6 is missed where they take more of the SHA unit than of the rest. The program prints both limits of
//! the unit as it finds them in the same run, and what part of them was reached: 89 and 84 % on a busy machine.
//!
//! # Without SHA-NI
//! Instructions for each byte (callgrind, 1 MiB): 51 for one message, 42 for two, 21 for four side by side in SSE2; plain C takes 54. The loader, which may
//! use AVX2, takes 16 for four messages and 8 for eight. Four messages in SSE2 reached 440 to 494 MB/s, twice the speed of one (178 to 232).
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]
#![allow(clippy::as_conversions, reason = "times and lengths become ratios")]
#![expect(unsafe_code, reason = "the image and the libraries are called")]

#[path = "../support/mapped.rs"]
mod mapped;
mod unit;

use mapped::Mapped;
use nix::libc;
use sha2::{Digest, Sha256};
use skexec::arch::x86_64::purgatory::{self, Params, Region};
use skexec_purgatory::SOUND;
use std::ffi::{CStr, CString, c_void};
use std::process::ExitCode;

const MIB: usize = 1 << 20;
const BUFFER: usize = 64 * MIB;
/// As many parts as are hashed side by side: with SHA-NI, and without.
const PARTS: [usize; 2] = [3, 4];

/// Nanoseconds of processor time, one for each pass.
type Passes = Vec<u64>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().filter(|argument| argument != "--bench").collect();
    let [_, crypto, plain, runs] = &arguments[..] else {
        eprintln!("usage: purgatory LIBCRYPTO PLAIN RUNS; cargo xtask bench purgatory knows them");
        return ExitCode::SUCCESS;
    };
    let runs: usize = runs.parse().unwrap();
    let sha_ni = mapped::has_sha_ni();
    if !sha_ni {
        println!("this processor has no SHA extensions: nothing of what is measured here can be seen on it");
    }

    let buffer: Vec<u8> = (0..BUFFER).map(|index| (index * 0x9e37_79b1).to_le_bytes()[3]).collect();
    // SAFETY: SHA256 of OpenSSL's sha.h.
    let openssl: extern "C" fn(*const u8, usize, *mut u8) -> *const u8 = unsafe { symbol(crypto, c"SHA256") };
    // SAFETY: as sha256.c has it.
    let plain: extern "C" fn(*const u8, usize, *mut u8) = unsafe { symbol(plain, c"plain_sha256") };
    let (mut by_openssl, mut by_plain) = ([0; 32], [0; 32]);
    openssl(buffer.as_ptr(), buffer.len(), by_openssl.as_mut_ptr());
    plain(buffer.as_ptr(), buffer.len(), by_plain.as_mut_ptr());
    assert_eq!(by_openssl, by_plain);
    let mut whole = image(&buffer, 1, sha_ni);
    let mut parts = image(&buffer, PARTS[0], sha_ni);
    let mut portable = image(&buffer, 1, false);
    let mut lanes = image(&buffer, PARTS[1], false);

    // The implementations take turns, so that other load on the machine affects all of them alike.
    let [mut ours, mut split, mut theirs, mut unaided, mut four, mut c] = [const { Passes::new() }; 6];
    for _ in 0..runs {
        ours.push(time(|| assert_eq!(whole.check().damaged, SOUND)));
        split.push(time(|| assert_eq!(parts.check().damaged, SOUND)));
        theirs.push(time(|| _ = openssl(buffer.as_ptr(), buffer.len(), by_openssl.as_mut_ptr())));
        unaided.push(time(|| assert_eq!(portable.check().damaged, SOUND)));
        four.push(time(|| assert_eq!(lanes.check().damaged, SOUND)));
        c.push(time(|| plain(buffer.as_ptr(), buffer.len(), by_plain.as_mut_ptr())));
    }
    println!("\n{} MiB, {runs} runs of each, in turns; medians", BUFFER / MIB);
    let [ours, split, theirs, unaided, four, c] = [
        ("purgatory, one region", ours),
        ("purgatory, three regions", split),
        ("OpenSSL", theirs),
        ("without SHA-NI, one", unaided),
        ("without SHA-NI, four", four),
        ("plain C, -O2, no SSE", c),
    ]
    .map(|(name, passes)| {
        let median = median(passes);
        println!("  {name:24} {:7.1} ms {:6.0} MB/s", median / 1e6, BUFFER as f64 * 1e3 / median);
        median
    });
    println!("  without SHA-NI: one region {:.2} times the plain C's speed, four {:.2} times", c / unaided, c / four);
    if sha_ni {
        limits(ours, split);
    }
    let met = [aim("one region, OpenSSL's", theirs / ours, 0.95), aim("three regions, the plain C's", c / split, 6.0)];
    if met == [true; 2] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says how much of what the processor's SHA unit can do was reached, given the nanoseconds of one region and of three.
fn limits(ours: f64, split: f64) {
    // SAFETY: the caller has found the instructions.
    let limits = unsafe { unit::limits() };
    let rows = [
        ("one region, whose rounds wait for each other", ours),
        ("three regions, which take turns in the core's one SHA unit", split),
    ];
    for ((what, time), limit) in rows.into_iter().zip(limits) {
        let reached = BUFFER as f64 * 1e3 / time;
        println!("  {what}: {reached:.0} of {limit:.0} MB/s, {:.0} %", 100.0 * reached / limit);
    }
}

fn aim(what: &str, ratio: f64, aim: f64) -> bool {
    let met = ratio >= aim;
    println!("  {what} speed: {ratio:.2} times; at least {aim:.2}: {}", if met { "met" } else { "MISSED" });
    met
}

/// The image with parameters to check the buffer in this many regions.
fn image(buffer: &[u8], parts: usize, sha_ni: bool) -> Mapped {
    let region = |part: &[u8]| Region {
        name: purgatory::name("part"),
        start: part.as_ptr().expose_provenance() as u64,
        length: part.len() as u64,
        digest: Sha256::digest(part).into(),
    };
    let regions: Vec<_> = buffer.chunks(buffer.len().div_ceil(parts)).map(region).collect();
    let params = Params { sha_ni: sha_ni.into(), ..Params::EMPTY };
    Mapped::new(&purgatory::arm(params, &regions, &[]).unwrap())
}

/// # Safety
/// The library must have a function of that name and type.
unsafe fn symbol<Function>(library: &str, name: &CStr) -> Function {
    let path = CString::new(library).unwrap();
    // SAFETY: both names end with a NUL; the function's type is the caller's word; the library stays loaded.
    unsafe {
        let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        assert!(!handle.is_null(), "{library}: {:?}", CStr::from_ptr(libc::dlerror()));
        let found: *mut c_void = libc::dlsym(handle, name.as_ptr());
        assert!(!found.is_null(), "{library} has no {name:?}");
        std::mem::transmute_copy(&found)
    }
}

fn time(pass: impl FnOnce()) -> u64 {
    let before = processor_time();
    pass();
    processor_time() - before
}

fn processor_time() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is ours to write.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0);
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).try_into().unwrap()
}

fn median(mut passes: Passes) -> f64 {
    passes.sort_unstable();
    passes[passes.len() / 2] as f64
}
