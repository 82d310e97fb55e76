#!/bin/sh
# Replaces every throw-away key in this directory. Run it by hand. Then `cargo test -p forge` fails until
# `cargo run -p forge --example write-certs` has rewritten the committed certificates.
set -eu
cd "$(dirname "$0")"

rsa() { # name bits [public exponent]
    openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$2" \
        -pkeyopt "rsa_keygen_pubexp:${3:-65537}" -out "$1.key"
}
ec() { # name curve
    openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" \
        -pkeyopt ec_param_enc:named_curve -out "$1.key"
}

# The trusted authorities and signers.
for name in root intermediate sub-intermediate signer selfsigned direct; do rsa "$name" 2048; done
# Anchors that a rule refuses, and issuers that must not issue certificates.
for name in modsign twin-a twin-b nonca; do rsa "$name" 2048; done
# Keys that are not trusted.
for name in stranger-ca stranger-int stranger; do rsa "$name" 2048; done
# Revoked keys: each is in dbx in one form, and only one case uses it.
for name in revoked-cert revoked-tbs revoked-ca; do rsa "$name" 2048; done
# Sizes and exponents.
rsa rsa1024 1024
rsa rsa2047 2047
rsa rsa3072 3072
rsa rsa4096 4096
rsa rsa8192 8192
rsa rsa-e3 2048 3
# Curves; the kernel supports only the first three.
ec p256 P-256
ec p384 P-384
ec p521 P-521
ec secp256k1 secp256k1
