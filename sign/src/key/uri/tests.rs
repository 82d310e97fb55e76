use super::*;
use std::path::Path;

#[test]
fn attributes_are_read() {
    let text = "pkcs11:token=My%20token;manufacturer=Acme;model=M;serial=1;slot-id=3;object=signer;type=private;id=%01%aB\
                ?module-path=/usr/lib/module.so&pin-source=file:/etc/pin";
    let uri = Uri::parse(text).expect("a URI");
    assert_eq!(
        uri.to_string(),
        "pkcs11:token=My token;manufacturer=Acme;model=M;serial=1;slot-id=3;object=signer;id=%01%ab"
    );
    assert_eq!(uri.module.as_deref(), Some("/usr/lib/module.so".as_ref()));
    assert!(matches!(uri.pin, Some(Pin::File(path)) if path.as_path() == Path::new("/etc/pin")));
    for source in ["/etc/pin", "file:///etc/pin", "file://localhost/etc/pin"] {
        let uri = Uri::parse(&format!("pkcs11:object=a?pin-source={source}")).expect("a URI");
        assert!(matches!(uri.pin, Some(Pin::File(path)) if path.as_path() == Path::new("/etc/pin")), "{source}");
    }
}

#[test]
fn a_pin_is_never_printed() {
    let uri = Uri::parse("pkcs11:object=a?pin-value=12%334").expect("a URI");
    assert_eq!(format!("{uri} {uri:?}"), "pkcs11:object=a pkcs11:object=a");
    assert!(matches!(uri.pin, Some(Pin::Value(pin)) if *pin == "1234"));
}

#[test]
fn what_is_wrong_is_named() {
    let rows = [
        ("", "the PKCS#11 URI must name the key with object= or id="),
        ("token=a", "the PKCS#11 URI must name the key with object= or id="),
        ("object=a;object=b", "the PKCS#11 URI has object twice"),
        ("object", "object in the PKCS#11 URI has no value"),
        ("object=a;type=cert", "type=cert cannot sign; type=private can"),
        ("object=a;pin-source=/etc/pin", "pin-source= must follow the '?' of the PKCS#11 URI"),
        ("object=a;library-version=3", "the attribute library-version of the PKCS#11 URI is not supported"),
        ("object=a?pin-value=1&pin-source=/etc/pin", "the PKCS#11 URI has pin-value or pin-source twice"),
        ("object=a?pin-source=|cat", "pin-source must be a file"),
        ("object=a?pin-source=file:", "pin-source must be a file"),
        ("object=a?x=y", "the attribute x of the PKCS#11 URI is not supported"),
        ("object=%", "a '%' in the PKCS#11 URI is not followed by two hexadecimal digits"),
        ("object=%4", "a '%' in the PKCS#11 URI is not followed by two hexadecimal digits"),
        ("object=%+1", "a '%' in the PKCS#11 URI is not followed by two hexadecimal digits"),
        ("object=%ff", "a text in the PKCS#11 URI is no UTF-8"),
        ("object=a;slot-id=x", "slot-id=x is no number"),
    ];
    for (text, wanted) in rows {
        assert_eq!(Uri::parse(&format!("pkcs11:{text}")).err().as_deref(), Some(wanted), "{text}");
    }
}

#[test]
fn the_scheme_tells_a_uri_from_a_file() {
    assert!(Uri::claimed_by("pkcs11:object=a") && Uri::claimed_by("PKCS11:object=a"));
    assert!(!Uri::claimed_by("pkcs11.key") && !Uri::claimed_by("./pkcs11:object=a") && !Uri::claimed_by("é"));
}
