//! Properties of the file formats.

use forge::hash::Hash;
use skexec::digest::{Algorithm, Hashed};
use skexec::image::bzimage::SetupHeader;
use skexec::image::cmdline::Cmdline;
use skexec::image::pe::Pe;
use skexec::image::{Format, Kernel, Parsed, elf as image_elf};
use skexec::inspect::Description;
use skexec::memory::{PAGE, PhysAddr};
use skexec::prediction::predict;
use skexec::trust::authenticode::{image_digest, signatures};
use skexec::trust::{Trust, sbat};

/// PE headers: every range is in its place, and an image without gaps has the digest that the forge computes by the kernel's
/// formula.
pub fn pe(file: &[u8]) {
    let Ok(pe) = Pe::parse(file) else { return };
    let table = pe.certificate_table.clone().unwrap_or(file.len()..file.len());
    let places = [
        pe.checksum.clone(),
        pe.security_entry.clone(),
        pe.headers.end..table.start,
        table.start..table.end,
        file.len()..file.len(),
    ];
    assert!(places.iter().all(|place| place.start <= place.end), "{pe:?}");
    assert!(places.windows(2).all(|two| two[0].end <= two[1].start), "{pe:?}");
    let mut before = pe.headers.end;
    for section in &pe.sections {
        assert!(before <= section.raw.start && section.raw.start <= section.raw.end, "{pe:?}");
        before = section.raw.end;
    }
    assert!(before <= table.start, "{pe:?}");
    let _ = sbat::components(&pe, file);
    if let Ok(bodies) = signatures(&file[table.clone()]) {
        assert!(bodies.iter().map(|body| body.len() + 8).sum::<usize>() <= table.len());
    }
    if pe.check_coverage().is_ok() {
        let digest = image_digest(&Hashed::new(file), &pe, Algorithm::Sha256);
        assert_eq!(digest.value, forge::authenticode::digest(&file[..table.start], Hash::Sha256));
    }
}

/// setup_header and command line: a loadable file passes the kernel's probe, and the command line respects the kernel's limit.
pub fn bzimage(bytes: &[u8]) {
    let header = SetupHeader::parse(bytes);
    if let Ok(Kernel::BzImage(header)) = Parsed::new(bytes).loadable() {
        assert!(header.end() <= bytes.len() && header.kernel_alignment.is_power_of_two(), "{header:?}");
        assert_ne!(predict(&Hashed::new(bytes), &Trust::default().keyrings()).name(), Some("ENOEXEC"), "{header:?}");
    }
    let size = header.map_or(2047, |header| header.cmdline_size);
    let text = String::from_utf8_lossy(bytes);
    let (running, more) = text.split_once("\n\n").unwrap_or((&text, ""));
    let removed = more.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let line = Cmdline::reuse(running, &removed);
    assert_eq!(Cmdline::reuse(line.as_str(), &removed), line, "what is removed is removed at once");
    let line = line.append(more);
    if let Ok(passed) = line.for_file_load(size) {
        assert_eq!(passed.as_bytes(), line.as_str().as_bytes());
        assert!(passed.as_bytes_with_nul().len() + 30 <= usize::try_from(size).unwrap(), "of {size}");
    }
}

/// ELF, and any other format: a file that is no bzImage, no vmlinux and no UKI is refused, but can be described. The segments of a
/// vmlinux lie within the file and share no page, and the entry point lies in the bytes of one of them.
pub fn elf(bytes: &[u8]) {
    if let Ok(kernel) = image_elf::Vmlinux::parse(bytes) {
        assert!(image_elf::is_kernel(bytes));
        vmlinux(&kernel, bytes.len());
    }
    let _ = Description::new(String::new(), bytes).nodes();
    let kernel = image_elf::is_kernel(bytes);
    assert!(!kernel || image_elf::claimed_by(bytes));
    let file = Parsed::new(bytes);
    match file.format() {
        Format::BzImage | Format::Uki => {}
        Format::Elf => assert_eq!(file.loadable().is_ok(), image_elf::Vmlinux::parse(bytes).is_ok()),
        _ => assert!(file.loadable().is_err()),
    }
}

fn vmlinux(kernel: &image_elf::Vmlinux, length: usize) {
    let mut before = PhysAddr::default();
    for segment in &kernel.segments {
        let pages = segment.pages();
        assert!(segment.file.start <= segment.file.end && segment.file.end <= length, "{kernel:?}");
        assert!(u64::try_from(segment.file.len()).unwrap() <= segment.at.len(), "{kernel:?}");
        assert!(pages.contains(segment.at) && before <= pages.start(), "{kernel:?}");
        assert!([pages.start(), pages.end()].iter().all(|end| end.get().is_multiple_of(PAGE)), "{kernel:?}");
        before = pages.end();
    }
    let entry = |segment: &image_elf::LoadSegment| {
        let into = kernel.entry.get().checked_sub(segment.at.start().get());
        into.is_some_and(|into| usize::try_from(into).unwrap() < segment.file.len())
    };
    assert_eq!(kernel.segments.iter().filter(|segment| entry(segment)).count(), 1, "{kernel:?}");
    assert!((1..=13).contains(&kernel.segments.len()));
    assert!(kernel.segments.iter().map(|segment| segment.file.len()).sum::<usize>() <= length);
    assert!(kernel.release.as_ref().is_none_or(|release| release.len() <= 200));
}
