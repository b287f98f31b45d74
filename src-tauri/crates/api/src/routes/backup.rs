//! Backups of the vault's keys: making one, seeing what one would change, restoring it, and which keys still work.

use super::{Answer, time, time_or_null};
use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use crate::host::Host;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use data_encoding::BASE64;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use reeve_engine::backup::{
    BackupSecret, BackupSource, BackupStatus, Noun, Planned, Preview, ProbeRun, Restore, Restored, Standing,
};
use reeve_engine::{Engine, Secret};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Bytes a backup sent along may have, as base64 and with the JSON around it.
const RESTORE_LIMIT: usize = 66 * 1024 * 1024;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(get_backup, make_backup))
        .routes(routes!(preview_restore).layer(DefaultBodyLimit::max(RESTORE_LIMIT)))
        .routes(routes!(restore_backup).layer(DefaultBodyLimit::max(RESTORE_LIMIT)))
        .routes(routes!(list_probes))
}

/// How backups of the keys stand.
#[derive(Serialize, ToSchema)]
pub(crate) struct BackupStatusView {
    /// When the last one was made here; null: never.
    made_at: Option<String>,
    /// Keys that were in it.
    made_keys: Option<u64>,
    /// Keys in use now: provider keys and admin keys.
    keys: u64,
    /// Of them those that came into use since the last backup.
    newer: u64,
    /// Whether the recovery code opens a backup that is made now.
    recovery_code: bool,
}

impl From<BackupStatus> for BackupStatusView {
    fn from(s: BackupStatus) -> Self {
        Self {
            made_at: time_or_null(s.last.as_ref().map(|b| b.made_at)),
            made_keys: s.last.map(|b| b.keys),
            keys: s.keys,
            newer: s.newer,
            recovery_code: s.recovery_code,
        }
    }
}

/// What opens the backup beside the vault's recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupBody {
    /// For this one file; null: only the recovery code opens it.
    passphrase: Option<String>,
}

/// A backup to be looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestorePreviewBody {
    /// The file, as base64.
    file: Option<String>,
    /// The file as one of this machine; only in the app's window.
    path: Option<String>,
    /// The recovery code that the vault had on the day of the backup.
    recovery_code: Option<String>,
    /// The passphrase that the backup was made with. With neither, the vault that is open here opens its own backups.
    passphrase: Option<String>,
}

/// A backup to be restored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreBody {
    /// The file, as base64.
    file: Option<String>,
    /// The file as one of this machine; only in the app's window.
    path: Option<String>,
    /// The recovery code that the vault had on the day of the backup.
    recovery_code: Option<String>,
    /// The passphrase that the backup was made with. With neither, the vault that is open here opens its own backups.
    passphrase: Option<String>,
    /// Ids of keys that are put into use although what is here is newer, or goes another way.
    #[serde(default)]
    #[schema(required = false)]
    replace: Vec<String>,
}

/// How a key of a backup stands to what is here.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RestoreStanding {
    /// It is not here: it is added.
    New,
    /// It is here, the same.
    Same,
    /// The backup's is newer: it is put into use.
    NewerInFile,
    /// The one here is newer: it stays.
    NewerHere,
    /// Both went on, each in its own way: the one here stays.
    Conflict,
}

/// What a row of a backup is about.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RestoreNoun {
    Credential,
    ControlCredential,
}

/// What restoring does with a key.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestoreKeyView {
    id: String,
    noun: RestoreNoun,
    /// What it is called then: another name than in the file where that is taken.
    name: String,
    provider: String,
    /// Its version in the file; null for an admin key, and where the file has no key of it.
    version: Option<u32>,
    last4: String,
    standing: RestoreStanding,
    /// Version of the key that is here.
    here_version: Option<u32>,
    here_last4: Option<String>,
    here_revoked: bool,
    /// Whether it may be named in `replace`.
    replaceable: bool,
    /// Why it stands so, where that is not plain.
    why: Option<String>,
}

/// What a backup holds, and what restoring it would change here.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestorePreviewView {
    made_at: String,
    /// The vault that it was made of.
    vault_id: String,
    /// Whether that is this one.
    same_vault: bool,
    /// Whether this vault has moved on since the backup.
    older: bool,
    keys: Vec<RestoreKeyView>,
    /// Keys in use here that the backup does not have; they stay.
    only_here: u64,
}

/// What a restore did.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestoredView {
    /// As it was carried out.
    preview: RestorePreviewView,
    /// Ids of the keys that were put in place of what was here.
    replaced: Vec<String>,
    /// Keys that were added or put into use.
    changed: u64,
}

/// What the provider said to a restored key.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestoreProbeView {
    credential_id: String,
    name: String,
    provider: String,
    version: u32,
    last4: String,
    /// Whether the provider took it.
    ok: bool,
    status: Option<u16>,
    message: String,
}

/// The probes of every key in use, after the last restore.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestoreProbesView {
    /// Null: nothing was restored since Reeve was started.
    restored_at: Option<String>,
    total: usize,
    ended: bool,
    /// As they came; once all have, those that do not work first.
    items: Vec<RestoreProbeView>,
}

impl From<Planned> for RestoreKeyView {
    fn from(p: Planned) -> Self {
        Self {
            id: p.id,
            noun: match p.noun {
                Noun::Credential => RestoreNoun::Credential,
                Noun::ControlCredential => RestoreNoun::ControlCredential,
            },
            name: p.name,
            provider: p.provider,
            version: (p.version > 0).then_some(p.version),
            last4: p.last4,
            standing: match p.standing {
                Standing::New => RestoreStanding::New,
                Standing::Same => RestoreStanding::Same,
                Standing::NewerInFile => RestoreStanding::NewerInFile,
                Standing::NewerHere => RestoreStanding::NewerHere,
                Standing::Conflict => RestoreStanding::Conflict,
            },
            here_version: p.here.as_ref().map(|h| h.version).filter(|version| *version > 0),
            here_last4: p.here.as_ref().map(|h| h.last4.clone()),
            here_revoked: p.here.is_some_and(|h| h.revoked),
            replaceable: p.replaceable,
            why: p.why.map(str::to_owned),
        }
    }
}

