//! `backup` and `restore`: the provider keys of a data folder that no other Reeve has open, as one file.

use crate::arguments::{BackupFlags, RestoreFlags};
use crate::failure::Failure;
use crate::secret_input::{self, PASSPHRASE, RECOVERY_CODE};
use crate::{data, output};
use reeve_engine::backup::{
    BackupSecret, BackupSource, MadeFile, Planned, Preview, ProbeRun, Restore, Standing,
};
use reeve_engine::{Code, Cx, Engine, Secret};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// What a backup may be at most, in bytes, and one more.
const MOST: u64 = 48 * 1024 * 1024 + 1;

pub(crate) async fn make(flags: BackupFlags) -> Result<(), Failure> {
    refuse_taken(&flags.out)?;
    let passphrase = match (&flags.passphrase_file, flags.passphrase) {
        (Some(file), _) => Some(secret_input::of_file(file)?),
        (None, true) => Some(match secret_input::of_environment(PASSPHRASE) {
            Some(text) => text,
            None => secret_input::typed_twice("Passphrase for this backup")?,
        }),
        (None, false) => secret_input::of_environment(PASSPHRASE),
    };
    let engine = data::open(flags.folder.data).await?;
    let made = Box::pin(engine.export_backup(&Cx::cli(), passphrase.as_deref().map(secret))).await;
    let written = match made {
        Ok(made) => write(&flags.out, &made).map(|()| made).map_err(|e| file_failure(&flags.out, e)),
        Err(error) => Err(error.into()),
    };
    engine.close().await;
    let made = written?;
    output::line(&format!("Backup      {} keys in {}", made.keys, flags.out.display()))?;
    if made.unreadable > 0 {
        output::line(&format!("Left out    {} keys that do not open here", made.unreadable))?;
    }
    Ok(())
}

