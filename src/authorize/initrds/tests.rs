use super::*;

#[test]
fn several_become_one_with_each_start_aligned() {
    let folder = std::env::temp_dir().join(format!("skexec-initrds-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (one, two, empty) = (folder.join("one"), folder.join("two"), folder.join("empty"));
    std::fs::write(&one, b"070701").unwrap();
    std::fs::write(&two, b"070702x").unwrap();
    std::fs::write(&empty, b"").unwrap();
    let trust = Trust::default();

    let joined = Initrds::open(&[one.clone(), two.clone()], &trust).unwrap();
    let Joined::Several(memfd) = &joined.joined else { panic!("joined in memory") };
    assert_eq!(&*Map::new(memfd).unwrap(), b"070701\x00\x00070702x");
    assert_eq!((joined.length(), joined.parts().len(), joined.verified()), (15, 2, false));

    let single = Initrds::open(std::slice::from_ref(&one), &trust).unwrap();
    assert!(matches!(single.joined, Joined::One(Part::Plain(_))) && single.length() == 6);
    assert_eq!(single.in_one_piece().unwrap().as_deref(), Some(b"070701".as_slice()));
    assert_eq!(joined.in_one_piece().unwrap().as_deref(), Some(b"070701\x00\x00070702x".as_slice()));

    let refusal = Initrds::open(&[one.clone(), empty.clone()], &trust).unwrap_err();
    assert_eq!(refusal.first(), &Finding::from(Reason::InitrdEmpty).in_file(&empty));

    // A signature that nobody trusts is worse than none.
    std::fs::write(signature_path(&one), b"no signature").unwrap();
    let refusal = Initrds::open(std::slice::from_ref(&one), &trust).unwrap_err();
    assert_eq!((refusal.first().file.as_deref(), refusal.first().reason), (Some(one.as_path()), Reason::Pkcs7));
    std::fs::remove_dir_all(&folder).unwrap();
}
