//! The table of reasons: slug, exit code, the reference kernel's errno under enforcement, what it means, what to do.
//!
//! The slugs are stable: scripts match them. Rows stand in the order in which the checks are made.
use super::Exit;

reasons! {
    // The file itself.
    Unreadable "unreadable" Failed "-" "the file cannot be read" "check the path and its permissions";
    NotRegular "not-regular" Unsuitable "EINVAL" "the file is not a regular file" "name the file itself; a pipe, a device or a directory cannot be loaded";
    Empty "empty" Unsuitable "EINVAL" "the file is empty" "check the package or the command that was to write it";
    TooBig "too-big" Unsuitable "EFBIG" "the file is larger than can be loaded" "the kernel takes at most 4 GiB a file; make a smaller one";
    ChangedWhileRead "changed-while-read" Unsuitable "EIO" "the file changed while it was read" "wait until the package manager or the copy is done, then try again";
    NotAKernel "not-a-kernel" Unsuitable "ENOEXEC" "this is not a Linux kernel that can be booted" "name a bzImage (vmlinuz) of this architecture";
    UnsupportedFormat "unsupported-format" Unsuitable "ENOEXEC" "this kernel format cannot be loaded this way" "load the bzImage (vmlinuz) of the same kernel; a vmlinux can be loaded by --method segments";
    HeaderInvalid "setup-header" Unsuitable "ENOEXEC" "the setup_header is malformed" "get the file again from its package";
    ElfHeader "elf-header" Unsuitable "-" "the ELF headers are malformed, or not those of a kernel" "get the file again from its package, or load the bzImage (vmlinuz) of the same kernel";
    ProtocolTooOld "boot-protocol" Unsuitable "ENOEXEC" "the boot protocol is too old" "use a 64-bit kernel with boot protocol 2.12 (Linux 3.8) or newer";
    No64BitEntry "no-64bit-entry" Unsuitable "ENOEXEC" "the kernel has no 64-bit entry point that may be loaded anywhere" "use a 64-bit kernel";
    FiveLevel "no-5level" Unsuitable "ENOEXEC" "this machine runs with five-level page tables and the kernel cannot start under them" "boot the running kernel with no5lvl, or use a kernel with CONFIG_X86_5LEVEL";
    Truncated "truncated" Unsuitable "0 or ELIBBAD" "the image is truncated" "get the file again from its package";

    // The PE container.
    Unsigned "unsigned" Refused "ENODATA" "the image carries no signature" "use the distribution's signed kernel (linux-image-amd64, not linux-image-amd64-unsigned), or sign it: sbsign --key KEY --cert CERT FILE";
    PeHeader "pe-header" Unsuitable "ELIBBAD" "the PE header is malformed" "get the file again from its package";
    PeMagic "pe-magic" Unsuitable "ELIBBAD" "the PE optional header is not PE32+" "use a 64-bit kernel";
    PeDirs "pe-dirs" Unsuitable "undefined" "the PE header has a wrong number of data directories" "the file was crafted or damaged: get it again from its package";
    PeOptHdrSize "pe-opthdr-size" Unsuitable "0" "SizeOfOptionalHeader contradicts the number of data directories, so that two readers see two section tables" "the file was crafted or damaged: get it again from its package";
    PeSections "pe-nsec" Unsuitable "ELIBBAD" "the PE section table is empty, too long or out of bounds" "the file was crafted or damaged: get it again from its package";
    CertTableBounds "cert-table-bounds" Unsuitable "ELIBBAD" "the certificate table does not lie at the end of the file" "the file was cut or something was appended: get it again from its package";
    CertTableAlign "cert-table-align" Unsuitable "0" "the certificate table is not aligned to 8 bytes" "sign the image again with a current sbsign or pesign";
    SectionBounds "section-bounds" Unsuitable "ELIBBAD" "a PE section lies outside the signed part of the file" "the file was crafted or damaged: get it again from its package";
    SectionOverlap "section-overlap" Unsuitable "ELIBBAD" "PE sections overlap" "the file was crafted or damaged: get it again from its package";
    UnsignedGap "unsigned-gap" Refused "0" "there are bytes between the PE sections that no signature covers" "build the image without holes between its sections, then sign it";
    WinCertType "wincert-type" Refused "ENOTSUPP" "the WIN_CERTIFICATE is not a PKCS#7 signature of revision 2.0" "sign the image again with sbsign or pesign";
    WinCertLength "wincert-length" Refused "0 or ELIBBAD" "a WIN_CERTIFICATE has an impossible length" "sign the image again with a current sbsign or pesign";
    CertTableJunk "cert-table-junk" Refused "0" "the certificate table holds bytes that belong to no signature" "remove all signatures (sbattach --remove) and sign the image again";
    SecondWinCert "second-wincert" Refused "0" "a further signature in the certificate table is malformed or about another image" "remove it (sbattach --remove --signum 2) or sign the image again";

    // PKCS#7 SignedData.
    Pkcs7Size "pkcs7-size" Refused "EMSGSIZE" "the PKCS#7 message is longer than 65535 bytes" "sign the image again with fewer certificates";
    Pkcs7Trailing "pkcs7-trailing" Refused "0" "bytes follow the PKCS#7 message inside its WIN_CERTIFICATE" "sign the image again with a current sbsign or pesign";
    Der "der" Refused "0 or EBADMSG" "the signature is not strict DER" "sign the image again with a tool that writes DER";
    Pkcs7 "pkcs7" Refused "EBADMSG or EINVAL" "the PKCS#7 SignedData is malformed" "sign the image again with sbsign or pesign";
    DigestAlgorithms "digest-algs" Refused "0" "digestAlgorithms is not just the signer's digest algorithm" "sign the image again with sbsign or pesign";
    ContentType "content-type" Refused "EKEYREJECTED or EINVAL" "the signed content is of the wrong kind for this file" "sign a kernel image with sbsign, other files with a detached signature";
    BagCertificate "bag-cert" Refused "ENOPKG, EBADMSG or EINVAL" "a certificate in the signature cannot be used" "sign the image again without that certificate";
    MultiSigner "multi-signer" Refused "0" "the signature has more than one signer" "sign the image again with one key";
    SignerId "sid" Refused "ENOKEY" "the signer is not named by issuer and serial number" "sign the image again with sbsign or pesign";
    WeakDigest "weak-digest" Refused "0 or ENOPKG" "a digest algorithm that is no longer safe was used" "sign the image again with SHA-256 or stronger";
    UnsupportedAlgorithm "unsupported-algorithm" Refused "ENOPKG" "an algorithm is used that kernels do not verify" "sign with RSA 2048 to 4096 (PKCS#1 v1.5) or ECDSA P-256, P-384, P-521, and SHA-256, SHA-384 or SHA-512";
    Attributes "attributes" Refused "EBADMSG or EKEYREJECTED" "the signed attributes are missing, repeated or malformed" "sign the image again with sbsign or pesign";
    AttributeOrder "attr-order" Refused "0" "the signed attributes are not in DER order" "sign the image again with a tool that writes DER";
    MessageDigest "message-digest" Refused "EKEYREJECTED" "the signed attributes speak of another content" "the signature was crafted or damaged: get the file again from its package";
    SigningTime "signing-time" Refused "EKEYREJECTED" "the signing time lies outside the validity of the signer's certificate" "sign the image again while the certificate is valid";
    BadSignature "bad-signature" Refused "EINVAL, EBADMSG or EKEYREJECTED" "the signature value is wrong" "the file was tampered with or damaged: get it again from its package";
    WeakKey "weak-key" Refused "0" "the signer's or an issuer's key is too weak" "sign with RSA of 2048 to 4096 bits and exponent 65537, or ECDSA";

    // The chain to an anchor.
    UnknownSigner "unknown-signer" Refused "ENOKEY" "no trusted certificate vouches for the signer" "name the signer's CA with --keys FILE, or enrol it: mokutil --import FILE";
    NotCa "not-ca" Refused "0" "an issuer in the chain is no certificate authority" "have the signer's certificate issued by a CA";
    NameChain "name-chain" Refused "0" "issuer and subject names do not chain" "have the signer's certificate issued again";
    CertSignature "cert-signature" Refused "EKEYREJECTED" "the signature of a certificate in the chain is wrong" "the signature was crafted or damaged: get the file again from its package";
    PathLength "path-length" Refused "0" "the chain is longer than a CA in it allows" "sign with a certificate closer to the root";
    LeafEku "leaf-eku" Refused "0" "the signer's certificate is not for code signing" "sign with a certificate whose extendedKeyUsage has codeSigning";
    LeafKu "leaf-ku" Refused "0" "the signer's certificate is not for signing" "sign with a certificate whose keyUsage has digitalSignature";
    CriticalExtension "crit-ext" Refused "0" "a certificate has a critical extension that is not understood" "have the certificate issued without it";
    AnchorModsign "anchor-modsign" Refused "0" "the trusted key is for kernel modules only" "trust a CA for kernels; a module signing key must not vouch for one";

    // What was signed.
    Spc "spc" Refused "EBADMSG" "the SpcIndirectDataContent is malformed" "sign the image again with sbsign or pesign";
    DigestMismatch "digest-mismatch" Refused "EKEYREJECTED" "the file was changed after it was signed" "get the file again from its package; if it was changed on purpose, sign it again";
    DoubleMarker "double-marker" Refused "-" "the file carries two appended signatures" "strip both and sign the file once";
    AppendedSignature "appended-signature" Refused "EBADMSG" "the appended signature's trailer is malformed" "strip it and sign the file again";

    // Revocation.
    RevokedImage "revoked-image" Refused "0" "this very image was revoked" "install the current kernel; this one is known to be unsafe";
    RevokedCertificate "revoked-cert" Refused "0" "a certificate in the chain was revoked" "install a kernel signed with the current key";
    RevokedTbs "revoked-tbs" Refused "0" "a certificate in the chain was revoked by its hash" "install a kernel signed with the current key";
    Sbat "sbat" Refused "0" "the image's SBAT generation was revoked" "install the current version of this component";
    RevocationUnreadable "revocation-unreadable" Refused "-" "a revocation list cannot be read, so nothing can be proved not to be revoked" "repair or remove the list that the message names";
    TrustFile "trust-file" Failed "-" "a file of certificates or revocations cannot be used" "repair the file: certificates in PEM or DER, EFI signature lists, or for revocations lines of sha256:HEX";
    PolicyFile "policy-file" Failed "-" "the policy cannot be used" "repair /etc/skexec/policy.conf: lines of key = value, owned by root, writable by root alone";
    Hazard "hazard" Refused "oops" "this file crashes current kernels when it is given to them" "do not load it; keep it as evidence: it was crafted";

    // What goes with the kernel.
    NotAnInitrd "not-an-initrd" Unsuitable "-" "what was signed is no initrd: neither cpio nor compressed" "name the initrd that was signed; the signature is about another kind of file";
    InitrdEmpty "initrd-empty" Unsuitable "EINVAL" "the initrd is empty" "build it again (update-initramfs -u), or say --no-initrd";
    InitrdUnsigned "initrd-unsigned" Refused "-" "the initrd carries no signature, and one was required" "sign it: openssl cms -sign -binary -outform DER -signer CERT -inkey KEY -in INITRD -out INITRD.p7s; or ask for less: without --require-signed-initrd, skexec.covers=kernel in an initramfs";
    CmdlineTooLong "cmdline-too-long" Unsuitable "EINVAL" "the command line is too long" "shorten it";
    CmdlineNul "cmdline-nul" Unsuitable "EINVAL" "the command line holds a NUL byte" "remove it";
    MemoryTooSmall "half-of-ram" Unsuitable "EINVAL" "kernel and initrd need more than half of the memory, which the kernel refuses" "use a smaller initrd, or a machine with more memory; swap does not count";
    TooManySegments "too-many-segments" Unsuitable "EINVAL" "the kernel is made of more pieces than can be loaded" "load the bzImage (vmlinuz) of the same kernel, and join the initrds to one";

    // What the system permits.
    NoCapability "no-capability" NotPermitted "EPERM" "the right to load a kernel is missing (CAP_SYS_BOOT)" "run it as root: sudo skexec ...";
    KexecDisabled "kexec-disabled" NotPermitted "EPERM" "kexec was turned off on this system (kernel.kexec_load_disabled=1)" "only a reboot turns it on again; see /etc/sysctl.d for who turned it off";
    LoadLimit "load-limit" NotPermitted "EPERM" "the budget of loads is used up" "only a reboot renews it; see kernel.kexec_load_limit_reboot and kernel.kexec_load_limit_panic";
    Lockdown "lockdown" NotPermitted "EPERM, ENOKEY or EACCES" "the running kernel is locked down and will not take this image" "enrol the signer's CA so that the kernel knows it too: mokutil --import FILE, then reboot";
    KernelLacksAlgorithm "kernel-lacks-algorithm" NotPermitted "ENOENT or ENOPKG" "the running kernel verifies signatures and lacks an algorithm for this one" "use a newer kernel, or sign with RSA and SHA-256";
    ImaRefused "ima" NotPermitted "EACCES" "an IMA or LSM policy refused the file" "see the audit log; sign the file for IMA (evmctl ima_sign), or change the policy";
    LoadPin "loadpin" NotPermitted "EPERM" "LoadPin allows kernels from one file system only" "load a kernel from the pinned file system";
    NoKexecFile "no-kexec-file" NotPermitted "ENOSYS" "the running kernel has no kexec_file_load" "use a kernel with CONFIG_KEXEC_FILE, or --method segments";
    NoKexecLoad "no-kexec-load" NotPermitted "-" "the running kernel has no kexec_load" "use a kernel with CONFIG_KEXEC, or --method file with a bzImage";
    SegmentsForbidden "segments-forbidden" NotPermitted "-" "the running kernel takes no segments, only files whose signature it can check itself" "use --method file with a bzImage (vmlinuz) that a key of this kernel's signed";
    CrashBySegments "crash-by-segments" Unsuitable "-" "a crash kernel cannot be loaded as segments" "use --method file with a bzImage (vmlinuz)";
    ConfidentialGuest "confidential-guest" NotPermitted "-" "this is a confidential guest, whose memory another kernel cannot take over as segments" "use --method file with a bzImage (vmlinuz)";
    KexecHandover "kexec-handover" NotPermitted "-" "the running kernel preserves memory for the next one (KHO), which segments could overwrite" "use --method file, or boot without kho=on";
    MemoryMap "memory-map" NotPermitted "-" "the map of physical memory cannot be read" "run it as root, with CAP_SYS_ADMIN, and with /proc and /sys mounted; or use --method file";
    Handover "handover" NotPermitted "-" "what the next kernel must know of this machine cannot be read" "mount /sys, run it as root; or use --method file";
    NoKexec "no-kexec" NotPermitted "ENOSYS" "the running kernel has no kexec" "use a kernel with CONFIG_KEXEC_FILE or CONFIG_KEXEC; in a container, run skexec on the host";
    Busy "busy" NotPermitted "EBUSY" "another load or unload is under way" "wait until it is done, then try again";
    WriterOpen "open-for-writing" NotPermitted "ETXTBSY" "someone has the file open for writing" "wait until the package manager or the copy is done";
    UnsupportedProcessor "unsupported-processor" Unsuitable "-" "skexec cannot load kernels on this processor" "load it with kexec-tools; skexec verify and skexec inspect work here";
    NoMemoryHole "no-memory-hole" Unsuitable "EADDRNOTAVAIL" "no free stretch of physical memory is large enough" "use a smaller initrd, or a machine with more memory";
    NoCrashKernel "no-crashkernel" NotPermitted "EADDRNOTAVAIL" "no memory is reserved for a crash kernel" "boot with crashkernel=256M on the command line";
    KernelRefused "kernel-refused" NotPermitted "any" "the running kernel refused the image" "see the kernel's log: dmesg | tail";

    // Using what is loaded.
    NothingLoaded "nothing-loaded" Failed "EINVAL" "no kernel is loaded" "load one first: skexec load ...";
    ForeignImage "foreign-image" Failed "-" "a kernel is loaded, but not by skexec, so nobody knows what it is" "load it with skexec, or jump all the same with --foreign";
    NoInit "no-init" Failed "-" "no init system that skexec knows can shut this machine down" "stop the services, then run: skexec exec --force";
}
