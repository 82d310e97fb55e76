//! Writes every boot that is signed as a whole below the named directory, each into a folder of its own, with a `list.tsv`: name,
//! expected verdict of the firmware on the UKI (loads, refuses, unknown; `-` for a boot that is no UKI), exit code and first reason
//! of skexec's load (0 and `-` if it is trusted), options, description. `db.esl` and `dbx.esl` are the firmware's variables; `sbat` is the level.

use std::path::PathBuf;
use std::{env, fs};

use forge::bundles::{Bundle, Firmware, UKI, bundles};

fn main() -> std::io::Result<()> {
    let dir = PathBuf::from(env::args_os().nth(1).expect("a directory"));
    fs::create_dir_all(&dir)?;
    let mut list = String::new();
    for bundle in bundles() {
        for (name, bytes) in &bundle.files {
            let path = dir.join(&bundle.name).join(name);
            fs::create_dir_all(path.parent().expect("a file in a folder"))?;
            fs::write(path, bytes)?;
        }
        list += &row(bundle);
    }
    fs::write(dir.join("db.esl"), forge::db_esl())?;
    fs::write(dir.join("dbx.esl"), forge::dbx_esl())?;
    fs::write(dir.join("sbat"), forge::sbat::LEVEL)?;
    fs::write(dir.join("list.tsv"), list)
}

fn row(bundle: &Bundle) -> String {
    let firmware = match bundle.firmware {
        _ if bundle.boot != UKI => "-",
        Firmware::Loads => "loads",
        Firmware::Refuses => "refuses",
        Firmware::Unknown => "unknown",
    };
    let (exit, slug) = bundle.load.unwrap_or((0, "-"));
    let options = bundle.options.join(" ");
    format!("{}\t{firmware}\t{exit}\t{slug}\t{options}\t{}\n", bundle.name, bundle.about)
}
