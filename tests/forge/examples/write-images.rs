//! Writes every case into the named directory, so that other verifiers can judge the files, with a `list.tsv`: name, errno of
//! Linux 6.12, expected verdict of skexec, description. Files that crash kernels are left out unless `--hazards` is given.

use std::path::PathBuf;
use std::{env, fs};

fn main() -> std::io::Result<()> {
    let dir = PathBuf::from(env::args_os().nth(1).expect("a directory"));
    let hazards = env::args().any(|arg| arg == "--hazards");
    fs::create_dir_all(&dir)?;
    let mut list = String::new();
    for case in forge::cases().iter().filter(|case| hazards || !case.hazard) {
        fs::write(dir.join(&case.name), &case.image)?;
        let number = |n: Option<i32>| n.map_or("-".to_owned(), |n| n.to_string());
        list += &format!("{}\t{}\t{:?}\t{}\n", case.name, number(case.kernel), case.skexec, case.about);
    }
    for cert in forge::db() {
        fs::write(dir.join(format!("db-{}.pem", cert.name)), cert.pem())?;
    }
    fs::write(dir.join("db.esl"), forge::db_esl())?;
    fs::write(dir.join("dbx.esl"), forge::dbx_esl())?;
    fs::write(dir.join("list.tsv"), list)
}
