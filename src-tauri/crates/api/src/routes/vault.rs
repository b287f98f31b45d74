//! The vault: how it stands, the ways to open it, and its master key.

use super::{Answer, time, time_or_null};
use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use crate::patch::Reading;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use reeve_engine::Engine;
use reeve_engine::Secret;
use reeve_engine::vault::{AddSlot, Rewrap, SlotStatus, VaultStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(get_vault))
        .routes(routes!(unlock_vault))
        .routes(routes!(add_slot))
        .routes(routes!(remove_slot))
        .routes(routes!(make_recovery_code))
        .routes(routes!(check_recovery_code))
        .routes(routes!(rotate_master_key))
        .routes(routes!(prepare_root_key))
        .routes(routes!(confirm_root_key))
        .routes(routes!(accept_older_copy))
}

/// A way to open the vault.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SlotKind {
    /// A key in the keyring of this machine.
    Keyring,
    /// `KEY_ENCRYPTION_SECRET`.
    Env,
    /// The recovery code.
    Recovery,
    /// A passphrase, typed at every start.
    Passphrase,
    /// The keyring and a passphrase together.
    Strict,
}

/// What somebody should look at.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VaultWarning {
    PlaintextKeyring,
    OlderCopy,
    NoRecoveryCode,
    NotInKeyring,
    Unreadable,
}

/// How a master key is rotated.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RewrapKind {
    /// The next epoch of the same root key.
    Routine,
    /// Another root key.
    Compromised,
}

/// A way to open the vault, and how it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct SlotView {
    id: String,
    kind: SlotKind,
    /// Whether its secret is known to be kept; a recovery code is, once part of it was typed back.
    checked: bool,
    /// Whether it opened the vault this time.
    opened: bool,
    created_at: String,
}

/// A rotation of the master key.
#[derive(Serialize, ToSchema)]
pub(crate) struct RewrapView {
    kind: RewrapKind,
    epoch: u32,
    /// Values that there were to seal anew.
    total: u64,
    done: u64,
    /// Values that did not open and stay as they are.
    unreadable: u64,
    started_at: String,
    /// Null while it is under way.
    ended_at: Option<String>,
}

/// The vault.
#[derive(Serialize, ToSchema)]
pub(crate) struct VaultStatusView {
    #[schema(value_type = crate::words::VaultState)]
    state: &'static str,
    /// Why it is locked, in a word.
    reason: Option<String>,
    /// What happened and the way out.
    message: Option<String>,
    epoch: u32,
    generation: u64,
    created_at: Option<String>,
    slots: Vec<SlotView>,
    #[schema(value_type = Vec<VaultWarning>)]
    warnings: Vec<&'static str>,
    /// Whether this machine uses a keyring.
    has_keyring: bool,
    /// Whether `KEY_ENCRYPTION_SECRET` is set.
    has_env: bool,
    /// Values that a rotation of the master key goes over.
    values: u64,
    /// Values that were sealed under this epoch of the master key, those that are gone among them.
    seals: u64,
    /// As many may be; at half of it the master key rotates by itself.
    seals_most: u64,
    /// The newest rotation of the master key.
    rewrap: Option<RewrapView>,
}

impl From<&SlotStatus> for SlotView {
    fn from(s: &SlotStatus) -> Self {
        let kind = match s.kind {
            reeve_engine::vault::SlotKind::Keyring => SlotKind::Keyring,
            reeve_engine::vault::SlotKind::Env => SlotKind::Env,
            reeve_engine::vault::SlotKind::Recovery => SlotKind::Recovery,
            reeve_engine::vault::SlotKind::Passphrase => SlotKind::Passphrase,
            reeve_engine::vault::SlotKind::Strict => SlotKind::Strict,
        };
        Self { id: s.id.clone(), kind, checked: s.checked, opened: s.opened, created_at: time(s.created_at) }
    }
}

impl From<Rewrap> for RewrapView {
    fn from(r: Rewrap) -> Self {
        Self {
            kind: if r.compromised { RewrapKind::Compromised } else { RewrapKind::Routine },
            epoch: r.epoch,
            total: r.total,
            done: r.done.min(r.total),
            unreadable: r.unreadable,
            started_at: time(r.started_at),
            ended_at: time_or_null(r.ended_at),
        }
    }
}

impl From<VaultStatus> for VaultStatusView {
    fn from(v: VaultStatus) -> Self {
        Self {
            state: if v.locked.is_some() { "locked" } else { "unlocked" },
            reason: v.locked.as_ref().map(|l| l.reason.clone()),
            message: v.locked.map(|l| l.message),
            epoch: v.epoch,
            generation: v.generation,
            created_at: time_or_null(v.created_at),
            slots: v.slots.iter().map(SlotView::from).collect(),
            warnings: v.warnings.into_iter().map(|w| w.as_str()).collect(),
            has_keyring: v.has_keyring,
            has_env: v.has_env,
            values: v.values,
            seals: v.seals,
            seals_most: reeve_engine::vault::MOST_SEALS,
            rewrap: v.rewrap.map(RewrapView::from),
        }
    }
}

/// A fresh recovery code.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodeView {
    /// Shown this once: write it down.
    recovery_code: String,
}

/// What a locked vault is opened with: at most one of them. With neither, what this machine has is tried again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnlockBody {
    /// The recovery code, as it was written down.
    recovery_code: Option<String>,
    /// The passphrase; where there is no vault yet, one is made that opens with it.
    passphrase: Option<String>,
}

/// Part of the code that was shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckBody {
    last_group: String,
}

