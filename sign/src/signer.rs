//! Who signs: a key, its certificate, and the certificates above it.

use crate::args::SignerArgs;
use crate::certificate::Certificate;
use crate::failure::Failure;
use crate::key::PrivateKey;
use skexec::digest::Algorithm;
use skexec::reason::{Finding, Reason};
use skexec::trust::{Anchor, Trust};
use std::path::Path;

pub(crate) struct Signer {
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Certificate,
    /// Each issued the one before it.
    pub(crate) chain: Vec<Certificate>,
    pub(crate) algorithm: Algorithm,
}

impl Signer {
    /// Reads the files, the certificates first: nobody types a passphrase for a certificate that cannot be read.
    pub(crate) fn read(args: &SignerArgs) -> Result<Self, Failure> {
        let certificate = Certificate::read(&args.cert)?;
        let chain = args.chain.iter().map(|path| Certificate::read(path)).collect::<Result<Vec<_>, _>>()?;
        check_purpose(&certificate, &args.cert)?;
        check_chain(&certificate, &chain, args)?;
        let public = &certificate.parsed.tbs_certificate.subject_public_key_info;
        let key = PrivateKey::of(args, public)?;
        if key.public()? != *public {
            let (key, cert) = (&args.key, args.cert.display());
            return Err(Failure::unsuitable(format!("{key} is not the private key of the certificate {cert}"))
                .advise("give the key and the certificate that were made together"));
        }
        Ok(Self { key, certificate, chain, algorithm: args.digest.into() })
    }

    /// The trust of a machine on which the last certificate is enrolled, and nothing else.
    pub(crate) fn trust(&self) -> Trust {
        let last = self.chain.last().unwrap_or(&self.certificate);
        let anchor = Anchor { certificate: last.loader.clone(), source: "--cert or --chain".to_owned() };
        Trust { anchors: vec![anchor], ..Trust::default() }
    }

    /// The signer's name, for people.
    pub(crate) fn name(&self) -> String {
        self.certificate.loader.subject()
    }
}

/// What the loader demands of a signer that another certificate issued; one that is self-signed can only be enrolled itself, and
/// then its purposes do not count.
fn check_purpose(certificate: &Certificate, path: &Path) -> Result<(), Failure> {
    let extensions = certificate.loader.extensions();
    let reason = match (extensions.ext_key_usage, extensions.key_usage) {
        _ if certificate.loader.is_self_signed() => return Ok(()),
        (Some(usage), _) if !usage.code_signing => Reason::LeafEku,
        (_, Some(usage)) if !usage.signs_data() => Reason::LeafKu,
        _ => return Ok(()),
    };
    Err(Failure::found(path, &Finding::new(reason, certificate.loader.subject())))
}

fn check_chain(certificate: &Certificate, chain: &[Certificate], args: &SignerArgs) -> Result<(), Failure> {
    let below = std::iter::once(certificate).chain(chain);
    let paths = std::iter::once(&args.cert).chain(&args.chain);
    for (((child, issuer), path), issuer_path) in below.zip(chain).zip(paths).zip(&args.chain) {
        child.loader.verify_signed_by(&issuer.loader).map_err(|finding| not_issued(path, issuer_path, &finding))?;
    }
    Ok(())
}

fn not_issued(child: &Path, issuer: &Path, finding: &Finding) -> Failure {
    let (child, issuer) = (child.display(), issuer.display());
    Failure::unsuitable(format!("{issuer} did not issue {child}: {finding}"))
        .advise("give --chain in order: the issuer of --cert first, then that one's issuer")
}
