//! What is said when the new kernel is not started.

use crate::console::Output;
use skexec_purgatory::{OnMismatch, Params, Verdict};

/// What the exception stubs and the processor left on the stack.
#[repr(C)]
pub(crate) struct Frame {
    vector: u64,
    error: u64,
    rip: u64,
}

pub(crate) fn damage(image: *const u8, params: &Params, verdict: &Verdict) {
    let mut output = Output::open(params);
    let region = params.regions.iter().zip(0..).find(|(_, index)| *index == verdict.damaged);
    let digest_at = core::ptr::from_ref(&params.self_digest).addr();
    let (name, start, end, wanted) = match region {
        Some((region, _)) => (&region.name[..], region.start, region.start.wrapping_add(region.length), &region.digest),
        None => (&b"purgatory"[..], number(image.addr()), number(digest_at), &params.self_digest),
    };
    output.text(b"\nskexec: segment \"");
    for byte in name.iter().take_while(|byte| **byte != 0) {
        output.text(&[*byte]);
    }
    output.text(b"\" ");
    output.address(start);
    output.text(b"-");
    output.address(end);
    output.text(b" is damaged\nskexec: SHA-256 wanted ");
    output.hex(wanted);
    output.text(b"\nskexec: SHA-256 found  ");
    output.hex(&verdict.found);
    close(&mut output, params);
}

pub(crate) fn exception(image: *const u8, params: &Params, frame: &Frame, address: u64) {
    let mut output = Output::open(params);
    output.text(b"\nskexec: exception ");
    output.hex(&[low_byte(frame.vector)]);
    output.text(b" in the purgatory at ");
    output.address(number(image.addr()));
    output.text(b"\nskexec: rip ");
    output.address(frame.rip);
    output.text(b" error ");
    output.address(frame.error);
    output.text(b" cr2 ");
    output.address(address);
    close(&mut output, params);
}

fn close(output: &mut Output, params: &Params) {
    let halts = params.on_mismatch == OnMismatch::HALT;
    output.text(if halts {
        b"\nskexec: not booted; the machine is halted\n"
    } else {
        b"\nskexec: not booted; the machine is reset\n"
    });
    output.flush();
}

fn low_byte(number: u64) -> u8 {
    let [byte, ..] = number.to_le_bytes();
    byte
}

#[expect(clippy::as_conversions, reason = "x86-64 alone: both have 64 bits")]
fn number(address: usize) -> u64 {
    address as u64
}
