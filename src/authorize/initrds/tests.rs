use super::*;

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

    let joined = Initrds::open(files(&[&one, &two]), &trust).unwrap();
    let Joined::Memory(memfd) = &joined.joined else { panic!("joined in memory") };
    assert_eq!(&*Map::new(memfd).unwrap(), b"070701\x00\x00070702x");
    assert_eq!((joined.length(), joined.parts().len(), joined.verified()), (15, 2, false));

    let single = Initrds::open(files(&[&one]), &trust).unwrap();
    assert!(matches!(single.joined, Joined::File(_)) && single.length() == 6);
    assert_eq!(single.in_one_piece().unwrap().as_deref(), Some(b"070701".as_slice()));
    assert_eq!(joined.in_one_piece().unwrap().as_deref(), Some(b"070701\x00\x00070702x".as_slice()));

    let refusal = Initrds::open(files(&[&one, &empty]), &trust).unwrap_err();
    assert_eq!(refusal.first(), &Finding::from(Reason::InitrdEmpty).in_file(&empty));

    // A signature that nobody trusts is worse than none.
    std::fs::write(signature_path(&one), b"no signature").unwrap();
    let refusal = Initrds::open(files(&[&one]), &trust).unwrap_err();
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

    let joined = Initrds::open(supplies, &trust).unwrap();
    assert_eq!(joined.in_one_piece().unwrap().as_deref(), Some(b"070701x\x00070701\0\x00070702 cut".as_slice()));
    assert!(joined.in_memory() && !joined.verified());
    let one = Initrds::open(vec![cut()], &trust).unwrap();
    assert_eq!(one.in_one_piece().unwrap().as_deref(), Some(b"070702 cut".as_slice()));
    let refusal = one.all_signed().unwrap_err();
    assert_eq!(
        refusal.sentence(None),
        "/a.efi: the initrd has no detached signature, and one is required: no signature covers /a.efi (.initrd)"
    );
    let program = made(section, b"MZ a program");
    let refusal = Initrds::open(vec![program], &trust).unwrap_err();
    assert_eq!(
        (refusal.first().file.as_deref(), refusal.first().reason),
        (Some(Path::new("/a.efi")), Reason::InitrdIsKernel)
    );
    std::fs::remove_dir_all(&folder).unwrap();
}
