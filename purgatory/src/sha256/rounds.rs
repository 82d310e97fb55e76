//! The rounds, for one message or for several side by side.

use super::words::{LANES, Words};
use super::{BLOCK, Job, K};

/// Adds the next `blocks` blocks of the job to its state.
///
/// # Safety
/// They must be readable.
pub(super) unsafe fn alone(job: &mut Job, blocks: usize) {
    // SAFETY: the caller's word; every processor has these words.
    unsafe { compress::<u32>(&mut [Some(job)], blocks) };
}

/// Adds the next `blocks` blocks of each job to its state. Jobs beyond the lanes are left alone.
///
/// # Safety
/// They must be readable, there must be one job or more, and the processor must have what `W` needs.
#[inline(always)]
pub(super) unsafe fn compress<W: Words>(jobs: &mut [Option<&mut Job>], blocks: usize) {
    let mut at = [core::ptr::null(); LANES];
    let mut states = [[0; LANES]; 8];
    // A lane without a job repeats the first one's.
    if let Some(Some(first)) = jobs.first() {
        at = [first.at; LANES];
    }
    for ((lane, at), job) in at.iter_mut().enumerate().zip(jobs.iter().take(W::LANES).flatten()) {
        *at = job.at;
        for (words, word) in states.iter_mut().zip(job.state) {
            // Written so that no panic is left: `lane` is below the length.
            if let Some(lane) = words.get_mut(lane) {
                *lane = word;
            }
        }
    }
    let mut state = states.map(|words| W::of(&words));
    for _ in 0..blocks {
        // SAFETY: the caller's word.
        one(&mut state, unsafe { W::block(&at) });
        for at in &mut at {
            *at = at.wrapping_add(BLOCK);
        }
    }
    let states = state.map(W::to);
    for ((lane, at), job) in at.into_iter().enumerate().zip(jobs.iter_mut().take(W::LANES).flatten()) {
        for (words, word) in states.iter().zip(&mut job.state) {
            *word = words.get(lane).copied().unwrap_or_default();
        }
        job.at = at;
        job.blocks = job.blocks.wrapping_sub(blocks);
    }
}

#[inline(always)]
fn one<W: Words>(state: &mut [W; 8], mut words: [W; 16]) {
    let mut working = *state;
    let (sixteens, _) = K.0.as_chunks::<16>();
    for (turn, constants) in sixteens.iter().enumerate() {
        if turn > 0 {
            extend(&mut words);
        }
        sixteen(&mut working, &words, constants);
    }
    for (word, add) in state.iter_mut().zip(working) {
        *word = word.plus(add);
    }
}

/// The next sixteen words of the message schedule, in place of the last.
#[inline(always)]
fn extend<W: Words>(words: &mut [W; 16]) {
    macro_rules! extend {
        ($($index:literal)*) => {$(
            let (early, late) = (words[($index + 1) % 16].small0(), words[($index + 14) % 16].small1());
            words[$index] = words[$index].plus(early).plus(words[($index + 9) % 16]).plus(late);
        )*};
    }
    extend!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

/// Eight rounds at a time: then every word has its name again, and none was moved.
#[inline(always)]
fn sixteen<W: Words>(state: &mut [W; 8], words: &[W; 16], constants: &[u32; 16]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (words, constants) in words.as_chunks::<8>().0.iter().zip(constants.as_chunks::<8>().0) {
        macro_rules! round {
            ($index:literal, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
                let choice = $g.xor($e.and($f.xor($g)));
                let first = $h.plus(W::all(constants[$index])).plus(words[$index]);
                let first = first.plus(choice).plus($e.big1());
                let majority = $b.xor($a.xor($b).and($b.xor($c)));
                $d = $d.plus(first);
                $h = first.plus($a.big0()).plus(majority);
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
