//! Secrets for a command: from a file, from the environment, or typed; never from the command line, which other people of this
//! machine can read.

use crate::failure::Failure;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use zeroize::Zeroizing;

/// A secret file is one line.
const MOST: u64 = 4_096;

/// The environment's passphrase of a backup.
pub(crate) const PASSPHRASE: &str = "REEVE_BACKUP_PASSPHRASE";
/// The environment's recovery code.
pub(crate) const RECOVERY_CODE: &str = "REEVE_RECOVERY_CODE";

/// The first line of `file`.
pub(crate) fn of_file(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let unread = |source| Failure::SecretFile { path: file.to_owned(), source };
    let mut text = Zeroizing::new(String::with_capacity(MOST as usize + 1));
    std::fs::File::open(file).and_then(|open| open.take(MOST).read_to_string(&mut text)).map_err(unread)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::Setting(format!(
            "{} holds no secret: write it as the first line",
            file.display()
        )));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// The variable `name`, if it is set.
pub(crate) fn of_environment(name: &str) -> Option<Zeroizing<String>> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(Zeroizing::new)
}

/// Whether somebody is there to be asked.
pub(crate) fn somebody_is_there() -> bool {
    std::io::stdin().is_terminal()
}

/// What somebody types, unseen.
pub(crate) fn typed(what: &str) -> Result<Zeroizing<String>, Failure> {
    if !somebody_is_there() {
        return Err(Failure::Setting(format!(
            "nobody is there to type the {what}: give it in a file or the environment"
        )));
    }
    let typed = rpassword::prompt_password(format!("{what}: ")).map_err(Failure::Typing)?;
    Ok(Zeroizing::new(typed))
}

/// The same, typed twice.
pub(crate) fn typed_twice(what: &str) -> Result<Zeroizing<String>, Failure> {
    let first = typed(what)?;
    if *first != *typed(&format!("{what}, once more"))? {
        return Err(Failure::Setting("the two are not the same".to_owned()));
    }
    Ok(first)
}
