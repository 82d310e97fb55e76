use super::*;
use crate::digest::Algorithm;
use crate::image::cpio::Entry;
use crate::machine::{Ima, LoadPin};
use crate::placement::cut_initrd;
use crate::sources::secure_boot::Firmware;
use crate::sources::testing::Tree;
use crate::sys::Map;

fn piece(initrds: &Initrds) -> &[u8] {
    initrds.in_one_piece().unwrap().unwrap().bytes()
}

fn files(paths: &[&PathBuf]) -> Vec<Supply<'static>> {
    paths.iter().map(|path| Supply::File(path.to_path_buf())).collect()
}

fn made(origin: Origin, bytes: &'static [u8]) -> Supply<'static> {
    Supply::Bytes { origin, bytes: bytes.into(), signer: None }
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
        assert_eq!(read.known_count(), cut_initrd(read.bytes().len()).len(), "nothing else is hashed");
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

/// What is in memory must not be swapped out where it may be secret, and only there.
#[test]
fn the_added_files_alone_are_secret() {
    let section = || made(Origin::Section { file: "/a.efi".into(), name: ".initrd" }, b"070701x");
    let added = || made(Origin::Added(Vec::new()), b"070702");
    for (supplies, wanted) in
        [(vec![section(), added()], 8..14), (vec![added(), section()], 0..6), (vec![section(), section()], 0..0)]
    {
        let parts = supplies.into_iter().map(|supply| Part::open(supply).unwrap()).collect();
        assert_eq!(Outline::new(parts).secret(), wanted);
    }
}

/// A kernel without an initrd would take that of the firmware's tables, which only EFI has.
#[test]
fn an_empty_archive_stands_in_where_the_kernel_takes_a_copy() {
    let tree = Tree::new();
    let machine = |firmware, ima, load_pin| {
        let mut machine = Machine::read(tree.root());
        machine.secure_boot.firmware = firmware;
        Machine { ima, load_pin, ..machine }
    };
    let appraises = || Ima::Appraises("a policy".into());
    let rows = [
        (machine(Firmware::Off, Ima::NotSeen, LoadPin::Absent), true),
        (machine(Firmware::NotEfi, Ima::NotSeen, LoadPin::Absent), false),
        (machine(Firmware::Off, appraises(), LoadPin::Absent), false),
        (machine(Firmware::Off, Ima::NotSeen, LoadPin::Enforcing), false),
        (machine(Firmware::Off, appraises(), LoadPin::Enforcing), false),
    ];
    for (machine, wanted) in rows {
        for method in [Method::File, Method::Segments] {
            let open = |supplies| Initrds::open(supplies, &Trust::default(), method).unwrap();
            let none = open(Vec::new()).or_stand_in(&machine, method).unwrap();
            let length = if wanted { cpio::trailer().len() } else { 0 };
            assert_eq!(none.length(), u64::try_from(length).unwrap(), "{:?}", machine.ima);
            assert_eq!((none.in_memory(), none.parts().len()), (wanted, 0));
            // No digest names what stands in for no initrd.
            assert_eq!(none.measured().unwrap().known_sha256(), None);
            let one = open(vec![made(Origin::Added(Vec::new()), b"070701")]).or_stand_in(&machine, method).unwrap();
            assert_eq!((one.length(), one.parts().len()), (6, 1));
        }
    }
}

#[test]
fn what_is_measured_has_the_digest_of_all_that_the_kernel_is_given() {
    let tree = Tree::new();
    let (one, two) = (tree.write("/one", b"070701"), tree.write("/two", b"070702x"));
    let rows: [(&[&PathBuf], Option<&[u8]>); 3] =
        [(&[], None), (&[&one], Some(b"070701")), (&[&one, &two], Some(b"070701\x00\x00070702x"))];
    for (paths, content) in rows {
        let wanted = content.map(|content| digest::sha256(&[content]));
        for method in [Method::File, Method::Segments] {
            let open = || Initrds::open(files(paths), &Trust::default(), method).unwrap();
            let measured = open().measured().unwrap();
            assert_eq!(measured.known_sha256(), wanted, "{paths:?} {method:?}");
            assert_eq!((measured.length(), measured.parts().len()), (open().length(), paths.len()));
            // A short content is one stretch, whose digest comes from reading.
            let known = open().known_sha256();
            assert_eq!(known, wanted.filter(|_| method == Method::Segments), "{paths:?} {method:?}");
        }
    }
}

#[test]
fn what_the_files_take_is_counted_wherever_the_initrds_are() {
    let tree = Tree::new();
    let archive = |length: usize| {
        let content = vec![7; length];
        cpio::archive(&[Entry::folder("a", 0o755), Entry::file("a/b", 0o644, &content)]).unwrap()
    };
    let (one, two) = (tree.write("/one", archive(5000)), tree.write("/two", archive(3000)));
    let rows: [(&[&PathBuf], Unpacked); 3] = [
        (&[], Unpacked::default()),
        (&[&one], Unpacked { least: 5000, usual: 5000 + 2 * EACH }),
        (&[&one, &two], Unpacked { least: 5000, usual: 8000 + 4 * EACH }),
    ];
    for (paths, wanted) in rows {
        for method in [Method::File, Method::Segments] {
            let initrds = Initrds::open(files(paths), &Trust::default(), method).unwrap();
            assert_eq!(initrds.unpacked(), Ok(wanted), "{paths:?} {method:?}");
        }
    }
}
