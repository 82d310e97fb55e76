//! Whether groff finds faults in the manual pages.

use std::fs;

use anyhow::Result;

use crate::cache::Cache;
use crate::checks::Checks;
use crate::deb;
use crate::fetch::{Fetch, Group};
use crate::report::Report;

/// Renders each page; whatever groff says is a fault.
pub(crate) fn check(cache: &Cache, checks: &mut Checks) -> Result<()> {
    let groff = Fetch::new(cache, Report::new()).extras(Group::Groff)?;
    let directory = cache.path("run/manual");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    for page in deb::manual_pages(cache, &directory)? {
        let rendered = groff.groff().args(["-man", "-ww", "-Tutf8", "-z"]).arg(&page).output()?;
        let fine = rendered.status.success() && rendered.stderr.is_empty();
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        checks.holds(&name, fine, &String::from_utf8_lossy(&rendered.stderr));
    }
    Ok(())
}