/// A way to open the vault that shall be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlotBody {
    kind: SlotKind,
    /// For `passphrase` and `strict`.
    passphrase: Option<String>,
}

/// Another root key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RootKeyBody {
    /// The passphrase, where one is in use, or a new one.
    passphrase: Option<String>,
}

/// Wipes what was typed.
fn secret(text: String) -> Secret {
    Secret::new(text.into_bytes())
}

/// How the vault stands.
#[utoipa::path(get, path = "/vault", tag = "vault", extensions(("x-permission" = json!("vault:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = VaultStatusView)))]
async fn get_vault(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<VaultStatusView> {
    Ok(Json(engine.vault_status(&cx).await?.into()))
}

/// Opens a locked vault; needs no sign-in, because nobody can sign in before.
#[utoipa::path(post, path = "/vault/unlock", tag = "vault", request_body = UnlockBody, responses((status = 204)))]
async fn unlock_vault(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<UnlockBody>,
) -> Result<StatusCode, Failure> {
    match (body.recovery_code.map(Zeroizing::new), body.passphrase) {
        (Some(code), None) => engine.try_recovery_code(&cx, &code).await?,
        (None, Some(typed)) => engine.try_passphrase(&cx, secret(typed)).await?,
        (None, None) => engine.try_unlock_again(&cx).await?,
        (Some(_), Some(_)) => return Err(Failure::field("passphrase", "goes without a recovery code")),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a way to open the vault; it takes the place of the one of its kind.
#[utoipa::path(post, path = "/vault/slots", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), request_body = SlotBody, responses((status = 200, body = VaultStatusView)))]
async fn add_slot(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<SlotBody>,
) -> Answer<VaultStatusView> {
    let mut reading = Reading::default();
    let typed = body.passphrase.map(secret);
    let needs = matches!(body.kind, SlotKind::Passphrase | SlotKind::Strict);
    let typed = reading.read("passphrase", if needs { typed.ok_or("is needed").map(Some) } else { Ok(None) });
    reading.done()?;
    let add = match (body.kind, typed.flatten()) {
        (SlotKind::Keyring, _) => AddSlot::Keyring,
        (SlotKind::Env, _) => AddSlot::Env,
        (SlotKind::Passphrase, Some(typed)) => AddSlot::Passphrase(typed),
        (SlotKind::Strict, Some(typed)) => AddSlot::Strict(typed),
        _ => return Err(Failure::field("kind", "recovery codes are made by POST /vault/recovery-code")),
    };
    engine.add_slot(&cx, add).await?;
    Ok(Json(engine.vault_status(&cx).await?.into()))
}

/// Removes a way to open the vault; never the last that does without the keyring.
#[utoipa::path(delete, path = "/vault/slots/{id}", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = VaultStatusView)))]
async fn remove_slot(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Path(id): Path<String>,
) -> Answer<VaultStatusView> {
    engine.remove_slot(&cx, &id).await?;
    Ok(Json(engine.vault_status(&cx).await?.into()))
}

/// Makes a new recovery code. The one before it opens nothing any more once part of the new one was typed back.
#[utoipa::path(post, path = "/vault/recovery-code", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), responses((status = 200, body = RecoveryCodeView)))]
async fn make_recovery_code(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<RecoveryCodeView> {
    Ok(Json(RecoveryCodeView { recovery_code: engine.make_recovery_code(&cx).await?.to_string() }))
}

/// Takes the last group of the recovery code that was shown: somebody has kept it.
#[utoipa::path(post, path = "/vault/recovery-code/check", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), request_body = CheckBody, responses((status = 204)))]
async fn check_recovery_code(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CheckBody>,
) -> Result<StatusCode, Failure> {
    engine.check_recovery_code(&cx, &Zeroizing::new(body.last_group)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins the next epoch of the master key; everything is sealed anew under it in the background.
#[utoipa::path(post, path = "/vault/rotate", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), responses((status = 200, body = VaultStatusView)))]
async fn rotate_master_key(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<VaultStatusView> {
    engine.rotate_master_key(&cx).await?;
    Ok(Json(engine.vault_status(&cx).await?.into()))
}

/// Makes another root key and its recovery code. Nothing changes before `POST /vault/root-key/confirm`.
#[utoipa::path(post, path = "/vault/root-key", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), request_body = RootKeyBody, responses((status = 200, body = RecoveryCodeView)))]
async fn prepare_root_key(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<RootKeyBody>,
) -> Answer<RecoveryCodeView> {
    let code = engine.prepare_root_key(&cx, body.passphrase.map(secret)).await?;
    Ok(Json(RecoveryCodeView { recovery_code: code.to_string() }))
}

/// Takes the last group of the new recovery code and puts the new root key into use.
#[utoipa::path(post, path = "/vault/root-key/confirm", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), request_body = CheckBody, responses((status = 200, body = VaultStatusView)))]
async fn confirm_root_key(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CheckBody>,
) -> Answer<VaultStatusView> {
    engine.confirm_root_key(&cx, &Zeroizing::new(body.last_group)).await?;
    Ok(Json(engine.vault_status(&cx).await?.into()))
}

/// Goes on with this copy of the vault, although the keyring has seen a newer one.
#[utoipa::path(post, path = "/vault/older-copy/accept", tag = "vault", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), responses((status = 200, body = VaultStatusView)))]
async fn accept_older_copy(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<VaultStatusView> {
    engine.accept_older_copy(&cx).await?;
    Ok(Json(engine.vault_status(&cx).await?.into()))
}
