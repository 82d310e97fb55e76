#!/bin/sh
# Makes every throw-away key of this directory anew. Run it by hand, from here; then
# `cargo test -p forge` says which of the committed certificates must be rewritten
# (`cargo run -p forge --example write-certs`).
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

# The authorities and signers that stand for "trusted".
for name in root intermediate sub-intermediate signer selfsigned direct; do rsa "$name" 2048; done
# Anchors that a rule forbids, and issuers that may not issue.
for name in modsign twin-a twin-b nonca; do rsa "$name" 2048; done
# Nobody trusts these.
for name in stranger-ca stranger-int stranger; do rsa "$name" 2048; done
# Each of these is in dbx in one form, and is used by no other case.
for name in revoked-cert revoked-tbs revoked-ca; do rsa "$name" 2048; done
# Sizes and exponents.
rsa rsa1024 1024
rsa rsa2047 2047
rsa rsa3072 3072
rsa rsa4096 4096
rsa rsa8192 8192
rsa rsa-e3 2048 3
# Curves; the kernel knows only the first three.
ec p256 P-256
ec p384 P-384
ec p521 P-521
ec secp256k1 secp256k1
