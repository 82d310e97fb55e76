use anyhow::Result;
pub(crate) fn run(_: &crate::Demo) -> Result<()> {
    let lab = crate::lab::Lab::open(crate::machine::Accel::Tcg)?;
    let k = lab.debian_kernel(crate::fetch::Series::V6_1)?;
    let files = lab.exhibits(&k)?;
    let setup =
        crate::lab::Setup { name: "demo", kernel: &k, firmware: crate::lab::Firmware::SecureBoot, cmdline: "", files };
    let (mut g, boot) = lab.boot(setup)?;
    println!("{boot:#?}");
    for v in ["good", "flipped", "unsigned", "stranger", "owner", "truncated"] {
        println!("{v} {:?}", g.run(&format!("agent file-load /vm/{v} --initrd /vm/base.cpio"))?);
    }
    println!("{:?}", g.run("ls /sys/firmware/efi/efivars | head; cat /proc/keys; agent file-load /vm/good --initrd /vm/base.cpio --cmdline 'console=ttyS0 panic=-1 rdinit=/vm/init hello'"));
    println!("{:?}", g.jump("agent jump"));
    Ok(())
}
