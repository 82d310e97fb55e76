//! With nothing but what every x86-64 processor has.

use super::{BLOCK, Job, K};

/// Adds the next `blocks` blocks of the job to its state.
///
/// # Safety
/// They must be readable.
pub(super) unsafe fn compress(job: &mut Job, blocks: usize) {
    for _ in 0..blocks {
        let block: *const [u8; BLOCK] = job.at.cast();
        // SAFETY: the caller's word; bytes need no alignment.
        one(&mut job.state, unsafe { &*block });
        job.at = job.at.wrapping_add(BLOCK);
    }
    job.blocks = job.blocks.wrapping_sub(blocks);
}

fn one(state: &mut [u32; 8], block: &[u8; BLOCK]) {
    let mut words = [0_u32; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let mut working = *state;
    let (sixteens, _) = K.0.as_chunks::<16>();
    for (turn, constants) in sixteens.iter().enumerate() {
        if turn > 0 {
            extend(&mut words);
        }
        sixteen(&mut working, &words, constants);
    }
    for (word, add) in state.iter_mut().zip(working) {
        *word = word.wrapping_add(add);
    }
}

/// The next sixteen words of the message schedule, in place of the last.
#[inline(always)]
fn extend(words: &mut [u32; 16]) {
    macro_rules! extend {
        ($($index:literal)*) => {$(
            let (early, late) = (words[($index + 1) % 16], words[($index + 14) % 16]);
            // x >>> 7 ^ x >>> 18, and x >>> 17 ^ x >>> 19: nested, it is one move less each.
            let sigma0 = (early.rotate_right(11) ^ early).rotate_right(7) ^ early >> 3;
            let sigma1 = (late.rotate_right(2) ^ late).rotate_right(17) ^ late >> 10;
            words[$index] =
                words[$index].wrapping_add(sigma0).wrapping_add(words[($index + 9) % 16]).wrapping_add(sigma1);
        )*};
    }
    extend!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

/// Eight rounds at a time: then every word has its name again, and none was moved.
#[inline(always)]
fn sixteen(state: &mut [u32; 8], words: &[u32; 16], constants: &[u32; 16]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (words, constants) in words.as_chunks::<8>().0.iter().zip(constants.as_chunks::<8>().0) {
        macro_rules! round {
            ($index:literal, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
                let sum1 = (($e.rotate_right(14) ^ $e).rotate_right(5) ^ $e).rotate_right(6);
                let choice = $g ^ $e & ($f ^ $g);
                let first = $h.wrapping_add(constants[$index]).wrapping_add(words[$index]);
                let first = first.wrapping_add(choice).wrapping_add(sum1);
                let sum0 = (($a.rotate_right(9) ^ $a).rotate_right(11) ^ $a).rotate_right(2);
                let majority = $b ^ ($a ^ $b) & ($b ^ $c);
                $d = $d.wrapping_add(first);
                $h = first.wrapping_add(sum0).wrapping_add(majority);
            };
        }
        round!(0, a b c d e f g h);
        round!(1, h a b c d e f g);
        round!(2, g h a b c d e f);
        round!(3, f g h a b c d e);
        round!(4, e f g h a b c d);
        round!(5, d e f g h a b c);
        round!(6, c d e f g h a b);
        round!(7, b c d e f g h a);
    }
    *state = [a, b, c, d, e, f, g, h];
}
