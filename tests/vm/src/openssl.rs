//! Compares skexec with OpenSSL: whether the signature of each of the forge's messages holds, and of mutated ones.

use anyhow::Result;

use crate::cache::{self, Cache};
use crate::fetch::Fetch;
use crate::report::Report;
use crate::tool;

const SECONDS: &str = "60";

pub(crate) fn run(cache: &Cache) -> Result<()> {
    let report = Report::new();
    let tools = Fetch::new(cache, report).tools()?;
    let table = report.step("compare skexec with OpenSSL", || {
        let mut compare = cache::cargo();
        compare.current_dir(cache.workspace("")).args([
            "run",
            "--quiet",
            "--package",
            "properties",
            "--example",
            "openssl",
        ]);
        compare.arg(tools.path("usr/bin/openssl")).arg(cache.path("run/openssl")).arg(SECONDS);
        compare.env("OPENSSL_CONF", tools.path("etc/ssl/openssl.cnf")).env("OPENSSL_LIBRARIES", tools.library_path());
        tool::stdout(&mut compare)
    })?;
    println!("{table}");
    Ok(())
}
