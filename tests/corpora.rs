//! Replays on stable Rust every input that the fuzzer kept or failed on, so that fixed faults stay fixed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use forge::random::Random;
use std::fs;
use std::path::Path;

#[test]
fn every_saved_input_keeps_its_property() {
    let saved = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fuzz");
    for (target, property) in properties::ALL {
        let mut inputs: Vec<_> = fs::read_dir(saved.join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{target} has no saved input");
        for input in &inputs {
            // The last name printed is the one that fails.
            println!("{target}/{}", input.file_name().unwrap().display());
            property(&fs::read(input).unwrap());
        }
        println!("{target}: {} inputs", inputs.len());
    }
}

/// `cargo run -p properties --example mutate` does the same for as long as is asked for.
#[test]
fn mutated_seeds_keep_their_properties() {
    let seeds = properties::seeds::seeds();
    for (target, property) in properties::ALL {
        let own = properties::seeds::of(target, &seeds);
        assert!(!own.is_empty(), "{target} has no seed");
        for seed in 1..=40_u64 {
            // The last one printed is the one that fails.
            println!("{target}, seed {seed}");
            property(&properties::mutated(&own, &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
        }
    }
}

#[test]
fn every_seed_keeps_its_property() {
    let seeds = properties::seeds::seeds();
    for (target, property) in properties::ALL {
        println!("{target}");
        properties::seeds::of(target, &seeds).iter().for_each(|seed| property(seed));
    }
}

#[test]
fn every_target_is_a_property() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/targets");
    let mut names: Vec<_> = fs::read_dir(targets).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let names: Vec<_> = names.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, properties::ALL.map(|(name, _)| name));
}
