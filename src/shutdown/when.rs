//! The time of a shutdown.

use crate::sys::{local_time, next_time_of_day};
use std::time::{SystemTime, UNIX_EPOCH};

/// The minutes of a leap year: more is a slip of the hand.
const MOST: u32 = 366 * 24 * 60;

/// When the machine is shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// At once.
    Now,
    /// After so many minutes.
    After(u32),
    /// The next time that the clock shows this hour and minute.
    At(u8, u8),
    /// Never: a shutdown that was scheduled is cancelled.
    Cancel,
}

impl When {
    /// Reads `now`, `+MINUTES`, `HH:MM` or `cancel`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "write now, +MINUTES (at most a year), HH:MM or cancel".to_owned();
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text {
            "now" | "+0" => return Ok(Self::Now),
            "cancel" => return Ok(Self::Cancel),
            _ => {}
        }
        if let Some(minutes) = text.strip_prefix('+') {
            let minutes = minutes.parse().ok().filter(|number| digits(minutes) && *number <= MOST);
            return minutes.map(Self::After).ok_or_else(wrong);
        }
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let whole = digits(hour) && digits(minute) && hour.len() <= 2 && minute.len() == 2;
        match (hour.parse(), minute.parse()) {
            (Ok(hour @ 0..24), Ok(minute @ 0..60)) if whole => Ok(Self::At(hour, minute)),
            _ => Err(wrong()),
        }
    }

    /// The second since 1970 at which a shutdown is to begin; nothing for one that begins at once, or never.
    ///
    /// # Errors
    /// That a time which is wanted cannot be told: without an error it would be now.
    pub(crate) fn due(self, now: SystemTime) -> Result<Option<i64>, String> {
        let since = now.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
        let due = match (self, since) {
            (Self::Now | Self::Cancel, _) => return Ok(None),
            (Self::After(minutes), Some(now)) => {
                i64::from(minutes).checked_mul(60).and_then(|wait| wait.checked_add(now))
            }
            (Self::At(hour, minute), Some(now)) => next_time_of_day(now, hour, minute),
            (_, None) => None,
        };
        due.map(Some).ok_or_else(|| "the time of --when cannot be told by this machine's clock: set the clock".into())
    }
}

/// A time for people: the date and the time of day of this machine.
pub(crate) fn on_the_clock(second: i64) -> String {
    match local_time(second) {
        Some(time) => {
            format!("{:04}-{:02}-{:02} {:02}:{:02}", time.year, time.month, time.day, time.hour, time.minute)
        }
        None => format!("{second} s after 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_read_or_refused() {
        let good = [
            ("now", When::Now),
            ("+0", When::Now),
            ("+1", When::After(1)),
            ("+1440", When::After(1440)),
            ("+527040", When::After(527_040)),
            ("0:00", When::At(0, 0)),
            ("7:05", When::At(7, 5)),
            ("23:59", When::At(23, 59)),
            ("cancel", When::Cancel),
        ];
        for (text, wanted) in good {
            assert_eq!(When::parse(text), Ok(wanted), "{text}");
        }
        for text in [
            "",
            "+",
            "+-1",
            "++1",
            "+1.5",
            "5",
            "24:00",
            "1:60",
            "1:5",
            "001:05",
            "-1:00",
            "1:005",
            "Now",
            "+99999999999",
            "+527041",
        ] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_shutdown_is_due_at_a_second() {
        let now = UNIX_EPOCH + Duration::from_secs(1_772_359_200);
        assert_eq!((When::Now.due(now), When::Cancel.due(now)), (Ok(None), Ok(None)));
        assert_eq!(When::After(2).due(now), Ok(Some(1_772_359_320)));
        let at = When::At(3, 30).due(now).unwrap().unwrap();
        assert!(on_the_clock(at).ends_with(" 03:30"), "{}", on_the_clock(at));
    }

    #[test]
    fn a_time_that_cannot_be_told_is_not_now() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(When::Now.due(before), Ok(None));
        for when in [When::After(2), When::At(3, 30)] {
            assert!(when.due(before).unwrap_err().contains("--when"), "{when:?}");
        }
    }
}
