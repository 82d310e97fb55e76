//! Valid and invalid signatures that are not embedded in a PE file: appended, as in kernel modules, or detached.
//! `kexec_file_load` on x86 reads neither, so there is no kernel's verdict.

use crate::cases::Expect;
use crate::cms::{MARKER, Plain, Trailer};
use crate::der::{ctx, int, oid};
use crate::hash::Hash;
use crate::oid;
use crate::pem;
use crate::pkcs7::{SignedData, attribute};
use crate::pki::{self, Identity};
use crate::recipe::Recipe;

/// A file, and its signature if it is detached.
#[derive(Debug, Clone)]
pub struct Message {
    pub name: &'static str,
    pub about: &'static str,
    pub file: Vec<u8>,
    /// The detached signature; None: it is appended to the file.
    pub signature: Option<Vec<u8>>,
    pub skexec: Expect,
}

fn content() -> Vec<u8> {
    crate::bzimage::noise(42, 3000)
}

fn appended(name: &'static str, about: &'static str, file: Vec<u8>) -> Message {
    Message { name, about, file, signature: None, skexec: Expect::Accept }
}

fn detached(name: &'static str, about: &'static str, signature: Vec<u8>) -> Message {
    Message { name, about, file: content(), signature: Some(signature), skexec: Expect::Accept }
}

impl Message {
    fn reject(self, slug: &'static str) -> Self {
        Self { skexec: Expect::Reject(slug), ..self }
    }
}

/// All of them. The anchors are [`crate::db`].
#[must_use]
pub fn messages() -> Vec<Message> {
    [trailers(), appended_messages(), good_detached(), bad_detached()].concat()
}

fn append(who: &Identity, how: &Plain, trailer: &Trailer) -> Vec<u8> {
    trailer.append(&content(), &how.sign(&content(), who))
}

/// `mod_check_sig` in kernel/module_signature.c.
fn trailers() -> Vec<Message> {
    let who = pki::direct();
    let with = |trailer: Trailer| append(&who, &Plain::appended(), &trailer);
    let field = |at: usize, value: u8| {
        let mut trailer = Trailer::default();
        trailer.fields[at] = value;
        with(trailer)
    };
    let length = |n: u32| with(Trailer { says_length: Some(n), ..Trailer::default() });
    let bad = |message: Message| message.reject("appended-signature");
    vec![
        appended("appended", "as sign-file makes it; the signer is an anchor", with(Trailer::default())),
        bad(appended("appended-length-huge", "sig_len beyond the file", length(u32::MAX))),
        bad(appended(
            "appended-length-file",
            "sig_len as long as all that is before it",
            length((with(Trailer::default()).len() - MARKER.len() - 12) as u32),
        )),
        bad(appended("appended-length-zero", "sig_len 0", length(0))),
        bad(appended("appended-id-type-1", "id_type of an X.509 signature, as before 4.3", field(2, 1))),
        bad(appended("appended-algo", "algo that is not zero", field(0, 1))),
        bad(appended("appended-hash", "hash that is not zero", field(1, 4))),
        bad(appended("appended-signer-len", "signer_len that is not zero", field(3, 1))),
        bad(appended("appended-key-id-len", "key_id_len that is not zero", field(4, 1))),
        bad(appended("appended-padding", "padding that is not zero", field(7, 1))),
        bad(appended("appended-marker-alone", "nothing but the marker", MARKER.to_vec())),
        appended("appended-no-marker", "no marker: no signature", content()).reject("unsigned"),
        appended("appended-marker-cut", "the marker without its newline", {
            let mut file = with(Trailer::default());
            file.pop();
            file
        })
        .reject("unsigned"),
        appended("appended-twice", "a signed file, signed again", crate::appended(&with(Trailer::default()), &who))
            .reject("double-marker"),
    ]
}

fn appended_messages() -> Vec<Message> {
    let direct = pki::direct();
    let with = |who: &Identity, change: fn(&mut Plain)| {
        let mut how = Plain::appended();
        change(&mut how);
        append(who, &how, &Trailer::default())
    };
    let other = Trailer::default().append(&content(), &Plain::appended().sign(b"another file", &direct));
    vec![
        appended("appended-by-key-id", "the signer named by key id, as sign-file -k does", {
            with(&direct, |how| how.by_key_id = true)
        }),
        appended("appended-with-certificate", "the signer's certificate in the message", {
            with(&pki::signer(), |how| how.certificates = true)
        }),
        appended("appended-sha512", "SHA-512", with(&direct, |how| how.hash = Hash::Sha512)),
        appended("appended-stranger", "a signer whom nobody knows", with(&pki::stranger(), |_| ()))
            .reject("unknown-signer"),
        appended("appended-below-root", "a signer of the root, whose certificate is nowhere", {
            with(&pki::signer(), |_| ())
        })
        .reject("unknown-signer"),
        appended("appended-attributes", "signed attributes, which a module signature must not have", {
            with(&direct, |how| how.attributes = true)
        })
        .reject("attributes"),
        appended("appended-embedded", "the content in the message as well", with(&direct, |how| how.embedded = true))
            .reject("pkcs7"),
        appended("appended-other-file", "the signature of another file", other).reject("bad-signature"),
        appended("appended-md5", "MD5", with(&direct, |how| how.hash = Hash::Md5)).reject("unsupported-algorithm"),
        appended("appended-sha1", "SHA-1", with(&direct, |how| how.hash = Hash::Sha1)).reject("weak-digest"),
    ]
}

