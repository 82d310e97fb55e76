//! The property of the policy's text.

use skexec::reason::Reason;
use skexec::sources::policy::{PATH, Policy, Value};

/// The text of a policy: it is refused with a line that it has, or what is described of it is a policy that is described the same way.
pub fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let policy = match Policy::default().replaced_by(PATH, text) {
        Ok(policy) => policy,
        Err(finding) => {
            assert_eq!(finding.reason, Reason::PolicyFile);
            let rest = finding.detail.strip_prefix(PATH).unwrap().strip_prefix(':').unwrap();
            let line: usize = rest.split_once(": ").unwrap().0.parse().unwrap();
            assert!((1..=text.matches('\n').count() + 1).contains(&line), "{}", finding.detail);
            return;
        }
    };
    let described = describe(&policy);
    assert_eq!(describe(&Policy::default().replaced_by(PATH, &described).unwrap()), described);
}

fn describe(policy: &Policy) -> String {
    let set = policy.describe().into_iter().filter(|setting| setting.value != Value::Nothing);
    set.map(|setting| format!("{} = {}\n", setting.key, setting.value)).collect()
}
