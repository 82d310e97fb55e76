//! What is broken, and which tests have to notice.

/// A part of the code.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) name: &'static str,
    /// What it decides.
    pub(crate) decides: &'static str,
    /// Globs of its files.
    pub(crate) files: &'static [&'static str],
    pub(crate) package: &'static str,
    /// The tests that are asked first, then those for what they did not notice. The first are quick to build and to run.
    pub(crate) tests: [Tests; 2],
}

/// Tests of one package.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tests {
    pub(crate) package: &'static str,
    /// Those of the library, too.
    pub(crate) lib: bool,
    /// Its programs of tests.
    pub(crate) programs: &'static [&'static str],
    /// Only those whose names contain one of these; all where there is none.
    pub(crate) names: &'static [&'static str],
}

/// The module's own tests.
const fn own(names: &'static [&'static str]) -> Tests {
    Tests { package: "skexec", lib: true, programs: &[], names }
}

/// All tests of the library, and those of the whole program that come there.
const fn all(programs: &'static [&'static str]) -> Tests {
    Tests { package: "skexec", lib: true, programs, names: &[] }
}

/// Those that the trust in a kernel depends on come first.
pub(crate) const MODULES: [Module; 5] = [
    Module {
        name: "trust",
        decides: "whose signatures count",
        files: &["src/trust.rs", "src/trust/**/*.rs"],
        package: "skexec",
        tests: [
            own(&["trust::"]),
            all(&["judged", "bundles", "pkits", "wycheproof", "revoked", "differential", "oracle", "firmware"]),
        ],
    },
    Module {
        name: "authorize",
        decides: "what may be loaded",
        files: &["src/authorize.rs", "src/authorize/**/*.rs"],
        package: "skexec",
        tests: [
            own(&["authorize::"]),
            all(&["bundles", "load", "policy", "inject", "detached", "manifest", "uki", "judged"]),
        ],
    },
    Module {
        name: "plan",
        decides: "which segments the kernel is given, and where they lie",
        files: &["src/segments.rs", "src/segments/**/*.rs", "src/placement.rs", "src/placement/**/*.rs"],
        package: "skexec",
        tests: [own(&["segments::", "placement::"]), all(&["segments", "purgatory"])],
    },
    Module {
        name: "image",
        decides: "how the bytes of a file are read",
        files: &["src/image.rs", "src/image/**/*.rs"],
        package: "skexec",
        tests: [own(&["image::"]), all(&["bundles", "corpora", "uki", "manifest", "segments", "judged", "oracle"])],
    },
    Module {
        name: "purgatory",
        decides: "what is checked after the jump",
        files: &["purgatory/src/**/*.rs"],
        package: "skexec-purgatory",
        tests: [
            Tests { package: "skexec-purgatory", lib: true, programs: &[], names: &[] },
            all(&["purgatory", "segments"]),
        ],
    },
];
