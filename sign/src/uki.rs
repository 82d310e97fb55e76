//! `skexec-sign uki`: builds a unified kernel image (UAPI Group specification 5), or an add-on for one, on systemd's stub
//! (systemd-stub(7)), and signs it.

mod parts;
mod sbat;
mod stub;

use crate::args::UkiArgs;
use crate::failure::Failure;
use crate::image;
use crate::output;
use crate::signer::Signer;
use skexec::image::Parsed;
use skexec::reason::Finding;
use stub::Stub;

pub(crate) fn run(args: &UkiArgs) -> Result<String, Failure> {
    let path = args.stub();
    let mut stub = Stub::read(path)?;
    let mut parts = parts::read(args)?;
    let signer = Signer::read(&args.signer)?;
    if args.sign_kernel {
        parts.sign_kernel(&signer)?;
    }
    if let Some(kernel) = &parts.kernel {
        stub.suit(kernel)?;
    }
    stub.merge_sbat(&parts.sbat())?;
    for section in parts.sections() {
        stub.append(&section)?;
    }
    let (signed, digest) = image::sign(&args.output, stub.finish()?, &signer)?;
    check(args, &signed)?;
    output::replace(&args.output, &signed, output::PUBLIC)?;
    let (output, kind) = (args.output.display(), if args.addon { "an add-on" } else { "a unified kernel image" });
    Ok(format!("{output}: {kind} on {}, signed by {}, {digest}", path.display(), signer.name()))
}

/// An image or an add-on that the loader would refuse is not written.
fn check(args: &UkiArgs, signed: &[u8]) -> Result<(), Failure> {
    let refused = |finding: &Finding| Failure::found(&args.output, finding);
    let parsed = Parsed::new(signed);
    if let Some(Err(finding)) = parsed.uki() {
        return Err(refused(finding));
    }
    match parsed.loadable() {
        Err(finding) if !args.addon => Err(refused(finding)),
        _ => Ok(()),
    }
}
