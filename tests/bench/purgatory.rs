//! Compares the purgatory's object code with OpenSSL and with a plain SHA-256 in C. `cargo xtask bench purgatory` runs this program with
//! the two libraries.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]
#![allow(clippy::as_conversions, reason = "times and lengths become ratios")]
#![expect(unsafe_code, reason = "the image and the libraries are called")]

#[path = "../support/mapped.rs"]
mod mapped;

use mapped::Mapped;
use nix::libc;
use sha2::{Digest, Sha256};
use skexec::arch::x86_64::purgatory::{self, Params, Region};
use skexec_purgatory::SOUND;
use std::ffi::{CStr, CString, c_void};
use std::process::ExitCode;

const MIB: usize = 1 << 20;
const BUFFER: usize = 64 * MIB;
/// The loader splits a large segment, so that two parts are hashed in parallel.
const PARTS: usize = 6;

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
    let mut parts = image(&buffer, PARTS, sha_ni);
    let mut portable = image(&buffer, 1, false);

    // The implementations take turns, so that other load on the machine affects all of them alike.
    let [mut ours, mut split, mut theirs, mut unaided, mut c] = [const { Passes::new() }; 5];
    for _ in 0..runs {
        ours.push(time(|| assert_eq!(whole.check().damaged, SOUND)));
        split.push(time(|| assert_eq!(parts.check().damaged, SOUND)));
        theirs.push(time(|| _ = openssl(buffer.as_ptr(), buffer.len(), by_openssl.as_mut_ptr())));
        unaided.push(time(|| assert_eq!(portable.check().damaged, SOUND)));
        c.push(time(|| plain(buffer.as_ptr(), buffer.len(), by_plain.as_mut_ptr())));
    }
    println!("\n{} MiB, {runs} runs of each, in turns; medians", BUFFER / MIB);
    let [ours, split, theirs, unaided, c] = [
        ("purgatory, one region", ours),
        ("purgatory, in parts", split),
        ("OpenSSL", theirs),
        ("purgatory, portable", unaided),
        ("plain C, -O2, no SSE", c),
    ]
    .map(|(name, passes)| {
        let median = median(passes);
        println!("  {name:24} {:7.1} ms {:6.0} MB/s", median / 1e6, BUFFER as f64 * 1e3 / median);
        median
    });
    println!("  purgatory, portable: {:.2} times the plain C's speed", c / unaided);
    let met = [aim("one region, OpenSSL's", theirs / ours, 0.95), aim("in parts, the plain C's", c / split, 6.0)];
    if met == [true; 2] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
    let regions: Vec<_> = buffer.chunks(buffer.len() / parts).map(region).collect();
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
