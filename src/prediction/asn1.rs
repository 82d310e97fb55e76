//! The notation for grammars: a list of [`Step`]s, which [`super::decoder`] executes.
//!
//! The decoder keeps two flags: whether the last element looked for was found and whether it was a called rule;
//! optional elements at the end of their parent leave the flags as they were. The grammars here call a rule or write
//! it in place so that the flags are the same as with the kernel's compiled grammars.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// `[n]`, primitive.
pub(super) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// `[n]`, constructed.
pub(super) const fn explicit(number: u8) -> u8 {
    0xa0 | number
}

/// One step of a grammar; `A` names the actions.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<A: 'static> {
    /// Look for an element.
    Item(Item<A>),
    /// The end of a choice: one of its elements must have been found.
    Found,
    /// Act on the last element.
    Act(A),
    /// Act on the last element if it was found, and was a called rule.
    ActIfCalled(A),
}

/// An element that is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<A: 'static> {
    /// Without a tag, any element matches.
    pub(super) tag: Option<u8>,
    pub(super) optional: bool,
    pub(super) alternative: bool,
    pub(super) action: Option<A>,
    pub(super) inside: Option<Inside<A>>,
}

/// The content of an element that is entered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inside<A: 'static> {
    pub(super) steps: &'static [Step<A>],
    pub(super) many: bool,
    pub(super) called: bool,
    pub(super) at_end: Option<A>,
}

pub(super) const fn item<A: Copy>(tag: u8) -> Item<A> {
    Item { tag: Some(tag), optional: false, alternative: false, action: None, inside: None }
}

pub(super) const fn any<A: Copy>() -> Item<A> {
    Item { tag: None, optional: false, alternative: false, action: None, inside: None }
}

impl<A: Copy> Item<A> {
    /// It may be missing.
    pub(super) const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// It is looked for only if the one before was not found.
    pub(super) const fn or(self) -> Self {
        Self { optional: true, alternative: true, ..self }
    }

    /// Act on it.
    pub(super) const fn act(self, action: A) -> Self {
        Self { action: Some(action), ..self }
    }

    /// It holds these, in a rule of its own.
    pub(super) const fn of(self, steps: &'static [Step<A>]) -> Self {
        Self { inside: Some(Inside { steps, many: false, called: true, at_end: None }), ..self }
    }

    /// It holds these, written in place.
    pub(super) const fn with(self, steps: &'static [Step<A>]) -> Self {
        Self { inside: Some(Inside { steps, many: false, called: false, at_end: None }), ..self }
    }

    /// It holds these once or more often, in a rule of its own.
    pub(super) const fn many_of(self, steps: &'static [Step<A>]) -> Self {
        Self { inside: Some(Inside { steps, many: true, called: true, at_end: None }), ..self }
    }

    /// It holds these once or more often, written in place.
    pub(super) const fn many_with(self, steps: &'static [Step<A>]) -> Self {
        Self { inside: Some(Inside { steps, many: true, called: false, at_end: None }), ..self }
    }

    /// Act at the end of its content.
    pub(super) const fn then(self, action: A) -> Self {
        match self.inside {
            Some(inside) => Self { inside: Some(Inside { at_end: Some(action), ..inside }), ..self },
            None => self,
        }
    }

    pub(super) const fn step(self) -> Step<A> {
        Step::Item(self)
    }
}
