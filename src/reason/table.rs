//! The table of reasons: slug, exit code, the reference kernel's errno under enforcement, what it means, what to do.
//!
//! The slugs are stable: scripts match them. Rows stand in the order in which the checks are made.
use super::Exit;

reasons! {
    // The file itself.
    Unreadable "unreadable" Failed "-" "the file cannot be read" "check the path and its permissions";
    NotRegular "not-regular" Unsuitable "EINVAL" "the file is not a regular file" "give the path of a regular file: skexec cannot load a pipe, a device or a directory";
    Empty "empty" Unsuitable "EINVAL" "the file is empty" "check the package or the command that should have written the file";
    UnknownFormat "unknown-format" Unsuitable "ENOEXEC" "the file has no format that skexec knows" "give the path of a kernel (bzImage or vmlinux), an EFI program or an initrd";
    TooBig "too-big" Unsuitable "EFBIG" "the file is too large" "use a smaller file: the kernel accepts at most 4 GiB per file; a manifest or a detached signature has at most 1 MiB";
    ChangedWhileRead "changed-while-read" Unsuitable "EIO" "the file changed while it was read" "wait until the package manager or the copy is done, then try again";
    NotAKernel "not-a-kernel" Unsuitable "ENOEXEC" "the file is not a Linux kernel that can be booted" "give the path of a bzImage (vmlinuz) for this processor architecture";
    UnsupportedFormat "unsupported-format" Unsuitable "ENOEXEC" "the format of this kernel is not supported here" "load the bzImage (vmlinuz) of the same kernel; a vmlinux can be loaded with --method segments";
    HeaderInvalid "setup-header" Unsuitable "ENOEXEC" "the setup_header is malformed" "get the file again from its package";
    ElfHeader "elf-header" Unsuitable "-" "the ELF headers are malformed, or are not those of a kernel" "get the file again from its package, or load the bzImage (vmlinuz) of the same kernel";
    ProtocolTooOld "boot-protocol" Unsuitable "ENOEXEC" "the boot protocol of the kernel is too old" "use a 64-bit kernel with boot protocol 2.12 (Linux 3.8) or newer";
    No64BitEntry "no-64bit-entry" Unsuitable "ENOEXEC" "the kernel has no 64-bit entry point that works at any load address" "use a 64-bit kernel";
    FiveLevel "no-5level" Unsuitable "ENOEXEC" "this machine runs with five-level page tables, and the kernel cannot start with them" "reboot the running kernel with no5lvl on its command line, or use a kernel built with CONFIG_X86_5LEVEL";
    Truncated "truncated" Unsuitable "0 or ELIBBAD" "the image is truncated" "get the file again from its package";

    // Boot entries and installed kernels.
    NoEntry "no-entry" Unsuitable "-" "there is no such boot entry" "list the boot entries: skexec entries";
    EntryFile "entry-file" Unsuitable "-" "the boot entry cannot be used" "repair the entry, or give the kernel, the initrd and the command line to skexec load";
    InitrdUnfinished "initrd-unfinished" NotPermitted "-" "the initrd is still being made, or is older than the kernel or its modules" "wait until it is made, or make it (update-initramfs -u -k VERSION, dracut --force, kernel-install add), then try again";
    NoSuchVersion "no-such-version" Unsuitable "-" "no kernel of this version is installed" "install the kernel, or give its path to skexec load";

    // The PE container.
    Unsigned "unsigned" Refused "ENODATA" "the image carries no signature" "use the distribution's signed kernel (linux-image-amd64, not linux-image-amd64-unsigned), or sign the image: sbsign --key KEY --cert CERT FILE; a file that is no PE, such as an ELF kernel, needs a detached signature (--signature FILE.p7s)";
    PeHeader "pe-header" Unsuitable "ELIBBAD" "the PE header is malformed" "get the file again from its package";
    PeMagic "pe-magic" Unsuitable "ELIBBAD" "the PE optional header is not PE32+" "use a 64-bit kernel";
    PeDirs "pe-dirs" Unsuitable "undefined" "the PE header has the wrong number of data directories" "the file is crafted or damaged: get it again from its package";
    PeOptHdrSize "pe-opthdr-size" Unsuitable "0" "SizeOfOptionalHeader contradicts the number of data directories, so two parsers find two different section tables" "the file is crafted or damaged: get it again from its package";
    PeSections "pe-nsec" Unsuitable "ELIBBAD" "the PE section table is empty, too long or out of bounds" "the file is crafted or damaged: get it again from its package";
    CertTableBounds "cert-table-bounds" Unsuitable "ELIBBAD" "the certificate table is not at the end of the file" "the file was cut short, or bytes were appended to it: get it again from its package";
    CertTableAlign "cert-table-align" Unsuitable "0" "the certificate table is not aligned to 8 bytes" "sign the image again with a current sbsign or pesign";
    SectionBounds "section-bounds" Unsuitable "ELIBBAD" "a PE section lies outside the signed part of the file" "the file is crafted or damaged: get it again from its package";
    SectionOverlap "section-overlap" Unsuitable "ELIBBAD" "PE sections overlap" "the file is crafted or damaged: get it again from its package";
    UnsignedGap "unsigned-gap" Refused "0" "the file has bytes between its PE sections that no signature covers" "build the image without gaps between its sections, then sign it";
    WinCertType "wincert-type" Refused "ENOTSUPP" "the WIN_CERTIFICATE does not hold a PKCS#7 signature of revision 2.0" "sign the image again with sbsign or pesign";
    WinCertLength "wincert-length" Refused "0 or ELIBBAD" "the length of a WIN_CERTIFICATE is invalid" "sign the image again with a current sbsign or pesign";
    CertTableJunk "cert-table-junk" Refused "0" "the certificate table contains bytes that belong to no signature" "remove all signatures (sbattach --remove), then sign the image again";
    SecondWinCert "second-wincert" Refused "0" "another signature in the certificate table is malformed, or signs a different image" "remove that signature (sbattach --remove --signum 2), or sign the image again";

    // Unified kernel images.
    UkiMissing "uki-missing" Unsuitable "-" "a section that the UKI must have is not there" "build the UKI again with ukify; a file without .linux can only be an add-on to a UKI";
    UkiDoubled "uki-doubled" Unsuitable "-" "the UKI has two sections of one name, so two readers could take two different ones" "build the UKI again with ukify";
    UkiEmpty "uki-empty" Unsuitable "-" "a section of the UKI is empty" "build the UKI again with ukify, without the empty section";
    UkiSize "uki-size" Unsuitable "-" "a section of the UKI is longer in memory than in the file" "build the UKI again with ukify";
    UkiText "uki-text" Unsuitable "-" "a section of text in the UKI is no UTF-8, or has a NUL in its text" "build the UKI again with ukify, from a text file";
    UkiProfile "uki-profile" Unsuitable "-" "the UKI does not have this profile, or a .profile section is malformed" "see the profiles of the file: skexec inspect FILE";
    UkiUname "uki-uname" Unsuitable "-" ".uname of the UKI is not the release of the kernel that is booted" "build the UKI or the add-on again for this kernel";
    UkiAddon "uki-addon" Unsuitable "-" "the add-on has a section that only a UKI may have, or nothing to add" "build the add-on again: ukify build --cmdline=... --output=NAME.addon.efi, without --linux";
    InnerSignature "inner-signature" NotPermitted "ENODATA, ENOKEY or EKEYREJECTED" "the running kernel enforces signatures and does not accept the kernel (.linux) in the UKI, whatever the signature of the UKI is" "sign the kernel in the UKI, too, with a key that the running kernel trusts: ukify build --sign-kernel ...";
    InitrdSigned "initrd-signed" Refused "-" "the file brings its own initrd, which options must not change" "leave out --initrd and --no-initrd; the policy can allow --initrd: signed-initrd = \"append\" in /etc/skexec/policy.toml";
    CmdlineSigned "cmdline-signed" Refused "-" "the command line is signed, and the policy does not allow to change it" "leave out the options for the command line, or allow changes: signed-cmdline = \"append\" or \"replace\" in /etc/skexec/policy.toml";

    // PKCS#7 SignedData.
    Pkcs7Size "pkcs7-size" Refused "EMSGSIZE" "the PKCS#7 message is longer than 65535 bytes" "sign the image again with fewer certificates";
    Pkcs7Trailing "pkcs7-trailing" Refused "0" "bytes follow the PKCS#7 message inside its WIN_CERTIFICATE" "sign the image again with a current sbsign or pesign";
    Der "der" Refused "0 or EBADMSG" "the signature is not encoded in strict DER" "sign the image again with a tool that writes DER";
    Pkcs7 "pkcs7" Refused "EBADMSG or EINVAL" "the PKCS#7 SignedData is malformed" "sign the image again with sbsign or pesign";
    DigestAlgorithms "digest-algs" Refused "0" "digestAlgorithms must contain the signer's digest algorithm and nothing else" "sign the image again with sbsign or pesign";
    ContentType "content-type" Refused "EKEYREJECTED or EINVAL" "the signed content has the wrong type for this file" "sign a kernel image with sbsign, and any other file with a detached signature";
    BagCertificate "bag-cert" Refused "ENOPKG, EBADMSG or EINVAL" "a certificate embedded in the signature cannot be used" "sign the image again without that certificate";
    MultiSigner "multi-signer" Refused "0" "the signature has more than one signer" "sign the image again with one key";
    SignerId "sid" Refused "ENOKEY" "the SignerInfo does not identify the signer by issuer and serial number" "sign the image again with sbsign or pesign";
    WeakDigest "weak-digest" Refused "0 or ENOPKG" "the signature uses a digest algorithm that is no longer secure" "sign the image again with SHA-256 or stronger";
    UnsupportedAlgorithm "unsupported-algorithm" Refused "ENOPKG" "the signature uses an algorithm that Linux kernels cannot verify" "sign with RSA 2048 to 4096 (PKCS#1 v1.5) or ECDSA P-256, P-384, P-521, and SHA-256, SHA-384 or SHA-512";
    Attributes "attributes" Refused "EBADMSG or EKEYREJECTED" "the signed attributes are missing, repeated or malformed" "sign the image again with sbsign or pesign";
    AttributeOrder "attr-order" Refused "0" "the signed attributes are not in the order that DER requires" "sign the image again with a tool that writes DER";
    MessageDigest "message-digest" Refused "EKEYREJECTED" "the messageDigest attribute does not match the signed content" "the signature is crafted or damaged: get the file again from its package";
    SigningTime "signing-time" Refused "EKEYREJECTED" "the signing time is outside the validity period of the signer's certificate" "sign the image again while the certificate is valid";
    BadSignature "bad-signature" Refused "EINVAL, EBADMSG or EKEYREJECTED" "the signature value is wrong" "the file is manipulated or damaged: get it again from its package";
    WeakKey "weak-key" Refused "0" "the key of the signer or of an issuer is too weak" "sign with RSA of 2048 to 4096 bits and exponent 65537, or ECDSA";

    // The chain to an anchor.
    UnknownSigner "unknown-signer" Refused "ENOKEY" "the signer's certificate does not chain to a trusted certificate" "give the CA certificate of the signer with --keys FILE, or enrol it: mokutil --import FILE";
    NotCa "not-ca" Refused "0" "an issuer in the certificate chain is not a certificate authority" "get a certificate for the signer that a CA has issued";
    NameChain "name-chain" Refused "0" "the issuer and subject names in the certificate chain do not match" "get a new certificate for the signer from its CA";
    CertSignature "cert-signature" Refused "EKEYREJECTED" "the signature of a certificate in the chain is wrong" "the signature is crafted or damaged: get the file again from its package";
    PathLength "path-length" Refused "0" "the certificate chain is longer than a CA in it permits" "sign with a certificate that is closer to the root CA";
    LeafEku "leaf-eku" Refused "0" "the signer's certificate is not permitted to sign code" "sign with a certificate whose extendedKeyUsage contains codeSigning";
    LeafKu "leaf-ku" Refused "0" "the signer's certificate is not permitted to make signatures" "sign with a certificate whose keyUsage contains digitalSignature";
    CriticalExtension "crit-ext" Refused "0" "a certificate in the chain has a critical extension that skexec does not know" "get a certificate without this extension from the CA";
    AnchorModsign "anchor-modsign" Refused "0" "the trusted certificate is for kernel modules only" "trust a CA that signs kernels: a module signing key must not verify a kernel";

    // What was signed.
    Spc "spc" Refused "EBADMSG" "the SpcIndirectDataContent is malformed" "sign the image again with sbsign or pesign";
    DigestMismatch "digest-mismatch" Refused "EKEYREJECTED" "the file was changed after it was signed" "get the file again from its package; if it was changed on purpose, sign it again";
    DoubleMarker "double-marker" Refused "-" "the file has two appended signatures" "remove both, then sign the file once";
    AppendedSignature "appended-signature" Refused "EBADMSG" "the trailer of the appended signature is malformed" "remove the appended signature, then sign the file again";

    // Revocation.
    RevokedImage "revoked-image" Refused "0" "this image was revoked" "install the current version of this kernel: the revoked one is known to be unsafe";
    RevokedCertificate "revoked-cert" Refused "0" "a certificate in the chain was revoked" "install a kernel signed with the current key";
    RevokedTbs "revoked-tbs" Refused "0" "a certificate in the chain was revoked by its TBS hash" "install a kernel signed with the current key";
    Sbat "sbat" Refused "0" "the SBAT generation of the image was revoked" "install the current version of the component that the message names";
    RevocationUnreadable "revocation-unreadable" Refused "-" "a revocation list cannot be read, so skexec cannot know what was revoked" "repair or remove the list that the message names";
    TrustFile "trust-file" Failed "-" "a file of certificates or revocations cannot be used" "check the path, or repair the file: it may hold certificates (PEM or DER), EFI signature lists, or, for revocations, lines of sha256:HEX";
    PolicyFile "policy-file" Failed "-" "the policy file cannot be used" "repair the file that the message names: it must be TOML with known keys only (docs/policy.md), at most 64 KiB long, belong to root, and be writable by root alone";
    Hazard "hazard" Refused "oops" "this file crashes current kernels when they parse it" "do not load the file: it is crafted; keep it as evidence";

    // What the policy demands.
    SignerNotAllowed "signer-not-allowed" Refused "0" "the policy does not allow this signer for this kind of file" "use a file that an allowed signer has signed, or add the certificate or the public key to [signers] in the policy; skexec policy lists them";
    KeyTooSmall "key-too-small" Refused "0" "the key of the signer or of an issuer is smaller than the policy demands" "sign with a larger key, under issuers with larger keys, or lower [least] in the policy; skexec policy shows it";
    WaiverForbidden "waiver-forbidden" Refused "-" "the policy forbids the option --insecure-unsigned" "load a signed kernel without this option, or change insecure-unsigned in the policy; skexec policy names the file and the line";
    UncoveredKernel "uncovered-kernel" Refused "-" "the policy requires that a signature covers the kernel, and none does" "load a kernel that is signed, or change require in the policy; skexec policy names the file and the line";
    UncoveredInitrd "uncovered-initrd" Refused "-" "the policy requires that a signature covers every initrd, and one is not covered" "sign the initrd (FILE.p7s), or load a UKI or a kernel with a manifest, whose signatures cover their initrds";
    UncoveredCmdline "uncovered-cmdline" Refused "-" "the policy requires that a signature covers the command line, and none does" "load a UKI or a kernel with a manifest: the signature of a kernel alone never covers a command line";
    InjectionForbidden "injection-forbidden" Refused "-" "a signature must cover the initrd, and --inject or --credential adds a file to it" "leave out the option; or add the path to inject, or the name to credentials, in /etc/skexec/policy.toml";

    // What goes with the kernel.
    NotAnInitrd "not-an-initrd" Unsuitable "-" "the file is not an initrd: it is neither a cpio archive nor compressed" "give the path of an initrd; if it has a detached signature, check that this file is the one that was signed";
    InitrdIsKernel "initrd-is-kernel" Unsuitable "0" "a kernel or another program was given as the initrd" "give the path of this kernel's initrd (initrd.img, initramfs.img), or give --no-initrd";
    InitrdEmpty "initrd-empty" Unsuitable "EINVAL" "the initrd is empty" "build the initrd again (update-initramfs -u), or give --no-initrd";
    KernelUnsaid "kernel-unsaid" Usage "-" "no kernel was named, and the manifest does not name its file" "give KERNEL";
    InitrdUnsaid "initrd-unsaid" Usage "-" "no initrd was named, and the file brings none" "give --initrd FILE, or --no-initrd to boot without one";
    CmdlineUnsaid "cmdline-unsaid" Usage "-" "no command line was named, and the file brings none" "give --cmdline STR, --reuse-cmdline or --no-cmdline";
    InitrdUnsigned "initrd-unsigned" Refused "-" "the initrd has no detached signature, and one is required" "sign the initrd: openssl cms -sign -binary -outform DER -signer CERT -inkey KEY -in INITRD -out INITRD.p7s; or require no signature: leave out --require-signed-initrd, or give skexec.covers=kernel in a first stage";
    InjectionSize "injection-size" Unsuitable "-" "the file to add to the initrd is larger than 1 MiB" "add a smaller file, or build it into an initrd";
    CmdlineTooLong "cmdline-too-long" Unsuitable "EINVAL" "the kernel command line is too long" "shorten the command line";
    CmdlineNul "cmdline-nul" Unsuitable "EINVAL" "the kernel command line contains a NUL byte" "remove the NUL byte";
    MemoryTooSmall "half-of-ram" Unsuitable "EINVAL" "the kernel and the initrd need more than half of the memory, and the running kernel refuses that" "use a smaller initrd, or a machine with more memory; swap does not count";
    CrashTooSmall "crash-too-small" Unsuitable "EADDRNOTAVAIL" "the kernel and the initrd need more memory than is reserved for a crash kernel" "reserve more: boot the running kernel with a larger crashkernel=; or use a smaller initrd";
    CrashUnpack "crash-unpack" Unsuitable "0" "the crash kernel would have too little memory to unpack its initrd" "reserve as much as the message names: boot the running kernel with a larger crashkernel=; or use a smaller initrd";
    CrashHeaders "elfcorehdr-given" Unsuitable "0" "the command line of a crash kernel names the headers of a dump itself" "leave out elfcorehdr=: where the headers lie is known only when the crash kernel is loaded";
    Layout "layout" Unsuitable "-" "the kernel cannot be loaded in this layout" "leave out --layout: then skexec takes the first layout that applies";
    TooManySegments "too-many-segments" Unsuitable "EINVAL" "the load needs more segments than can be passed" "load the bzImage (vmlinuz) of the same kernel";

    // What a manifest binds.
    Manifest "manifest" Unsuitable "-" "the manifest is malformed" "correct the line that the message names, and sign the manifest again: docs/manifest.md describes the format";
    ManifestUnsigned "manifest-unsigned" Refused "-" "the manifest has no signature" "sign the manifest: openssl cms -sign -binary -outform DER -md sha256 -signer CERT -inkey KEY -in MANIFEST -out MANIFEST.p7s; or remove it, if it is not meant for this kernel";
    ManifestKernel "manifest-kernel" Refused "-" "the kernel is not the one that the manifest binds" "install the kernel that belongs to this manifest, or make and sign a manifest for this kernel";
    ManifestInitrd "manifest-initrd" Refused "-" "the initrds are not those that the manifest binds" "give the initrds in the order of the manifest; if an initrd was built again, make and sign a new manifest";
    ManifestCmdline "manifest-cmdline" Refused "-" "the command line is not the one that the manifest binds" "leave out --cmdline and --append: the manifest has the command line; or allow the parameter under [vary] and sign the manifest again";
    ManifestRollback "manifest-rollback" Refused "-" "the version of the manifest is too low" "load the current version; the policy (least.version) and the versions that have booted set the least one";
    ManifestState "manifest-state" Failed "-" "the file of the versions that have booted cannot be used" "repair /var/lib/skexec/manifests.json, or remove it: then only the policy (least.version) protects against older versions until the next boot";

    // What the system permits.
    NoCapability "no-capability" NotPermitted "EPERM" "the process lacks CAP_SYS_BOOT, which it needs to load, unload or boot a kernel" "run skexec as root: sudo skexec ...";
    KexecDisabled "kexec-disabled" NotPermitted "EPERM" "kexec is turned off on this system (kernel.kexec_load_disabled=1)" "only a reboot turns kexec on again; look in /etc/sysctl.d for the setting that turns it off";
    LoadLimit "load-limit" NotPermitted "EPERM" "the kexec load limit has been reached" "reboot: only that resets kernel.kexec_load_limit_reboot and kernel.kexec_load_limit_panic";
    Lockdown "lockdown" NotPermitted "EPERM, EACCES, ENOKEY, EKEYREVOKED or EKEYEXPIRED" "the running kernel is locked down and does not accept this image" "enrol the CA certificate of the signer, so that the running kernel trusts it too: mokutil --import FILE, then reboot";
    FileSizeLimit "file-size-limit" NotPermitted "-" "the limit on file sizes (RLIMIT_FSIZE) is too small to copy the file" "raise the limit: ulimit -f unlimited, or LimitFSIZE= in a systemd unit";
    KernelLacksAlgorithm "kernel-lacks-algorithm" NotPermitted "ENOENT or ENOPKG" "the running kernel verifies signatures but lacks an algorithm that this signature uses" "run a newer kernel, or use an image that is signed with algorithms that /proc/crypto lists";
    ImaRefused "ima" NotPermitted "EACCES" "an IMA or LSM policy does not permit this file" "read the audit log; sign the file for IMA (evmctl ima_sign), or change the policy";
    Seccomp "seccomp" NotPermitted "EPERM or ENOSYS" "a seccomp filter does not permit the call" "run skexec outside the container or sandbox; for a systemd unit, let SystemCallFilter= permit @reboot";
    PidNamespace "pid-namespace" NotPermitted "-" "this process is not in the initial PID namespace, and reboot(2) starts a loaded kernel only there" "run skexec exec on the host, outside every container and PID namespace";
    LoadPin "loadpin" NotPermitted "EPERM" "LoadPin permits kernels from one file system only" "load a kernel from the file system that LoadPin has pinned";
    NoKexecFile "no-kexec-file" NotPermitted "ENOSYS" "the running kernel has no kexec_file_load" "use a kernel with CONFIG_KEXEC_FILE, or --method segments";
    NoKexecLoad "no-kexec-load" NotPermitted "-" "the running kernel has no kexec_load" "use a kernel with CONFIG_KEXEC, or --method file with a bzImage";
    SegmentsForbidden "segments-forbidden" NotPermitted "-" "the running kernel does not permit kexec_load: it accepts only files whose signature it verifies itself" "use --method file with a bzImage (vmlinuz) that is signed by a key which the running kernel trusts";
    CrashFacts "crash-facts" NotPermitted "-" "what a crash kernel must be told of the running kernel cannot be read" "run as root, outside of a container; or use --method file with a bzImage (vmlinuz)";
    ConfidentialGuest "confidential-guest" NotPermitted "-" "this is a confidential guest, and kexec_load cannot pass its memory on to another kernel" "use --method file with a bzImage (vmlinuz)";
    KexecHandover "kexec-handover" NotPermitted "-" "the running kernel preserves memory for the next one (KHO), and segments could overwrite it" "use --method file, or boot without kho=on";
    MemoryMap "memory-map" NotPermitted "-" "the map of physical memory cannot be read" "run skexec as root, with CAP_SYS_ADMIN and with /proc and /sys mounted, or use --method file";
    Handover "handover" NotPermitted "-" "what the next kernel must know about this machine cannot be read" "mount /sys and run skexec as root, or use --method file";
    NoKexec "no-kexec" NotPermitted "ENOSYS" "the running kernel has no kexec" "use a kernel with CONFIG_KEXEC_FILE or CONFIG_KEXEC; in a container, run skexec on the host";
    Busy "busy" NotPermitted "EBUSY" "another load or unload is in progress" "wait until it has finished, then try again";
    WriterOpen "open-for-writing" NotPermitted "ETXTBSY" "another process has the file open for writing" "wait until the package manager or the copy is done, then try again";
    UnsupportedProcessor "unsupported-processor" Unsuitable "-" "skexec cannot load kernels on this processor" "load it with kexec-tools; skexec verify and skexec inspect work here";
    NoMemoryHole "no-memory-hole" Unsuitable "EADDRNOTAVAIL" "no free range of physical memory is large enough" "use a smaller initrd, or a machine with more memory";
    OutOfMemory "out-of-memory" Unsuitable "ENOMEM" "the running kernel has too little free memory to take the image" "free memory, for example by stopping services, or use a smaller initrd";
    NoCrashKernel "no-crashkernel" NotPermitted "EADDRNOTAVAIL" "no memory is reserved for a crash kernel" "boot with crashkernel=256M on the command line";
    CheckRequired "check-required" NotPermitted "-" "the purgatory's check cannot be left out where signatures are enforced" "leave out -i (--no-checks)";
    BadCall "bad-call" Failed "EINVAL, EFAULT or EBADF" "the running kernel found a fault in the call itself" "report this as a fault of skexec, with the output of skexec load -v";
    KernelRefused "kernel-refused" NotPermitted "any" "the running kernel refused the image" "read the kernel's log: dmesg | tail";

    // Using what is loaded.
    NothingLoaded "nothing-loaded" Failed "EINVAL" "no kernel is loaded" "load a kernel first: skexec load ...";
    ForeignImage "foreign-image" Failed "-" "a kernel is loaded, but skexec did not load it and does not know what it is" "load a kernel with skexec, or boot the loaded one anyway with --foreign";
    RecordContradicted "record-contradicted" Failed "-" "a kernel is loaded, but it may not be the one that skexec recorded" "load the kernel again with skexec, or boot the unknown one with --foreign";
    ImageReplaced "image-replaced" Failed "-" "another skexec has loaded a kernel in place of the one that this command loaded to boot it" "see what is loaded with skexec status; then boot that with skexec exec, or repeat the command";
    NotMeasured "not-measured" NotPermitted "-" "the policy demands that what is booted is measured into the TPM, and it cannot be" "repair what the message names; without a TPM that can be used, set at = \"off\" under [measure] in /etc/skexec/policy.toml";
    KexecOption "kexec-option" Usage "-" "skexec cannot do what an option of kexec-tools asks for" "leave out the option; docs/kexec.md says of each option what skexec does";
    NoWatchdog "no-watchdog" NotPermitted "-" "no watchdog of this machine can be armed" "load its driver (modprobe NAME), free it where another process has it, choose fewer seconds where it does not count so many, or leave out --watchdog";
    Inhibited "inhibited" NotPermitted "-" "a program asks that the machine is not shut down now" "wait until that program is done (systemd-inhibit --list shows it), or shut down all the same with --ignore-inhibitors";
    ShutdownScheduled "shutdown-scheduled" NotPermitted "-" "logind will boot the loaded kernel at a later time, and without it systemd would load one that nobody has verified" "cancel the shutdown first: skexec exec --when cancel";
    ShutdownUnderWay "shutdown-under-way" NotPermitted "-" "the machine is being shut down already" "wait for its end: it is left as it is, with what was noted, armed and measured for it; if it was stopped and skexec cannot see that, run: skexec exec --when cancel";
    AnotherShutdown "another-shutdown" NotPermitted "-" "a shutdown is scheduled that boots no loaded kernel, and logind keeps only one" "cancel that one first: shutdown -c";
    MeasuredForShutdown "measured-for-shutdown" NotPermitted "-" "the machine was asked to shut down into the loaded kernel, which was measured into the TPM for that, and another one would be booted in its place without being measured" "wait for the reboot; if the shutdown was stopped and skexec cannot see that, run: skexec exec --when cancel";
    NoLogind "no-logind" NotPermitted "-" "logind does not run on this machine, and only logind can shut it down at a later time" "start systemd-logind, or leave out --when";
    NoInit "no-init" Failed "-" "skexec knows no init system on this machine that can shut it down" "stop the services, then run: skexec exec --force";
}
