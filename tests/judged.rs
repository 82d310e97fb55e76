//! Every forged file, right or wrong: what skexec says of it, and what it says that the kernel would say.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use forge::cases::{Case, Expect};
use skexec::gather::{TrustRequest, gather};
use skexec::report::most_telling_first;
use skexec::trust::{self, Signature, Trust};
use support::Lab;

const IMAGE_SECURITY: &str = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";

/// The machine on which the cases are judged: its firmware trusts and revokes what the forge says.
fn firmware(lab: &Lab) -> Trust {
    let variable = |name: &str, vendor: &str, attributes: u32, data: &[u8]| {
        let path = lab.root().path(format!("/sys/firmware/efi/efivars/{name}-{vendor}"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, [&attributes.to_le_bytes(), data].concat()).unwrap();
    };
    variable("SecureBoot", GLOBAL, 6, &[1]);
    variable("SetupMode", GLOBAL, 6, &[0]);
    variable("db", IMAGE_SECURITY, 0x27, &forge::db_esl());
    variable("dbx", IMAGE_SECURITY, 0x27, &forge::dbx_esl());
    variable("SbatLevelRT", SHIM, 6, forge::sbat::LEVEL.as_bytes());
    let request = TrustRequest { system: true, ..TrustRequest::default() };
    gather(lab.root(), &request).unwrap().trust
}

fn fault(case: &Case, trust: &Trust) -> Option<String> {
    let judgement = trust::judge(case.image.as_slice(), Signature::Within, trust);
    let predicted = judgement.evidence.kernel;
    let loadable = skexec::image::loadable(&case.image);
    let against = judgement.outcome.as_ref().err().map(|refused| refused.findings.as_slice()).unwrap_or_default();
    let findings = most_telling_first(loadable.as_ref().err(), against);
    let said = findings.first().map_or("accept", |finding| finding.reason.slug());
    let wanted = match case.skexec {
        Expect::Accept | Expect::AcceptWarn => "accept",
        Expect::Reject(slug) => slug,
    };
    let known = case.kernel;
    let right = said == wanted
        && (known.is_none() || case.hazard || predicted.errno == known)
        && case.hazard == predicted.hazard.is_some()
        && (said != "accept" || predicted.errno == Some(0));
    (!right).then(|| {
        format!(
            "{}: said {said}, wanted {wanted}; predicted {predicted:?}, known {known:?} hazard {}: {findings:?}",
            case.name, case.hazard
        )
    })
}

#[test]
fn every_case_is_judged_right() {
    let lab = Lab::new();
    let trust = firmware(&lab);
    let cases = forge::cases();
    let faults: Vec<_> = cases.iter().filter_map(|case| fault(case, &trust)).collect();
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
}
