//! Carrying a request out.

use super::{Erasure, ErasureState, Standing};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::id::ErasureId;
use reeve_core::permission::Permission;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::subjects::Subject;
use reeve_store::{Read, Recorded};

impl Engine {
    /// Erases what a request asks for, for good; where a legal hold keeps it, the request is blocked instead.
    ///
    /// # Errors
    /// If `cx` may not, there is none, it is decided already, the vault is locked, or it is the only administrator.
    pub async fn carry_out_erasure(&self, cx: &Cx, id: ErasureId) -> Result<Erasure, Error> {
        self.require(cx, Permission::PrivacyWrite).await?;
        let erasure = self.open_erasure(id).await?;
        let standing = self.standing(erasure.subject.clone()).await?;
        if let (ErasureState::Blocked, ground) = standing.blocked() {
            let draft = self
                .draft(cx, "privacy.block", format_args!("subject:{}", erasure.subject))
                .detail("request", id.to_string())
                .detail("holds", ground.clone().unwrap_or_default())
                .outcome(Outcome::Denied, Severity::Notice);
            return self.decide(draft, Erasure { state: ErasureState::Blocked, ground, ..erasure }).await;
        }
        standing.may_go()?;
        self.erase(cx, erasure, standing).await
    }

    async fn erase(&self, cx: &Cx, erasure: Erasure, standing: Standing) -> Result<Erasure, Error> {
        let Standing { decided, user, keys, sections, .. } = standing;
        let draft = self
            .draft(cx, "privacy.done", format_args!("subject:{}", erasure.subject))
            .detail("request", erasure.id.to_string())
            .detail("key_ids", keys.clone())
            .detail("count", sections)
            .detail("account", user.is_some())
            .outcome(Outcome::Success, Severity::Notice);
        let count = keys.len() as u64;
        let beside = move |recorded: &Recorded<'_>, r: &Read<'_>| {
            let now = recorded.now();
            let again = Standing::load(r, &erasure.subject)?;
            if !again.held_by.is_empty() {
                return Err(Error::new(Code::Conflict, "A legal hold was placed meanwhile."));
            }
            again.may_go()?;
            // One that came in between, such as that of this entry where somebody erases themselves.
            again.keys.iter().try_for_each(|id| recorded.subject_keys().destroy(id))?;
            let user_id = user.or(decided.user_id);
            recorded.subjects().put(&Subject { user_id, erased_at: Some(now), ..decided })?;
            if let Some(user) = user {
                recorded.users().delete(user)?;
            }
            let done = Erasure {
                state: ErasureState::Done,
                ground: None,
                decided_at: Some(now),
                decided_seq: Some(recorded.sequence()),
                keys: count,
                sections,
                ..erasure
            };
            recorded.erasures().put(&done)?;
            Ok(done)
        };
        let done = self.destroy_keys(draft, keys, beside).await?;
        if let Some(user) = user {
            self.forget_person(user);
        }
        Ok(done)
    }
}
