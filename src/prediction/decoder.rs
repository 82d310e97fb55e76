//! The kernel's ASN.1 decoder (`lib/asn1_decoder.c:asn1_ber_decoder`): the encodings that it accepts, and the values that it reads.
//!
//! Notable: a wanted primitive tag must be primitive, a wanted constructed tag may be either; lengths need not be
//! minimal but have two bytes at most; high tags are refused; bytes after the outermost element are ignored.

use super::asn1::{Inside, Item, Step};
use super::errno::Errno;
use super::stop::{Hazard, Stop};

const CONSTRUCTED: u8 = 0x20;
const INDEFINITE: u8 = 0x80;
const LIMIT: usize = 65535;

/// An element as an action sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    bytes: &'a [u8],
    /// The tag last read: after an element that was entered, some tag within it.
    pub(super) tag: u8,
    /// Bytes of tag and length, at most four.
    pub(super) header: usize,
    start: usize,
    /// Bytes of content, with the end mark where a leaf has no definite length.
    pub(super) len: usize,
}

impl<'a> Seen<'a> {
    /// The content.
    pub(super) fn value(&self) -> Result<&'a [u8], Stop> {
        self.back(0)
    }

    /// The content and so many bytes before it.
    pub(super) fn back(&self, before: usize) -> Result<&'a [u8], Stop> {
        let start = self.start.checked_sub(before).ok_or(Hazard::Oops)?;
        let end = self.start.saturating_add(self.len);
        self.bytes.get(start..end).ok_or_else(|| Hazard::Oops.into())
    }

    /// From the element's tag to the end of all the bytes, far past the element itself.
    pub(super) fn onward(&self) -> Result<&'a [u8], Stop> {
        let start = self.start.checked_sub(self.header).ok_or(Hazard::Oops)?;
        self.bytes.get(start..).ok_or_else(|| Hazard::Oops.into())
    }
}

/// The actions of a grammar.
pub(super) trait Actions<'a> {
    type Action: Copy + 'static;

    fn act(&mut self, action: Self::Action, seen: &Seen<'a>) -> Result<(), Stop>;
}

/// Decodes the first `claimed` of the bytes; if there are fewer, the kernel reads past the end.
pub(super) fn asn1_ber_decoder<'a, T: Actions<'a>>(
    grammar: &[Step<T::Action>],
    bytes: &'a [u8],
    claimed: usize,
    actions: &mut T,
) -> Result<(), Stop> {
    if claimed > LIMIT {
        return Err(Errno::Msgsize.into());
    }
    let mut decoder = Decoder {
        bytes,
        at: 0,
        end: claimed,
        found: false,
        called: false,
        seen: Seen { bytes, tag: 0, header: 0, start: 0, len: 0 },
        actions,
    };
    decoder.run(grammar)
}

struct Decoder<'a, 'b, T> {
    bytes: &'a [u8],
    at: usize,
    /// The end of the innermost element that has a definite length.
    end: usize,
    found: bool,
    called: bool,
    seen: Seen<'a>,
    actions: &'b mut T,
}

fn bad<T>() -> Result<T, Stop> {
    Err(Errno::Badmsg.into())
}

impl<'a, T: Actions<'a>> Decoder<'a, '_, T> {
    fn run(&mut self, steps: &[Step<T::Action>]) -> Result<(), Stop> {
        for step in steps {
            match step {
                Step::Item(item) => self.item(item)?,
                Step::Found if self.found => {}
                Step::Found => return bad(),
                Step::Act(action) => self.actions.act(*action, &self.seen)?,
                Step::ActIfCalled(action) if self.called => self.actions.act(*action, &self.seen)?,
                Step::ActIfCalled(_) => {}
            }
        }
        Ok(())
    }

    fn room(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let byte = self.bytes.get(self.at).copied().ok_or(Hazard::Oops)?;
        self.at = self.at.saturating_add(1);
        Ok(byte)
    }

    fn item(&mut self, item: &Item<T::Action>) -> Result<(), Stop> {
        if (item.alternative && self.found) || (item.optional && self.room() == 0) {
            self.called = false;
            return Ok(());
        }
        self.found = false;
        self.called = false;
        if self.room() < 2 {
            return bad();
        }
        let tag = self.byte()?;
        self.seen.tag = tag;
        if tag & 0x1f == 0x1f {
            return bad();
        }
        if let Some(wanted) = item.tag
            && (wanted ^ tag) & !(wanted & CONSTRUCTED) != 0
        {
            self.at = self.at.saturating_sub(1);
            return if item.optional { Ok(()) } else { bad() };
        }
        self.found = true;
        let len = self.length(tag)?;
        match &item.inside {
            None => self.leaf(item.action, len),
            Some(inside) => self.enter(inside, len),
        }
    }

