//! The time, as signatures and certificates state it.

use crate::failure::Failure;
use der::DateTime;
use der::asn1::{GeneralizedTime, UtcTime};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_cert::time::Time;

/// The time this many seconds from now.
pub(crate) fn date_after(seconds: u64) -> Result<DateTime, Failure> {
    let clock = || Failure::failed("the clock is set to a time that a signature cannot state");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| clock())?;
    let then = now.checked_add(Duration::from_secs(seconds)).ok_or_else(clock)?;
    DateTime::from_unix_duration(then).map_err(|_| clock())
}

/// The same as UTCTime up to the year 2049 (RFC 5280, 4.1.2.5; RFC 5652, 11.3).
pub(crate) fn time_after(seconds: u64) -> Result<Time, Failure> {
    let then = date_after(seconds)?;
    if then.year() <= UtcTime::MAX_YEAR {
        return Ok(Time::UtcTime(UtcTime::from_date_time(then)?));
    }
    Ok(Time::GeneralTime(GeneralizedTime::from_date_time(then)))
}
