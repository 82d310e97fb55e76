//! Writes every seed below the named directory, into a directory with the name of its target.

use properties::seeds::seeds;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> std::io::Result<()> {
    let dir = PathBuf::from(env::args_os().nth(1).expect("a directory"));
    for (index, (target, bytes)) in seeds().into_iter().enumerate() {
        let corpus = dir.join(target);
        fs::create_dir_all(&corpus)?;
        fs::write(corpus.join(format!("seed-{index:04}")), bytes)?;
    }
    Ok(())
}
