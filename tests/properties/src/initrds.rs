//! Properties of joined initrds.

use skexec::authorize::{Initrds, Supply};
use skexec::system::Method;
use skexec::trust::Trust;
use std::fs;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process;

/// In the input, every part starts with its length in one byte. Joined, each part starts at a multiple of four, with only zeros
/// between the parts.
pub fn initrd(mut input: &[u8]) {
    let mut parts = Vec::new();
    while let Some((length, rest)) = input.split_first() {
        let (part, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        parts.push(part);
        input = rest;
        if parts.len() == 8 {
            break;
        }
    }
    let folder = std::env::temp_dir().join(format!("skexec-initrds-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let paths: Vec<PathBuf> = (0..parts.len()).map(|index| folder.join(index.to_string())).collect();
    for (path, part) in paths.iter().zip(&parts) {
        fs::write(path, part).unwrap();
    }
    for method in [Method::File, Method::Segments] {
        let supplies: Vec<_> = paths.iter().cloned().map(Supply::File).collect();
        match Initrds::open(supplies, &Trust::default(), method) {
            Ok(joined) => holds_all(&joined, &parts, method),
            Err(_) => assert!(parts.iter().any(|part| part.is_empty())),
        }
    }
    fs::remove_dir_all(&folder).unwrap();
}

/// The joined bytes, as the running kernel is given them.
fn content(joined: &Initrds, method: Method) -> Option<Vec<u8>> {
    match method {
        Method::File => joined.fd().unwrap().map(|fd| fs::read(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap()),
        Method::Segments => joined.in_one_piece().unwrap().map(|memory| memory.bytes().to_vec()),
    }
}

fn holds_all(joined: &Initrds, parts: &[&[u8]], method: Method) {
    assert!(parts.iter().all(|part| !part.is_empty()));
    let lengths = joined.parts().iter().map(|part| usize::try_from(part.length).unwrap());
    assert!(lengths.eq(parts.iter().map(|part| part.len())));
    let Some(bytes) = content(joined, method) else {
        assert!(parts.is_empty() && joined.length() == 0);
        return;
    };
    assert_eq!(joined.length(), u64::try_from(bytes.len()).unwrap());
    let mut end = 0_usize;
    for part in parts {
        let start = end.next_multiple_of(4);
        assert!(bytes[end..start].iter().all(|byte| *byte == 0));
        end = start + part.len();
        assert_eq!(bytes[start..end], **part);
    }
    assert_eq!(end, bytes.len());
}
