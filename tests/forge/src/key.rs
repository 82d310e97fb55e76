//! The throw-away keys of `keys/test`, read at compile time.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use crate::der::{Node, null, oid, seq};
use crate::ec::{Curve, EcKey};
use crate::hash::Hash;
use crate::oid;
use crate::pem;
use crate::rsa::RsaKey;

#[derive(Debug, Clone)]
pub enum Material {
    Rsa(RsaKey),
    Ec(EcKey),
}

#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    pub material: Material,
    made: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

macro_rules! keys {
    ($($name:literal),* $(,)?) => {
        static KEYS: LazyLock<HashMap<&'static str, Key>> = LazyLock::new(|| {
            [$(($name, include_str!(concat!("../../../keys/test/", $name, ".key")))),*]
                .into_iter()
                .map(|(name, pem)| (name, Key::from_pem(name, pem)))
                .collect()
        });
    };
}

keys![
    "root",
    "intermediate",
    "sub-intermediate",
    "signer",
    "selfsigned",
    "direct",
    "modsign",
    "twin-a",
    "twin-b",
    "nonca",
    "stranger-ca",
    "stranger-int",
    "stranger",
    "revoked-cert",
    "revoked-tbs",
    "revoked-ca",
    "rsa1024",
    "rsa2047",
    "rsa3072",
    "rsa4096",
    "rsa8192",
    "rsa-e3",
    "p256",
    "p384",
    "p521",
    "secp256k1",
];

/// The key of that name. Panics on a name that `keys/test` lacks.
#[must_use]
pub fn key(name: &str) -> &'static Key {
    KEYS.get(name).unwrap_or_else(|| panic!("no key {name} in keys/test"))
}

impl Key {
    /// PKCS#8 (RFC 5958).
    fn from_pem(name: &'static str, text: &str) -> Self {
        let mut node = Node::parse(&pem::decode(text));
        let inner = node.at(&[2]).bytes().to_vec();
        let algorithm = node.at(&[1, 0]).clone();
        let material = if algorithm == oid(oid::RSA) {
            Material::Rsa(RsaKey::from_der(&inner))
        } else {
            let named = node.at(&[1, 1]).clone();
            let curves = [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1];
            let curve = curves.into_iter().find(|curve| oid(curve.oid()) == named);
            Material::Ec(EcKey::from_der(curve.expect("a curve this crate knows"), &inner))
        };
        Self { name, material, made: Mutex::new(HashMap::new()) }
    }

    /// Signs the digest of the message. Signatures are cached, because hundreds of cases sign the same few bytes.
    #[must_use]
    pub fn sign(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        let digest = hash.of(message);
        let mut made = self.made.lock().unwrap();
        let fresh = || match &self.material {
            Material::Rsa(rsa) => rsa.sign(hash, &digest),
            Material::Ec(ec) => ec.sign(&digest),
        };
        made.entry(digest.clone()).or_insert_with(fresh).clone()
    }

    /// SubjectPublicKeyInfo.
    #[must_use]
    pub fn public(&self) -> Node {
        match &self.material {
            Material::Rsa(rsa) => rsa.public(),
            Material::Ec(ec) => ec.public(),
        }
    }

    /// The identifier for subjectKeyIdentifier: the first of RFC 5280's methods, with SHA-256 cut to 20 bytes.
    #[must_use]
    pub fn id(&self) -> Vec<u8> {
        Hash::Sha256.of(&self.public().encode())[..20].to_vec()
    }

    /// signatureAlgorithm of a certificate that this key signs.
    #[must_use]
    pub fn certificate_algorithm(&self, hash: Hash) -> Node {
        match &self.material {
            Material::Rsa(_) => seq(vec![oid(hash.with_rsa()), null()]),
            Material::Ec(_) => seq(vec![oid(hash.with_ecdsa())]),
        }
    }

    /// signatureAlgorithm of a SignerInfo. For RSA, PKCS#7 names only the key type (RFC 2315 9.2).
    #[must_use]
    pub fn signer_algorithm(&self, hash: Hash) -> Node {
        match &self.material {
            Material::Rsa(_) => seq(vec![oid(oid::RSA), null()]),
            Material::Ec(_) => seq(vec![oid(hash.with_ecdsa())]),
        }
    }

    /// The RSA numbers. Panics on an EC key.
    #[must_use]
    pub fn rsa(&self) -> &RsaKey {
        match &self.material {
            Material::Rsa(rsa) => rsa,
            Material::Ec(_) => panic!("{} is not an RSA key", self.name),
        }
    }

    /// The EC numbers. Panics on an RSA key.
    #[must_use]
    pub fn ec(&self) -> &EcKey {
        match &self.material {
            Material::Ec(ec) => ec,
            Material::Rsa(_) => panic!("{} is not an EC key", self.name),
        }
    }
}
