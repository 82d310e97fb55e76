use super::*;

fn program(text: &str) -> Result<(Program, Vec<PathBuf>), String> {
    Type1::parse(text.as_bytes()).unwrap().program.map_err(|finding| finding.detail)
}

#[test]
fn an_entry_of_the_specification() {
    let text = "# comment\ntitle        Fedora 19 (Rawhide)\nsort-key     fedora\nmachine-id   6a9857a393724b7a981ebb5b8495b9ea\n\
                version      3.8.0-2.fc19.x86_64\noptions      root=UUID=6d3376e4-fc93-4509-95ec-a21d68011da2 quiet\n\
                architecture x64\nlinux        /6a98/3.8.0-2.fc19.x86_64/linux\ninitrd       /6a98/3.8.0-2.fc19.x86_64/initrd\n";
    let entry = Type1::parse(text.as_bytes()).unwrap();
    let paths = ["linux", "initrd"].map(|name| PathBuf::from("6a98/3.8.0-2.fc19.x86_64").join(name));
    let [linux, initrd] = paths;
    let wanted = Type1 {
        title: Some("Fedora 19 (Rawhide)".into()),
        version: Some("3.8.0-2.fc19.x86_64".into()),
        machine_id: Some("6a9857a393724b7a981ebb5b8495b9ea".into()),
        sort_key: Some("fedora".into()),
        options: Some("root=UUID=6d3376e4-fc93-4509-95ec-a21d68011da2 quiet".into()),
        program: if cfg!(target_arch = "x86_64") {
            Ok((Program::Linux(linux), vec![initrd]))
        } else {
            entry.program.clone()
        },
        notes: Vec::new(),
    };
    assert_eq!(entry, wanted);
}

#[test]
fn lists_are_joined_and_of_other_keys_the_last_counts() {
    let text = "linux /a\ntitle one\ninitrd \\x\\b.img\ninitrd c\noptions a=1\noptions b  c\nlinux //x//d\ntitle two\ngrub_users $x\n";
    let entry = Type1::parse(text.as_bytes()).unwrap();
    assert_eq!(entry.program, Ok((Program::Linux("x/d".into()), vec!["x/b.img".into(), "c".into()])));
    assert_eq!((entry.title.as_deref(), entry.options.as_deref()), (Some("two"), Some("a=1 b  c")));
    assert_eq!(entry.notes, ["the key grub_users is ignored"]);
    assert_eq!(program("uki /a.efi\nprofile 2"), Ok((Program::Uki("a.efi".into(), Some(2)), Vec::new())));
    assert_eq!(program("efi /EFI/x.efi"), Ok((Program::Efi("EFI/x.efi".into()), Vec::new())));
    assert_eq!(Type1::parse(b"linux /a\noptions\n").unwrap().options.as_deref(), Some(""));
    assert_eq!(Type1::parse(b"linux /a\n").unwrap().options, None);
}

#[test]
fn what_cannot_be_used_has_a_reason() {
    let rows = [
        ("", "it has none of the keys linux, uki and efi"),
        ("title a", "it has none of the keys linux, uki and efi"),
        ("linux /a\nuki /b", "it has both linux and uki"),
        ("uki-url http://a", "uki-url names a UKI on a network, and skexec loads files only"),
        ("linux ../a", "the path of linux has . or .. in it: ../a"),
        ("linux /a/../../b", "the path of linux has . or .. in it: /a/../../b"),
        ("linux \\..\\b", "the path of linux has . or .. in it: \\..\\b"),
        ("linux /a\ninitrd ./b", "the path of initrd has . or .. in it: ./b"),
        ("linux /", "linux names no file: /"),
        ("linux /a/", "linux names no file: /a/"),
        ("linux", "linux names no file: "),
        ("uki /a\nprofile x", "profile x is no number"),
        (
            "linux /a\noptions root=/dev/vda1 $tuned_params",
            "it uses the variable $tuned_params, which only GRUB can expand",
        ),
        ("linux /a\ninitrd /b $tuned_initrd", "it uses the variable $tuned_initrd, which only GRUB can expand"),
    ];
    for (text, wanted) in rows {
        assert_eq!(program(text), Err(wanted.to_owned()), "{text}");
    }
    assert!(program("linux /a\narchitecture mips").unwrap_err().starts_with("it is for the architecture mips"));
    for bytes in [b"linux /a\xff".as_slice(), b"linux /a\0b"] {
        assert_eq!(Type1::parse(bytes).unwrap_err().reason, Reason::EntryFile);
    }
}
