//! PKCS#7 SignedData (RFC 2315, RFC 5652): the walk over the message, by its raw bytes.
