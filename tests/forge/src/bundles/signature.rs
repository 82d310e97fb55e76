//! The envelope's signature: who made it, and tricks with the certificate table.

use super::{Bundle, Firmware, changed, sections, sections_of, signed_by, uki};
use crate::hash::Hash;
use crate::pki;
use crate::recipe::Recipe;
use crate::uki::raw_of;
use crate::wincert::{Entry, Table, directory};
use crate::{pe::put32, pkcs7::SignedData};

pub(super) fn bundles() -> Vec<Bundle> {
    [signers(), tables()].concat()
}

fn image() -> Vec<u8> {
    sections().pe().build()
}

fn with(name: &str, about: &'static str, change: impl FnOnce(Recipe) -> Recipe) -> Bundle {
    uki(name, about, change(Recipe::new().image(image())).build()).firmware(Firmware::Refuses)
}

fn signers() -> Vec<Bundle> {
    vec![
        uki("unsigned", "no signature; the kernel in it has one", image())
            .reject(3, "unsigned")
            .firmware(Firmware::Refuses),
        signed_by("stranger", "a signer whom nobody knows, around a kernel with a good signature", &pki::stranger())
            .reject(3, "unknown-signer")
            .firmware(Firmware::Refuses),
        uki("stranger-everywhere", "a signer whom nobody knows, of the kernel as well", {
            sections_of(Recipe::new().who(pki::stranger()).build()).signed(&pki::stranger())
        })
        .reject(3, "unknown-signer")
        .firmware(Firmware::Refuses),
        signed_by("modules-only", "an anchor for kernel modules only", &pki::modsign())
            .reject(3, "anchor-modsign")
            .firmware(Firmware::Unknown),
        with("sha1", "SHA-1", |recipe| recipe.hash(Hash::Sha1)).reject(3, "weak-digest").firmware(Firmware::Unknown),
        with("two-signers", "the same signer twice in one message", |recipe| {
            recipe.message(|message: &mut SignedData| message.signers.push(message.signers[0].clone()))
        })
        .reject(3, "multi-signer")
        .firmware(Firmware::Unknown),
        with("damaged-signature", "a bit of the signature", |recipe| recipe.signed(|info| info.signature[7] ^= 1))
            .reject(3, "bad-signature"),
    ]
}

fn tables() -> Vec<Bundle> {
    let inner = || Recipe::new().pkcs7();
    let other = || Recipe::new().image(sections_of(crate::unsigned_bzimage()).pe().build()).pkcs7();
    let table = |name: &str, about, change: fn(&mut Table)| with(name, about, |recipe| recipe.table(change));
    vec![
        uki(
            "inner-signature",
            "the signature of the kernel in it as that of the UKI",
            Table::of(inner()).attach(&image()),
        )
        .reject(3, "digest-mismatch")
        .firmware(Firmware::Refuses),
        uki("other-signature", "the signature of another UKI", Table::of(other()).attach(&image()))
            .reject(3, "digest-mismatch")
            .firmware(Firmware::Refuses),
        uki("second-of-kernel", "a good signature, then that of the kernel in it", {
            let table = Table {
                entries: [Recipe::new().image(image()).pkcs7(), inner()].map(Entry::pkcs7).into(),
                ..Table::default()
            };
            table.attach(&image())
        })
        .reject(3, "second-wincert")
        .firmware(Firmware::Loads),
        table("table-junk", "an initrd behind the signature in the certificate table", |table| {
            table.junk = b"070701 an initrd in the table   ".to_vec();
        })
        .reject(3, "cert-table-junk")
        .firmware(Firmware::Unknown),
        table("table-after", "bytes behind the certificate table", |table| table.after = vec![0; 16])
            .reject(4, "cert-table-bounds")
            .firmware(Firmware::Unknown),
        changed("table-in-initrd", "the certificate table's entry leads into .linux, to the kernel's table", |file| {
            let raw = raw_of(file, b".linux");
            let at = directory(file);
            put32(file, at, raw.start as u32 + 0x7000);
        })
        .reject(4, "cert-table-bounds"),
        changed("table-of-kernel", "the file ends with .linux, whose certificate table is that of the file", |file| {
            let raw = raw_of(file, b".linux");
            let linux = crate::signed_bzimage();
            file.truncate(raw.start + linux.len());
            let at = directory(file);
            put32(file, at, raw.start as u32 + 0x7000);
            put32(file, at + 4, (linux.len() - 0x7000) as u32);
        })
        .reject(4, "section-bounds"),
    ]
}
