//! skexec-sign's tests with keys in a token. The token is SoftHSM, fetched into the cache.

use anyhow::Result;

use crate::cache::{self, Cache};
use crate::fetch::{Fetch, Group};
use crate::report::Report;
use crate::tool;

pub(crate) fn run(cache: &Cache) -> Result<()> {
    let report = Report::new();
    let softhsm = Fetch::new(cache, report).extras(Group::SoftHsm)?;
    report.step("test    skexec-sign with keys in SoftHSM", || {
        let mut test = cache::cargo();
        test.current_dir(cache.workspace("")).args(["test", "--package", "skexec-sign", "--test", "pkcs11"]);
        test.env("SOFTHSM2_MODULE", softhsm.path("usr/lib/softhsm/libsofthsm2.so"));
        test.env("SOFTHSM2_UTIL", softhsm.path("usr/bin/softhsm2-util"));
        test.env("SOFTHSM2_LIBRARIES", softhsm.library_path());
        tool::run(test.args(["--", "--include-ignored"]))
    })
}
