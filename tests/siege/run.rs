//! The attacks, one after the other: a few rounds of each, or rounds until the minutes are over.

use super::page;
use forge::random::Random;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// One kind of attack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// What is done.
    pub(crate) what: &'static str,
    /// What must hold.
    pub(crate) holds: &'static str,
    /// What was found by it, and mended.
    pub(crate) found: &'static str,
    /// The rounds of a short run.
    pub(crate) rounds: u32,
    /// One round. It panics where something does not hold.
    pub(crate) round: fn(&mut Random),
}

/// The rounds that were made of an attack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    pub(crate) attack: Attack,
    pub(crate) rounds: u32,
}

/// `cargo test` makes the same rounds each time: a change is judged by what it changed. `cargo xtask siege` takes other seeds.
const SEED: u64 = 20_261_129;

/// Makes those attacks whose names contain one of the arguments, or all.
pub(crate) fn all(attacks: &[Attack]) -> ExitCode {
    let filters: Vec<_> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if env::args().any(|word| word == "--list") {
        attacks.iter().for_each(|attack| println!("{}: test", attack.name));
        return ExitCode::SUCCESS;
    }
    let has = |attack: &Attack, filter: &String| format!("siege-{}", attack.name).contains(filter);
    let is_chosen = |attack: &Attack| filters.is_empty() || filters.iter().any(|filter| has(attack, filter));
    let chosen: Vec<_> = attacks.iter().copied().filter(is_chosen).collect();
    let minutes: Option<u64> = env::var("SKEXEC_SIEGE_MINUTES").ok().map(|text| text.parse().unwrap());
    let seed = env::var("SKEXEC_SIEGE_SEED").map_or(SEED, |text| text.parse().unwrap()).max(1);
    println!("\nseed {seed}: SKEXEC_SIEGE_SEED={seed} repeats this run");
    let share = minutes.map(|minutes| Duration::from_secs(60 * minutes) / u32::try_from(chosen.len().max(1)).unwrap());
    let mut failed = false;
    let mut made = Vec::new();
    for attack in &chosen {
        match besiege(attack, seed, share) {
            Ok(rounds) => made.push(Made { attack: *attack, rounds }),
            Err(()) => failed = true,
        }
    }
    // The page names every attack, so that a run of some cannot say whether it is right.
    if filters.is_empty() && !failed && !page::is_right(attacks, &made) {
        println!("docs/siege.md is out of date: cargo xtask siege");
        failed = true;
    }
    println!("\nsiege: {} of {} attacks were withstood\n", made.len(), chosen.len());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Makes the rounds of an attack. Each has a seed of its own, so that it can be repeated alone.
fn besiege(attack: &Attack, seed: u64, share: Option<Duration>) -> Result<u32, ()> {
    let start = Instant::now();
    let mut rounds = 0;
    while share.map_or(rounds < attack.rounds, |share| start.elapsed() < share || rounds < attack.rounds) {
        let own = seed.wrapping_add(u64::from(rounds));
        // Seeds that follow each other begin alike.
        let mut random = Random(own.wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1));
        if catch_unwind(AssertUnwindSafe(|| (attack.round)(&mut random))).is_err() {
            println!("siege {}: FAILED in round {rounds}; SKEXEC_SIEGE_SEED={own} makes it the first", attack.name);
            return Err(());
        }
        rounds += 1;
    }
    println!("siege {}: {rounds} rounds, {} ms ... ok", attack.name, start.elapsed().as_millis());
    Ok(rounds)
}
