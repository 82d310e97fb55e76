//! Gives mutated seeds to every property, or to those that are named, for so many seconds each. An input that breaks its property is
//! written to the folder.

use forge::random::Random;
use properties::{mutated, seeds};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let (Some(folder), Some(seconds)) = (words.next(), words.next().and_then(|text| text.parse().ok())) else {
        eprintln!("usage: mutate FOLDER SECONDS [TARGET]...");
        return ExitCode::from(2);
    };
    let (folder, time, named) = (PathBuf::from(folder), Duration::from_secs(seconds), words.collect::<Vec<_>>());
    let seeds = seeds::seeds();
    let mut random = Random(u64::from(std::process::id()).max(1));
    let mut found = 0;
    for (target, property) in
        properties::ALL.iter().filter(|(name, _)| named.is_empty() || named.iter().any(|one| one == name))
    {
        let own = seeds::of(target, &seeds);
        let (start, mut runs) = (Instant::now(), 0_u64);
        while start.elapsed() < time {
            let input = mutated(&own, &mut random);
            runs += 1;
            if catch_unwind(AssertUnwindSafe(|| property(&input))).is_err() {
                found += 1;
                let path = folder.join(format!("{target}-{found}"));
                fs::write(&path, &input).expect("the folder can be written to");
                println!("{}: the property is broken", path.display());
            }
        }
        println!("{target}: {} seeds, {runs} runs", own.len());
    }
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
