//! Time limits, which a busy machine may extend.

use std::env;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The environment variable with the factor by which every time limit of a guest is multiplied.
const VARIABLE: &str = "SKEXEC_VM_PATIENCE";
const MOST: u32 = 100;

/// A factor for time limits, from 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience(u32);

impl Patience {
    /// The factor in the environment, or 1.
    pub(crate) fn from_environment() -> Result<Self> {
        env::var_os(VARIABLE).map_or(Ok(Self(1)), |text| Self::parse(&text.to_string_lossy()))
    }

    fn parse(text: &str) -> Result<Self> {
        let factor = text.parse().with_context(|| format!("{VARIABLE}={text}: not a whole number"))?;
        ensure!((1..=MOST).contains(&factor), "{VARIABLE}={text}: not a factor from 1 to {MOST}");
        Ok(Self(factor))
    }

    pub(crate) fn with(self, limit: Duration) -> Duration {
        limit * self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_a_small_whole_number() {
        let limit = Duration::from_secs(2);
        assert_eq!(Patience::parse("3").expect("a factor").with(limit), Duration::from_secs(6));
        for wrong in ["0", "101", "-1", "1.5", ""] {
            let error = Patience::parse(wrong).expect_err(wrong).to_string();
            assert!(error.starts_with(&format!("SKEXEC_VM_PATIENCE={wrong}: not ")), "{error}");
        }
    }
}
