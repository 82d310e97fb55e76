//! Signature lists from before the boot: the firmware's `db` and `dbx`, and the copies that shim makes of its own lists.

use super::Root;
use super::efi::{self, IMAGE_SECURITY, SHIM};
use std::io;

/// A list, or a part of one, under its variable's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) data: Vec<u8>,
}

/// One of shim's lists, as far as it was found.
#[derive(Debug, Default)]
pub(crate) struct Mok {
    pub(crate) parts: Vec<Part>,
    /// Variables that shim cannot have created; they are left out.
    pub(crate) planted: Vec<String>,
    /// Shim's table has the list, but this process may not read the table: the variables may hold only a part of the list.
    pub(crate) without_privilege: bool,
}

/// A list of the firmware; `None` if the firmware does not have it.
pub(crate) fn database(root: &Root, name: &str) -> io::Result<Option<Part>> {
    let variable = efi::variable(root, name, IMAGE_SECURITY)?;
    Ok(variable.map(|variable| Part { name: name.to_owned(), data: variable.data }))
}

/// Whether the machine's owner told shim to ignore `db`. It does not matter who created the variable, because it can only remove
/// trust; the kernel does not check that either.
pub(crate) fn ignores_db(root: &Root) -> bool {
    !matches!(efi::variable(root, "MokIgnoreDB", SHIM), Ok(None))
}

/// Reads one of shim's lists: from shim's table if it can be read, else from the variables.
pub(crate) fn mok(root: &Root, name: &str) -> io::Result<Mok> {
    let mut mok = Mok::default();
    match efi::mok_table_entry(root, name) {
        Ok(Some(data)) => {
            mok.parts.push(Part { name: name.to_owned(), data });
            return Ok(mok);
        }
        Ok(None) => {}
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => mok.without_privilege = true,
        Err(error) => return Err(error),
    }
    for name in efi::split_names(root, name)? {
        match efi::variable(root, &name, SHIM)? {
            Some(variable) if variable.made_before_boot() => mok.parts.push(Part { name, data: variable.data }),
            Some(_) => mok.planted.push(name),
            None => {}
        }
    }
    Ok(mok)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Tree, set_variable};
    use super::*;

    fn names(tree: &Tree) -> (Vec<(String, Vec<u8>)>, Vec<String>) {
        let mok = mok(tree.root(), "MokListXRT").unwrap();
        (mok.parts.into_iter().map(|part| (part.name, part.data)).collect(), mok.planted)
    }

    #[test]
    fn the_table_goes_before_the_variables() {
        let tree = Tree::new();
        assert_eq!(names(&tree), (vec![], vec![]));
        set_variable(&tree, "MokListXRT", SHIM, 6, b"cut");
        set_variable(&tree, "MokListXRT1", SHIM, 6, b"rest");
        let parts = vec![("MokListXRT".to_owned(), b"cut".to_vec()), ("MokListXRT1".to_owned(), b"rest".to_vec())];
        assert_eq!(names(&tree), (parts, vec![]));
        tree.write("/sys/firmware/efi/mok-variables/MokListXRT", b"all");
        assert_eq!(names(&tree), (vec![("MokListXRT".to_owned(), b"all".to_vec())], vec![]));
    }

    #[test]
    fn what_root_can_make_is_left_out() {
        let tree = Tree::new();
        set_variable(&tree, "MokListXRT", SHIM, 7, b"planted");
        assert_eq!(names(&tree), (vec![], vec!["MokListXRT".to_owned()]));
    }

    #[test]
    fn a_variable_without_attributes_is_an_error() {
        let tree = Tree::new();
        tree.write(&format!("/sys/firmware/efi/efivars/MokListXRT-{SHIM}"), b"x");
        assert!(mok(tree.root(), "MokListXRT").is_err());
    }

    #[test]
    fn the_owner_may_ignore_db() {
        let tree = Tree::new();
        assert!(!ignores_db(tree.root()));
        set_variable(&tree, "MokIgnoreDB", SHIM, 7, &[]);
        assert!(ignores_db(tree.root()));
    }
}
