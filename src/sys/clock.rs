//! The clock on the wall, in the time zone of this machine.

use nix::libc;

/// A date and a time of day, in the time zone of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// The year.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
    /// The hour.
    pub hour: i64,
    /// The minute.
    pub minute: i64,
}

/// The local time of a second since 1970; nothing where the C library cannot tell it.
#[must_use]
pub fn local_time(second: i64) -> Option<LocalTime> {
    let parts = broken_down(second)?;
    Some(LocalTime {
        year: i64::from(parts.tm_year).checked_add(1900)?,
        month: i64::from(parts.tm_mon).checked_add(1)?,
        day: parts.tm_mday.into(),
        hour: parts.tm_hour.into(),
        minute: parts.tm_min.into(),
    })
}

/// The first second after `now` at which the local time is this one: today or tomorrow.
#[must_use]
pub fn next_time_of_day(now: i64, hour: u8, minute: u8) -> Option<i64> {
    let today = broken_down(now)?;
    let on = |day: libc::c_int| {
        let mut parts = libc::tm { tm_hour: hour.into(), tm_min: minute.into(), tm_sec: 0, tm_mday: day, ..today };
        // Whether it is summer time then is to be found out.
        parts.tm_isdst = -1;
        // SAFETY: the structure is whole, and the function keeps no pointer to it.
        let second = unsafe { libc::mktime(&raw mut parts) };
        (second > now).then_some(second)
    };
    on(today.tm_mday).or_else(|| on(today.tm_mday.checked_add(1)?))
}

fn broken_down(second: i64) -> Option<libc::tm> {
    // SAFETY: all members are integers, and one pointer that may be null.
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values, of which the second is exclusive. The time zone's name that the structure then
    // points to is never read.
    let told = unsafe { libc::localtime_r(&raw const second, &raw mut parts) };
    (!told.is_null()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_of_day_is_within_a_day() {
        for now in [0, 1_772_359_200, 1_772_359_259, 1_798_761_599] {
            for (hour, minute) in [(0, 0), (10, 0), (10, 1), (23, 59)] {
                let next = next_time_of_day(now, hour, minute).unwrap();
                // A day in which the clocks are set back is longer.
                assert!(next > now && next - now <= 25 * 3600, "{now}: {next}");
                let time = local_time(next).unwrap();
                assert_eq!((time.hour, time.minute), (hour.into(), minute.into()), "{now}");
            }
        }
    }
}
