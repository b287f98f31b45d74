//! What the person typed after `reeve`. Two options do not earn a parser library.

use std::ffi::OsString;
use std::path::PathBuf;

/// Shown by `reeve --help`.
pub(crate) const HELP: &str = "\
Reeve: the operations console for an organisation's use of AI providers.

    reeve [--data DIR]

    --data DIR     keep the store in DIR; else REEVE_DATA, else the platform's place for data
    --version      print the version
    --help         print this

Without a display, serve the same console to a browser:

    reeve-server serve --data DIR --listen 127.0.0.1:4140 --gateway 127.0.0.1:4141";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// Open the console; the store is in `data` when the person named a folder.
    Open {
        /// The folder after `--data`.
        data: Option<PathBuf>,
    },
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
}

/// Why the arguments make no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentError {
    /// `--data` came last.
    #[error("--data needs a folder after it")]
    MissingFolder,
    /// An option or word that means nothing here.
    #[error("unknown argument {0:?}; see reeve --help")]
    Unknown(OsString),
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// On an unknown argument, or `--data` without a folder.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, ArgumentError> {
    let mut data = None;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(Arguments::Help),
            Some("--version" | "-V") => return Ok(Arguments::Version),
            Some("--data") => data = Some(folder(arguments.next())?),
            Some(text) if text.starts_with("--data=") => {
                data = Some(folder(text.strip_prefix("--data=").map(OsString::from))?);
            }
            // macOS adds a process serial number when the app is opened from the Finder.
            Some(text) if text.starts_with("-psn_") => {}
            _ => return Err(ArgumentError::Unknown(argument)),
        }
    }
    Ok(Arguments::Open { data })
}

fn folder(named: Option<OsString>) -> Result<PathBuf, ArgumentError> {
    named.filter(|name| !name.is_empty()).map(PathBuf::from).ok_or(ArgumentError::MissingFolder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Arguments, ArgumentError> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn reads_what_the_help_promises() {
        assert_eq!(parsed(&[]), Ok(Arguments::Open { data: None }));
        let named = Arguments::Open { data: Some(PathBuf::from("/srv/reeve")) };
        assert_eq!(parsed(&["--data=/srv/reeve"]).as_ref(), Ok(&named));
        assert_eq!(parsed(&["--data", "/srv/reeve"]).as_ref(), Ok(&named));
        assert_eq!(parsed(&["--data", "x", "--help"]), Ok(Arguments::Help));
        assert_eq!(parsed(&["-V"]), Ok(Arguments::Version));
        assert_eq!(parsed(&["-psn_0_1"]), Ok(Arguments::Open { data: None }));
    }

    #[test]
    fn refuses_the_rest() {
        assert_eq!(parsed(&["--data"]), Err(ArgumentError::MissingFolder));
        assert_eq!(
            parsed(&["--data="]),
            Err(ArgumentError::MissingFolder),
            "not the folder one happens to be in"
        );
        assert_eq!(parsed(&["serve"]), Err(ArgumentError::Unknown("serve".into())));
    }
}