/// Under a name of its own first, readable by its owner alone, and to the disk; then under its name, if nothing has that.
fn write(out: &Path, made: &MadeFile) -> std::io::Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".reeve-backup-").tempfile_in(folder)?;
    file.write_all(&made.bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(out).map_err(|e| e.error)?;
    // Not every system lets a folder be opened; the file's own bytes are on the disk already.
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn refuse_taken(out: &Path) -> Result<(), Failure> {
    if out.symlink_metadata().is_ok() {
        return Err(Failure::Taken(out.to_owned()));
    }
    Ok(())
}

fn file_failure(path: &Path, source: std::io::Error) -> Failure {
    if source.kind() == std::io::ErrorKind::AlreadyExists {
        return Failure::Taken(path.to_owned());
    }
    Failure::File { path: path.to_owned(), source }
}

fn secret(text: &String) -> Secret {
    Secret::copy_of(text.as_bytes())
}

pub(crate) async fn restore(flags: RestoreFlags) -> Result<(), Failure> {
    let file = Zeroizing::new(read(&flags.file)?);
    let given = Given::of(&flags)?;
    let engine = data::open(flags.folder.data.clone()).await?;
    let restored = Box::pin(restore_into(&engine, &file, given, &flags)).await;
    engine.close().await;
    match restored? {
        0 => Ok(()),
        dead => Err(Failure::DeadKeys(dead)),
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
    read.map_err(|source| Failure::BackupFile { path: path.clone(), source })?;
    Ok(bytes)
}

/// What opens the file, as it was given.
enum Given {
    Code(Zeroizing<String>),
    Passphrase(Zeroizing<String>),
    /// Nothing: the vault that is here opens its own backups.
    Nothing,
}

impl Given {
    fn of(flags: &RestoreFlags) -> Result<Self, Failure> {
        if let Some(file) = &flags.recovery_code_file {
            return secret_input::of_file(file).map(Self::Code);
        }
        if let Some(file) = &flags.passphrase_file {
            return secret_input::of_file(file).map(Self::Passphrase);
        }
        let (code, passphrase) =
            (secret_input::of_environment(RECOVERY_CODE), secret_input::of_environment(PASSPHRASE));
        match (code, passphrase) {
            (Some(_), Some(_)) => Err(Failure::Setting(format!(
                "both {RECOVERY_CODE} and {PASSPHRASE} are set: set the one that opens this backup"
            ))),
            (Some(code), None) => Ok(Self::Code(code)),
            (None, Some(typed)) => Ok(Self::Passphrase(typed)),
            (None, None) if flags.recovery_code => secret_input::typed("Recovery code").map(Self::Code),
            (None, None) if flags.passphrase => {
                secret_input::typed("Passphrase of this backup").map(Self::Passphrase)
            }
            (None, None) => Ok(Self::Nothing),
        }
    }

    fn secret(&self) -> BackupSecret {
        match self {
            Self::Code(text) => BackupSecret::Recovery(text.clone()),
            Self::Passphrase(text) => BackupSecret::Passphrase(secret(text)),
            Self::Nothing => BackupSecret::ThisVault,
        }
    }
}

/// How many keys do not work.
async fn restore_into(
    engine: &Engine,
    file: &[u8],
    given: Given,
    flags: &RestoreFlags,
) -> Result<usize, Failure> {
    let cx = Cx::cli();
    let of = |given: &Given, replace: Vec<String>| Restore {
        file: BackupSource::Bytes(file.to_vec()),
        secret: given.secret(),
        replace,
    };
    let (given, preview) = match engine.preview_restore(&cx, of(&given, Vec::new())).await {
        Ok(preview) => (given, preview),
        // Another vault's backup, and somebody is there to say what opens it.
        Err(error)
            if matches!(given, Given::Nothing)
                && error.code == Code::Invalid
                && error.fields.iter().any(|f| f.field == "recovery_code")
                && secret_input::somebody_is_there() =>
        {
            let typed = Given::Code(secret_input::typed("Recovery code of that vault")?);
            let preview = engine.preview_restore(&cx, of(&typed, Vec::new())).await?;
            (typed, preview)
        }
        Err(error) => return Err(error.into()),
    };
    tell(&preview)?;
    if flags.preview {
        return Ok(0);
    }
    if preview.older && !flags.confirm {
        return Err(Failure::OlderBackup);
    }
    let restored = engine.restore_backup(&cx, of(&given, flags.replace.clone())).await?;
    output::line(&format!("Restored    {} keys; now each key in use is tried", restored.changed))?;
    let run = probed(engine, &cx).await?;
    for probe in &run.probes {
        let word = match (probe.ok, probe.status) {
            (true, _) => "Works",
            (false, Some(401 | 403)) => "Dead",
            // A provider that is away has said nothing about the key.
            (false, _) => "Unclear",
        };
        output::line(&format!(
            "{word:<12}{} ({}, v{}, …{}): {}",
            probe.name, probe.provider, probe.version, probe.last4, probe.message
        ))?;
    }
    Ok(run.probes.iter().filter(|p| !p.ok).count() + (run.total - run.probes.len()))
}

fn tell(preview: &Preview) -> Result<(), Failure> {
    let whose = if preview.same_vault { "this vault" } else { "another vault" };
    output::line(&format!("Made        {} of {whose}", preview.made_at))?;
    for key in &preview.keys {
        output::line(&line(key))?;
    }
    if preview.only_here > 0 {
        output::line(&format!("Only here   {} keys; they stay", preview.only_here))?;
    }
    if preview.older {
        output::line(
            "Warning     the vault here has moved on since: keys that were replaced since then are not in this backup",
        )?;
    }
    Ok(())
}

fn line(key: &Planned) -> String {
    let word = match key.standing {
        Standing::New => "New",
        Standing::Same => "Same",
        Standing::NewerInFile => "Newer",
        Standing::NewerHere => "Older",
        Standing::Conflict => "Conflict",
    };
    let last4 = if key.last4.is_empty() { String::new() } else { format!(", …{}", key.last4) };
    let why = match (key.standing, key.why) {
        (_, Some(why)) => format!(": {why}"),
        (Standing::NewerHere, None) => ": the one here is newer and stays".to_owned(),
        _ => String::new(),
    };
    format!("{word:<12}{} ({}{last4}) {}{why}", key.name, key.provider, key.id)
}

async fn probed(engine: &Engine, cx: &Cx) -> Result<ProbeRun, Failure> {
    loop {
        match engine.restore_probes(cx).await? {
            Some(run) if run.ended => return Ok(run),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
