use anyhow::Result;
pub(crate) fn run(_: &crate::Shell) -> Result<()> {
    Ok(())
}
