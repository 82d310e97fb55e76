//! Parameters that the code of a bzImage reads before it starts the kernel proper.

/// Whether the command line has a word, as that code looks for it (`__cmdline_find_option_bool`, arch/x86/boot/cmdline.c): it splits
/// at every control character and blank, and knows no quotes and no `--`.
pub(super) fn has(cmdline: &str, wanted: &str) -> bool {
    cmdline.split(|letter: char| letter <= ' ').any(|word| word == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_count() {
        for (line, wanted) in [
            ("", false),
            ("nokaslr", true),
            ("quiet\tnokaslr", true),
            ("xnokaslr nokaslr=1 nokaslrx", false),
            ("\"a nokaslr b\"", true),
            ("init=/bin/sh -- nokaslr", true),
        ] {
            assert_eq!(has(line, "nokaslr"), wanted, "{line}");
        }
    }
}
