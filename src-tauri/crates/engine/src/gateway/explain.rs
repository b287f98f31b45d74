//! Why a call is refused, in a sentence: what refused, how much is left, when to come back.

use crate::Engine;
use crate::admission::{Ask, Caller, Refusal};
use crate::error::{Code, Error};
use reeve_core::budget::BudgetScope;
use reeve_core::time::Millis;

impl Engine {
    /// The event type, the error for the caller, and the sentence for the audit trail: an end user's name is personal, so
    /// only the caller, who named them, is told it.
    pub(super) async fn explain(
        &self,
        caller: Caller,
        ask: &Ask<'_>,
        refusal: &Refusal,
    ) -> (&'static str, Error, String) {
        let (event, error) = match refusal {
            Refusal::Budget { .. } => return self.explain_budget(ask, refusal).await,
            _ => self.explain_limit(caller, refusal),
        };
        let sentence = error.message.clone();
        (event, error, sentence)
    }

    fn wait(&self, until: Millis) -> u64 {
        u64::try_from((until.0 - self.now().0) / Millis::SECOND + 1).unwrap_or(1)
    }

    fn explain_limit(&self, caller: Caller, refusal: &Refusal) -> (&'static str, Error) {
        let name = self.inner.admission.tenant_name(caller.tenant).unwrap_or_default();
        let (code, sentence) = match refusal {
            Refusal::UnknownTenant | Refusal::Budget { .. } => {
                (Code::Unauthenticated, "This key's tenant no longer exists.".to_owned())
            }
            Refusal::Inactive(status) => {
                (Code::Forbidden, format!("The tenant {name} is {}; its calls are refused.", status.as_str()))
            }
            Refusal::Tokens { limit, asked } => (
                Code::QuotaExceeded,
                format!(
                    "This call may use {asked} tokens; {name}'s plan allows {limit} in one call. Lower max_tokens or shorten the prompt."
                ),
            ),
            Refusal::RequestsPerDay { limit, resets_at } => (
                Code::QuotaExceeded,
                format!("{name} has used its {limit} calls of today. The count starts anew at {resets_at}."),
            ),
            Refusal::Concurrent { limit } => (
                Code::QuotaExceeded,
                format!("{name} has {limit} calls on their way, the most its plan allows at the same time."),
            ),
        };
        let event = if code == Code::QuotaExceeded { "quota.exceeded" } else { "access.denied" };
        let error = Error::new(code, sentence);
        let error = match refusal {
            Refusal::RequestsPerDay { resets_at, .. } => error.retry_after(self.wait(*resets_at)),
            Refusal::Concurrent { .. } => error.retry_after(1),
            _ => error,
        };
        (event, error)
    }

    async fn explain_budget(&self, ask: &Ask<'_>, refusal: &Refusal) -> (&'static str, Error, String) {
        let Refusal::Budget { level, period, remaining, limit, resets_at, .. } = refusal else {
            return ("budget.exceeded", Error::new(Code::BudgetExceeded, "A budget refused."), String::new());
        };
        let span = crate::budgets::word(*period);
        let say = |whose: &str, within: &str| {
            format!(
                "This call may cost ${}, and {whose} {span} budget{within} of ${limit} has ${remaining} left. It starts anew at {resets_at}.",
                ask.worst_case
            )
        };
        let (whose, within) = self.whose(level).await;
        let sentence = say(&whose, &within);
        let recorded =
            if level.scope == BudgetScope::User { say("the end user's", &within) } else { sentence.clone() };
        let error = Error::new(Code::BudgetExceeded, sentence).retry_after(self.wait(*resets_at));
        ("budget.exceeded", error, recorded)
    }
}
