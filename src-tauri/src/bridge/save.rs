//! An answer that goes into a file: written beside its place while it arrives, and put there once it is whole.

use std::path::{Path, PathBuf};

use axum::body::Body;
use http_body_util::BodyExt;
use tokio::fs::{self, OpenOptions};
use tokio::io::AsyncWriteExt;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    #[error("the file cannot be written")]
    Write(#[from] std::io::Error),
    #[error("the answer broke off")]
    Answer(#[from] axum::Error),
}

/// Writes the whole body to `place`. What was there stays unless it all arrives.
pub(super) async fn save(body: Body, place: &Path) -> Result<(), SaveError> {
    let part = beside(place);
    let written = match write(body, &part).await {
        Ok(()) => fs::rename(&part, place).await.map_err(SaveError::Write),
        Err(error) => Err(error),
    };
    if written.is_err() {
        // Half a file would be taken for a whole one.
        let _ = fs::remove_file(&part).await;
    }
    written
}

async fn write(mut body: Body, part: &Path) -> Result<(), SaveError> {
    let mut file = private().create(true).truncate(true).write(true).open(part).await?;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            file.write_all(&data).await?;
        }
    }
    file.flush().await?;
    Ok(file.sync_all().await?)
}

/// What is saved are exports and backups: other users of the machine do not read them.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    options.mode(0o600);
    options
}

fn beside(place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}
