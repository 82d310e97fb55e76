use super::*;
use crate::digest::Algorithm;
use crate::placement::cut_initrd;
use crate::sys::Map;

fn piece(initrds: &Initrds) -> &[u8] {
    initrds.in_one_piece().unwrap().unwrap().bytes()
}

fn files(paths: &[&PathBuf]) -> Vec<Supply<'static>> {
    paths.iter().map(|path| Supply::File(path.to_path_buf())).collect()
}

#[test]
fn several_become_one_with_each_start_aligned() {
    let folder = std::env::temp_dir().join(format!("skexec-initrds-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (one, two, empty) = (folder.join("one"), folder.join("two"), folder.join("empty"));
    std::fs::write(&one, b"070701").unwrap();
    std::fs::write(&two, b"070702x").unwrap();
    std::fs::write(&empty, b"").unwrap();
    let trust = Trust::default();

    let joined = Initrds::open(files(&[&one, &two]), &trust, Method::File).unwrap();
    let Joined::Memfd(memfd) = &joined.joined else { panic!("joined in a memfd") };
    assert_eq!(&*Map::new(memfd).unwrap(), b"070701\x00\x00070702x");
    assert_eq!((joined.length(), joined.parts().len(), joined.verified()), (15, 2, false));
    assert!(joined.in_one_piece().is_err(), "nobody makes a segment of nothing");

    let single = Initrds::open(files(&[&one]), &trust, Method::File).unwrap();
    assert!(matches!(single.joined, Joined::File(_)) && single.length() == 6 && !single.in_memory());
    assert_eq!(piece(&Initrds::open(files(&[&one]), &trust, Method::Segments).unwrap()), b"070701");
    let joined = Initrds::open(files(&[&one, &two]), &trust, Method::Segments).unwrap();
    assert_eq!(piece(&joined), b"070701\x00\x00070702x");
    assert!(joined.fd().is_err() && joined.in_memory() && joined.length() == 15);

    let refusal = Initrds::open(files(&[&one, &empty]), &trust, Method::File).unwrap_err();
    assert_eq!(refusal.first(), &Finding::from(Reason::InitrdEmpty).in_file(&empty));

    // A signature that nobody trusts is worse than none.
    std::fs::write(signature_path(&one), b"no signature").unwrap();
    let refusal = Initrds::open(files(&[&one]), &trust, Method::Segments).unwrap_err();
    assert_eq!((refusal.first().file.as_deref(), refusal.first().reason), (Some(one.as_path()), Reason::Pkcs7));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn bytes_and_files_are_joined_in_their_order() {
    let folder = std::env::temp_dir().join(format!("skexec-supplies-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("file");
    std::fs::write(&file, b"070701").unwrap();
    let section = Origin::Section { file: "/a.efi".into(), name: ".initrd" };
    let made = |origin: Origin, bytes: &'static [u8]| Supply::Bytes { origin, bytes: bytes.into(), signer: None };
    let cut = || made(section.clone(), b"070702 cut");
    let supplies = vec![made(Origin::Added(Vec::new()), b"070701x"), Supply::File(file), cut()];
    let trust = Trust::default();

    let joined = Initrds::open(supplies, &trust, Method::Segments).unwrap();
    assert_eq!(piece(&joined), b"070701x\x00070701\0\x00070702 cut");
    assert!(joined.in_memory() && !joined.verified());
    let one = Initrds::open(vec![cut()], &trust, Method::Segments).unwrap();
    assert_eq!(piece(&one), b"070702 cut");
    let refusal = one.all_signed().unwrap_err();
    assert_eq!(
        refusal.sentence(None),
        "/a.efi: the initrd has no detached signature, and one is required: no signature covers /a.efi (.initrd)"
    );
    let program = made(section, b"MZ a program");
    let refusal = Initrds::open(vec![program], &trust, Method::File).unwrap_err();
    assert_eq!(
        (refusal.first().file.as_deref(), refusal.first().reason),
        (Some(Path::new("/a.efi")), Reason::InitrdIsKernel)
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Bytes of which no two stretches are the same.
fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from((index * 7 + index / 251 + index / 65_537) % 256).unwrap()).collect()
}

#[test]
fn the_digests_of_the_stretches_come_from_reading() {
    let folder = std::env::temp_dir().join(format!("skexec-stretches-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (one, two) = (folder.join("one"), folder.join("two"));
    let trust = Trust::default();
    for (first, second) in [(1, 1), (4 << 20, 3), (5_000_001, 131_073), (131_071, 9 << 20)] {
        let (a, b) = (noise(first), noise(second));
        std::fs::write(&one, &a).unwrap();
        std::fs::write(&two, &b).unwrap();
        let joined = Initrds::open(files(&[&one, &two]), &trust, Method::Segments).unwrap();
        let read = joined.in_one_piece().unwrap().unwrap();
        let gap = vec![0; first.next_multiple_of(4) - first];
        assert!(read.bytes() == [a, gap, b].concat(), "{first} and {second} bytes");
        let fresh = Hashed::new(read.bytes());
        for stretch in cut_initrd(read.bytes().len()) {
            let known = read.known_sha256(&stretch);
            assert_eq!(known, Some(fresh.sha256(std::slice::from_ref(&stretch))), "{stretch:?}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_digest_of_a_signed_initrd_comes_from_the_same_pass() {
    let folder = std::env::temp_dir().join(format!("skexec-signed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (one, two) = (folder.join("one"), folder.join("two"));
    std::fs::write(&one, b"0707017").unwrap();
    std::fs::write(&two, noise(5 << 20)).unwrap();
    // The signature is of another file: what counts here is which digests are there when it is looked at.
    std::fs::write(signature_path(&two), b"no signature").unwrap();
    let parts = files(&[&one, &two]).into_iter().map(|supply| Part::open(supply).unwrap()).collect();
    let read = Outline::new(parts).in_memory().map_err(Finding::from).unwrap();
    let length = read.bytes().len();
    let wanted = cut_initrd(length).into_iter().chain([8..length]);
    let fresh = Hashed::new(read.bytes());
    for range in wanted {
        assert_eq!(read.known_sha256(&range), Some(fresh.sha256(std::slice::from_ref(&range))), "{range:?}");
    }
    let part = read.part(8..length);
    let known = read.known_count();
    assert_eq!(part.whole(Algorithm::Sha256), Hashed::new(noise(5 << 20)).whole(Algorithm::Sha256));
    assert_eq!(read.known_count(), known, "nothing was hashed again");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_part_that_changes_is_refused() {
    let folder = std::env::temp_dir().join(format!("skexec-changing-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("file");
    let changes: [fn(&Path); 3] = [
        |path| std::fs::write(path, b"070701").unwrap(),
        |path| std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap(),
        |path| std::fs::File::open(path).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap(),
    ];
    for change in changes {
        for method in [Method::File, Method::Segments] {
            std::fs::write(&file, noise(5 << 20)).unwrap();
            let part = Part::open(Supply::File(file.clone())).unwrap();
            change(&file);
            let refusal = Outline::new(vec![part]).join(method, &Trust::default()).unwrap_err();
            let first = refusal.first();
            assert_eq!((first.reason, first.file.as_deref()), (Reason::ChangedWhileRead, Some(file.as_path())));
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
