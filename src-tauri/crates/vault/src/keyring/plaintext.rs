//! Whether the keyring's file is in the clear. A gnome-keyring without a password, as on machines that sign in by
//! themselves, is a text file that begins with `[keyring]`; an encrypted one begins with `GnomeKeyring`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

const MARK: &[u8] = b"[keyring]";
/// Longer names of keyrings are not looked at.
const MAX_NAME: u64 = 255;

/// Whether the default keyring of the person who runs this is a file in the clear. `false` also where there is no such
/// file: other keyrings keep theirs elsewhere.
#[must_use]
pub fn is_plaintext() -> bool {
    cfg!(target_os = "linux") && folder().is_some_and(|folder| is_plaintext_in(&folder))
}

fn folder() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = data.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")))?;
    Some(data.join("keyrings"))
}

fn is_plaintext_in(folder: &Path) -> bool {
    let name = beginning(&folder.join("default"), MAX_NAME).and_then(|bytes| String::from_utf8(bytes).ok());
    let name = name.map_or_else(|| "login".to_owned(), |name| name.trim().to_owned());
    // A name and nothing more: what stands in the file must not lead elsewhere.
    let plain = !name.is_empty() && !name.contains(['/', '\\', '\0']);
    let file = folder.join(format!("{name}.keyring"));
    plain && beginning(&file, MARK.len() as u64).is_some_and(|bytes| bytes == MARK)
}

fn beginning(path: &Path, bytes: u64) -> Option<Vec<u8>> {
    let mut found = Vec::new();
    File::open(path).ok()?.take(bytes).read_to_end(&mut found).ok()?;
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_keyrings_first_bytes_tell() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        assert!(!is_plaintext_in(folder.path()), "there is nothing");
        write("login.keyring", b"GnomeKeyring\n\r\0\n...");
        write("Open.keyring", b"[keyring]\ndisplay-name=Open\n");
        assert!(!is_plaintext_in(folder.path()), "login is what there is without a default");
        write("default", b"Open\n");
        assert!(is_plaintext_in(folder.path()));
        write("default", b"../Open");
        assert!(!is_plaintext_in(folder.path()));
    }
}
