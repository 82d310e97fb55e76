//! PKCS#11 URIs (RFC 7512): which key of which token signs, where the token's module is, and where its PIN comes from.

use std::fmt;
use std::path::PathBuf;
use zeroize::Zeroizing;

const SCHEME: &str = "pkcs11:";

/// A key in a token. What is `None` is not compared.
#[derive(Clone, Default)]
pub(crate) struct Uri {
    /// CKA_LABEL and CKA_ID of the key.
    pub(crate) object: Option<String>,
    pub(crate) id: Option<Vec<u8>>,
    /// The label and the other fields of CK_TOKEN_INFO.
    pub(crate) token: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) slot: Option<u64>,
    pub(crate) module: Option<PathBuf>,
    pub(crate) pin: Option<Pin>,
}

/// Where the PIN stands.
#[derive(Clone)]
pub(crate) enum Pin {
    Value(Zeroizing<String>),
    File(PathBuf),
}

/// Without the PIN.
impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The token and the key, for people.
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_ref().map(|id| id.iter().map(|byte| format!("%{byte:02x}")).collect());
        let slot = self.slot.map(|slot| slot.to_string());
        let rows = [
            ("token", &self.token),
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("serial", &self.serial),
            ("slot-id", &slot),
            ("object", &self.object),
            ("id", &id),
        ];
        let given: Vec<_> =
            rows.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?))).collect();
        write!(f, "{SCHEME}{}", given.join(";"))
    }
}

impl Uri {
    /// Whether this is a URI and no file name.
    pub(crate) fn claimed_by(text: &str) -> bool {
        text.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.get(SCHEME.len()..).unwrap_or_default();
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let mut uri = Self::default();
        for attribute in path.split(';').filter(|attribute| !attribute.is_empty()) {
            uri.path_attribute(attribute)?;
        }
        for attribute in query.split('&').filter(|attribute| !attribute.is_empty()) {
            uri.query_attribute(attribute)?;
        }
        if uri.object.is_none() && uri.id.is_none() {
            return Err("the PKCS#11 URI must name the key with object= or id=".to_owned());
        }
        Ok(uri)
    }

    fn path_attribute(&mut self, attribute: &str) -> Result<(), String> {
        let (name, value) = split(attribute)?;
        let text = || text(value);
        match name {
            "object" => once(name, &mut self.object, text()?),
            "id" => once(name, &mut self.id, decoded(value)?),
            "token" => once(name, &mut self.token, text()?),
            "manufacturer" => once(name, &mut self.manufacturer, text()?),
            "model" => once(name, &mut self.model, text()?),
            "serial" => once(name, &mut self.serial, text()?),
            "slot-id" => {
                let slot = value.parse().map_err(|_| format!("slot-id={value} is no number"))?;
                once(name, &mut self.slot, slot)
            }
            "type" if value == "private" => Ok(()),
            "type" => Err(format!("type={value} cannot sign; type=private can")),
            "pin-source" | "pin-value" | "module-path" => {
                Err(format!("{name}= must follow the '?' of the PKCS#11 URI"))
            }
            _ => Err(format!("the attribute {name} of the PKCS#11 URI is not supported")),
        }
    }

    fn query_attribute(&mut self, attribute: &str) -> Result<(), String> {
        let (name, value) = split(attribute)?;
        let pin = match name {
            "module-path" => return once(name, &mut self.module, text(value)?.into()),
            "pin-value" => Pin::Value(Zeroizing::new(text(value)?)),
            "pin-source" => Pin::File(file(&text(value)?)?),
            _ => return Err(format!("the attribute {name} of the PKCS#11 URI is not supported")),
        };
        once("pin-value or pin-source", &mut self.pin, pin)
    }
}

fn split(attribute: &str) -> Result<(&str, &str), String> {
    attribute.split_once('=').ok_or_else(|| format!("{attribute} in the PKCS#11 URI has no value"))
}

fn once<T>(name: &str, place: &mut Option<T>, value: T) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("the PKCS#11 URI has {name} twice")),
    }
}

/// A path, or a `file:` URI (RFC 8089) of this machine. RFC 7512 also permits a command, `|...`, which would run as the signer.
fn file(source: &str) -> Result<PathBuf, String> {
    let path = source.strip_prefix("file:").unwrap_or(source);
    let path = path.strip_prefix("//").map_or(path, |rest| rest.strip_prefix("localhost").unwrap_or(rest));
    match path.starts_with('|') || path.is_empty() {
        true => Err("pin-source must be a file".to_owned()),
        false => Ok(path.into()),
    }
}

fn text(value: &str) -> Result<String, String> {
    String::from_utf8(decoded(value)?).map_err(|_| "a text in the PKCS#11 URI is no UTF-8".to_owned())
}

/// Percent-encoding (RFC 3986, 2.1).
fn decoded(value: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit =
            || rest.next().and_then(|digit| char::from(digit).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push((high << 4) | low),
            _ => return Err("a '%' in the PKCS#11 URI is not followed by two hexadecimal digits".to_owned()),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