    /// A length of at most two bytes; nothing where it is indefinite.
    fn length(&mut self, tag: u8) -> Result<Option<usize>, Stop> {
        self.seen.header = 2;
        let first = self.byte()?;
        let len = match first {
            INDEFINITE if tag & CONSTRUCTED == 0 || self.room() < 2 => return bad(),
            INDEFINITE => return Ok(None),
            0..INDEFINITE => usize::from(first),
            _ => {
                let count = usize::from(first & 0x7f);
                if count > 2 || count > self.room() {
                    return bad();
                }
                self.seen.header = count.saturating_add(2);
                self.big_endian(count)?
            }
        };
        if len > self.room() { bad() } else { Ok(Some(len)) }
    }

    fn big_endian(&mut self, count: usize) -> Result<usize, Stop> {
        let mut value = 0_usize;
        for _ in 0..count {
            value = value.checked_shl(8).unwrap_or_default() | usize::from(self.byte()?);
        }
        Ok(value)
    }

    fn leaf(&mut self, action: Option<T::Action>, len: Option<usize>) -> Result<(), Stop> {
        self.seen.start = self.at;
        self.seen.len = match len {
            Some(len) => len,
            None => self.asn1_find_indefinite_length()?,
        };
        if let Some(action) = action {
            self.actions.act(action, &self.seen)?;
        }
        self.at = self.seen.start.saturating_add(self.seen.len);
        Ok(())
    }

    fn enter(&mut self, inside: &Inside<T::Action>, len: Option<usize>) -> Result<(), Stop> {
        let (start, header, outer_end) = (self.at, self.seen.header, self.end);
        if let Some(len) = len {
            self.end = start.saturating_add(len);
        }
        let content_end = loop {
            self.run(inside.steps)?;
            if let Some(end) = self.leave(inside.many, len.is_none())? {
                break end;
            }
        };
        self.end = outer_end;
        self.seen.start = start;
        self.seen.header = header;
        self.seen.len = content_end.saturating_sub(start);
        if let Some(action) = inside.at_end {
            self.actions.act(action, &self.seen)?;
        }
        if inside.called {
            self.found = true;
            self.called = true;
        }
        Ok(())
    }

    /// Where the content ended, or nothing where there is more of it to come.
    fn leave(&mut self, many: bool, indefinite: bool) -> Result<Option<usize>, Stop> {
        if !indefinite {
            return match self.room() {
                0 => Ok(Some(self.end)),
                _ if many => Ok(None),
                _ => bad(),
            };
        }
        if self.room() < 2 {
            return bad();
        }
        let content_end = self.at;
        if self.byte()? != 0 {
            self.at = content_end;
            return if many { Ok(None) } else { bad() };
        }
        if self.byte()? == 0 { Ok(Some(content_end)) } else { bad() }
    }

    /// How far a leaf without a definite length reaches, its end mark included
    /// (`asn1_decoder.c:asn1_find_indefinite_length`, which here takes long tags and lengths of seven bytes).
    fn asn1_find_indefinite_length(&mut self) -> Result<usize, Stop> {
        let start = self.at;
        let mut open = 1_usize;
        while open > 0 {
            if self.room() < 2 {
                return bad();
            }
            let tag = self.byte()?;
            if tag == 0 {
                if self.byte()? != 0 {
                    return bad();
                }
                open = open.saturating_sub(1);
                continue;
            }
            if tag & 0x1f == 0x1f {
                self.long_tag()?;
            }
            match self.byte()? {
                INDEFINITE if tag & CONSTRUCTED == 0 => return bad(),
                INDEFINITE => open = open.saturating_add(1),
                first => self.skip(first)?,
            }
        }
        let len = self.at.saturating_sub(start);
        self.at = start;
        Ok(len)
    }

    fn long_tag(&mut self) -> Result<(), Stop> {
        loop {
            if self.room() < 2 {
                return bad();
            }
            if self.byte()? & 0x80 == 0 {
                return Ok(());
            }
        }
    }

    fn skip(&mut self, first: u8) -> Result<(), Stop> {
        let mut len = usize::from(first);
        if first > INDEFINITE {
            let count = usize::from(first & 0x7f);
            if count > 7 || count > self.room() {
                return bad();
            }
            len = self.big_endian(count)?;
        }
        if len > self.room() {
            return bad();
        }
        self.at = self.at.saturating_add(len);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
