use super::*;
use crate::sources::testing::Tree;

#[test]
fn an_initrd_lies_above_16_mib() {
    assert_eq!(initrd(&[0; 5]).constraints.lowest, PhysAddr::new(0x100_0000));
}

#[test]
fn nothing_reaches_maxmem() {
    assert_eq!(Platform::HIGHEST, PhysAddr::new((1 << 46) - 4096));
}

#[test]
fn an_empty_system_is_unknown_and_no_panic() {
    let platform = Platform::read(Tree::new().root());
    assert_eq!((platform.five_level(), platform.can_hand_over(false)), (None, Ok(())));
    assert_eq!(platform.can_hand_over(true).unwrap_err().reason, Reason::Handover);
    assert_eq!(platform.misses(true).map(|warning| warning.caution), Some(Caution::HandoverIncomplete));
    assert_eq!(platform.misses(false), None);
}