impl From<Preview> for RestorePreviewView {
    fn from(p: Preview) -> Self {
        Self {
            made_at: time(p.made_at),
            vault_id: p.vault_id,
            same_vault: p.same_vault,
            older: p.older,
            keys: p.keys.into_iter().map(Into::into).collect(),
            only_here: p.only_here,
        }
    }
}

impl From<Restored> for RestoredView {
    fn from(r: Restored) -> Self {
        Self { preview: r.preview.into(), replaced: r.replaced, changed: r.changed }
    }
}

impl From<Option<ProbeRun>> for RestoreProbesView {
    fn from(run: Option<ProbeRun>) -> Self {
        let Some(run) = run else {
            return Self { restored_at: None, total: 0, ended: true, items: Vec::new() };
        };
        let view = |p: reeve_engine::backup::RestoredProbe| RestoreProbeView {
            credential_id: p.credential.to_string(),
            name: p.name,
            provider: p.provider,
            version: p.version,
            last4: p.last4,
            ok: p.ok,
            status: p.status,
            message: p.message,
        };
        Self {
            restored_at: Some(time(run.restored_at)),
            total: run.total,
            ended: run.ended,
            items: run.probes.into_iter().map(view).collect(),
        }
    }
}

/// How backups of the keys stand: when the last one was made, and what came since.
#[utoipa::path(get, path = "/vault/backup", tag = "vault", extensions(("x-permission" = json!("vault:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = BackupStatusView)))]
async fn get_backup(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<BackupStatusView> {
    Ok(Json(engine.backup_status(&cx).await?.into()))
}

/// Makes a backup of every provider key and admin key, and answers the file.
#[utoipa::path(post, path = "/vault/backup", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), request_body = BackupBody,
    responses((status = 200, content_type = "application/octet-stream", body = String)))]
async fn make_backup(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<BackupBody>,
) -> Result<Response, Failure> {
    let passphrase = body.passphrase.map(|typed| Secret::new(typed.into_bytes()));
    let made = engine.export_backup(&cx, passphrase).await?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", made.file_name)),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, made.bytes).into_response())
}

/// What a backup holds, and what restoring it would change here. Nothing is changed.
#[utoipa::path(post, path = "/vault/restore/preview", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), request_body = RestorePreviewBody,
    responses((status = 200, body = RestorePreviewView)))]
async fn preview_restore(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    host: Option<Extension<Host>>,
    JsonBody(body): JsonBody<RestorePreviewBody>,
) -> Answer<RestorePreviewView> {
    let file = source(body.file, body.path, host.map(|h| h.0).unwrap_or_default())?;
    let secret = secret(body.recovery_code, body.passphrase)?;
    let restore = Restore { file, secret, replace: Vec::new() };
    Ok(Json(engine.preview_restore(&cx, restore).await?.into()))
}

/// Restores a backup: adds what is not here, puts into use what is newer in the file, and leaves what is newer here. Then every
/// key in use is tried at its provider: `GET /vault/restore/probes`.
#[utoipa::path(post, path = "/vault/restore", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), request_body = RestoreBody, responses((status = 200, body = RestoredView)))]
async fn restore_backup(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    host: Option<Extension<Host>>,
    JsonBody(body): JsonBody<RestoreBody>,
) -> Answer<RestoredView> {
    let file = source(body.file, body.path, host.map(|h| h.0).unwrap_or_default())?;
    let secret = secret(body.recovery_code, body.passphrase)?;
    let restore = Restore { file, secret, replace: body.replace };
    Ok(Json(engine.restore_backup(&cx, restore).await?.into()))
}

/// Which keys work, after the last restore.
#[utoipa::path(get, path = "/vault/restore/probes", tag = "vault", extensions(("x-permission" = json!("vault:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = RestoreProbesView)))]
async fn list_probes(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<RestoreProbesView> {
    Ok(Json(engine.restore_probes(&cx).await?.into()))
}

/// Over the network nobody names files of this machine.
fn source(file: Option<String>, path: Option<String>, host: Host) -> Result<BackupSource, Failure> {
    match (file, path) {
        (Some(_), Some(_)) => Err(Failure::field("path", "cannot be given together with file")),
        (None, None) => Err(Failure::field("file", "is needed")),
        (Some(text), None) => match BASE64.decode(text.as_bytes()) {
            Ok(bytes) => Ok(BackupSource::Bytes(bytes)),
            Err(_) => Err(Failure::field("file", "must be base64")),
        },
        (None, Some(_)) if host == Host::Server => {
            Err(Failure::field("path", "can be given only in the app's own window"))
        }
        (None, Some(path)) => Ok(BackupSource::Path(PathBuf::from(path))),
    }
}

fn secret(recovery_code: Option<String>, passphrase: Option<String>) -> Result<BackupSecret, Failure> {
    match (recovery_code, passphrase) {
        (Some(_), Some(_)) => Err(Failure::field("passphrase", "goes without a recovery code")),
        (Some(code), None) => Ok(BackupSecret::Recovery(code.into())),
        (None, Some(typed)) => Ok(BackupSecret::Passphrase(Secret::new(typed.into_bytes()))),
        (None, None) => Ok(BackupSecret::ThisVault),
    }
}
