//! The image: from the old kernel's last instruction to the new one's first.
//!
//! `entry.s` makes an environment in which Rust can run, calls [`purgatory_main`], and jumps to the kernel when that
//! comes back. Nothing here may panic (the link fails), be relocated (the same), or read what the old kernel left.
#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "it runs on the bare machine")]

mod console;
mod end;
mod io;
mod report;

use core::arch::global_asm;
use skexec_purgatory::{Params, SOUND, Verdict, backup, check, zero};

global_asm!(include_str!("entry.s"), magic = const Params::MAGIC, rest = const Params::SIZE - 8, options(att_syntax));
global_asm!(include_str!("memory.s"), options(att_syntax));

/// Checks everything, then copies what is to be kept of the old kernel's memory; comes back only when all was sound.
///
/// # Safety
/// `image` and `params` are the image's start and its parameter block.
#[unsafe(no_mangle)]
unsafe extern "C" fn purgatory_main(image: *const u8, params: &Params) {
    // SAFETY: as the entry code says; the regions are identity-mapped memory.
    let verdict = unsafe { check(image, params) };
    if verdict.damaged != SOUND {
        report::damage(image, params, &verdict);
        end::end(params);
    }
    // SAFETY: the loader's word: a segment of its own holds the copy.
    unsafe { backup(params) };
}

/// The check alone, for whoever calls the image as a function: nothing of the machine is touched.
///
/// # Safety
/// As [`check`].
#[unsafe(no_mangle)]
unsafe extern "C" fn purgatory_verdict(image: *const u8, params: &Params, verdict: &mut Verdict) {
    // SAFETY: the caller's word.
    *verdict = unsafe { check(image, params) };
}

/// Zeroes the spans. The entry code calls it when everything was found sound; it can be called as a function, too.
///
/// # Safety
/// As [`zero`].
#[unsafe(no_mangle)]
unsafe extern "C" fn purgatory_zero_spans(params: &Params) {
    // SAFETY: the caller's word.
    unsafe { zero(params) };
}

/// Makes the copy, for whoever calls the image as a function.
///
/// # Safety
/// As [`backup`].
#[unsafe(no_mangle)]
unsafe extern "C" fn purgatory_copy(params: &Params) {
    // SAFETY: the caller's word.
    unsafe { backup(params) };
}

/// An exception: says where, and ends as a mismatch does.
#[unsafe(no_mangle)]
extern "C" fn purgatory_fault(image: *const u8, params: &Params, frame: &report::Frame, address: u64) -> ! {
    report::exception(image, params, frame, address);
    end::end(params)
}

/// An exception while one was being reported.
#[unsafe(no_mangle)]
extern "C" fn purgatory_end(params: &Params) -> ! {
    end::end(params)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        /// Nobody defines it: a panic path that is left fails the link by this name.
        fn purgatory_must_not_panic() -> !;
    }
    // SAFETY: it is never linked.
    unsafe { purgatory_must_not_panic() }
}