fn cms(who: &Identity, change: impl FnOnce(&mut Plain)) -> Vec<u8> {
    let mut how = Plain::detached();
    change(&mut how);
    how.sign(&content(), who)
}

fn good_detached() -> Vec<Message> {
    let who = pki::signer();
    vec![
        detached("detached", "as openssl cms -sign makes it", crate::detached(&content(), &who)),
        detached("detached-pem", "the same in PEM armour", pem::encode("CMS", &cms(&who, |_| ())).into_bytes()),
        detached("detached-pem-pkcs7", "the same with the older label", {
            pem::encode("PKCS7", &cms(&who, |_| ())).into_bytes()
        }),
        detached("detached-no-attributes", "without signed attributes", cms(&who, |how| how.attributes = false)),
        detached("detached-by-key-id", "the signer named by key id", cms(&who, |how| how.by_key_id = true)),
        detached("detached-no-certificates", "the signer is an anchor", {
            cms(&pki::direct(), |how| how.certificates = false)
        }),
        detached("detached-p384", "ECDSA", cms(&Identity::by_root("p384"), |how| how.hash = Hash::Sha384)),
        detached("detached-no-time", "without signingTime", cms(&who, |how| how.time = None)),
    ]
}

fn bad_detached() -> Vec<Message> {
    let who = pki::signer();
    let edited = |change: fn(&mut SignedData)| {
        let mut message = Plain::detached().message(&content(), &pki::signer());
        change(&mut message);
        message.node().encode()
    };
    // OpenSSL ignores unknown attributes; the kernel refuses these for a message that signs plain data.
    let opus = |how: &Plain| {
        let mut signer = crate::pkcs7::Signer::new(&pki::signer(), how.hash, oid::DATA, &content(), None);
        let info = attribute(oid::SPC_SP_OPUS_INFO, vec![crate::der::seq(vec![])]);
        signer.attributes.as_mut().unwrap().push(info);
        let mut message = how.message(&content(), &pki::signer());
        message.signers = vec![signer.sign(&content())];
        message.node().encode()
    };
    let mut changed = detached("detached-file-changed", "a bit of the file", cms(&who, |_| ()));
    changed.file[7] ^= 1;
    vec![
        changed.reject("message-digest"),
        Message {
            file: b"another file".to_vec(),
            ..detached("detached-other-file", "no attributes, another file", cms(&who, |how| how.attributes = false))
        }
        .reject("bad-signature"),
        detached("detached-embedded", "the content in the message", cms(&who, |how| how.embedded = true))
            .reject("pkcs7"),
        detached("detached-stranger", "a signer whom nobody knows", cms(&pki::stranger(), |_| ()))
            .reject("unknown-signer"),
        detached("detached-authenticode", "the message of a signed PE", Recipe::new().pkcs7()).reject("content-type"),
        detached("detached-opus-info", "an attribute of Authenticode", opus(&Plain::detached())).reject("attributes"),
        detached("detached-two-signers", "the same signer twice", edited(|sd| sd.signers.push(sd.signers[0].clone())))
            .reject("multi-signer"),
        detached("detached-no-signer", "no signer", edited(|sd| sd.signers.clear())).reject("pkcs7"),
        detached("detached-crls", "an empty set of CRLs", edited(|sd| sd.crls = Some(ctx(1, vec![])))).reject("pkcs7"),
        detached("detached-damaged", "a bit of the signature", edited(|sd| sd.signers[0].signature[9] ^= 1))
            .reject("bad-signature"),
        detached("detached-pss", "the algorithm RSASSA-PSS", {
            edited(|sd| sd.signers[0].signature_algorithm = crate::der::seq(vec![oid(oid::RSA_PSS)]))
        })
        .reject("unsupported-algorithm"),
        detached("detached-trailing", "bytes behind the message", [cms(&who, |_| ()), vec![0; 4]].concat())
            .reject("pkcs7-trailing"),
        detached("detached-empty", "a file of no bytes", Vec::new()).reject("pkcs7"),
        detached("detached-number", "an INTEGER", int(7).encode()).reject("pkcs7"),
        detached("detached-pem-damaged", "PEM armour around no base64", {
            b"-----BEGIN CMS-----\n!!!!\n-----END CMS-----\n".to_vec()
        })
        .reject("pkcs7"),
    ]
}
