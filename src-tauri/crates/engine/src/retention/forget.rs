//! What is personal goes by whole months, with the keys that seal it: the entries stay for as long as they are kept.

use crate::Engine;
use crate::audit::Stream;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use crate::legal_holds::Holding;
use crate::privacy::month_of;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::{Read, Recorded};

/// Keys destroyed with one entry at most.
const AT_A_TIME: usize = 1_000;

/// The keys of months that are over before `before`, and how many of those a hold keeps.
struct Due {
    ids: Vec<String>,
    sections: u64,
    held: u64,
}

impl Due {
    fn load(r: &Read<'_>, before: Millis) -> Result<Self, Error> {
        let (first, holding) = (month_of(before), Holding::load(r)?);
        let (mut ids, mut sections, mut held) = (Vec::new(), 0, 0);
        for key in r.subject_keys().all()?.into_iter().filter(|key| key.month < first) {
            if !holding.of_key(&key).is_empty() {
                held += 1;
            } else if ids.len() < AT_A_TIME {
                sections += r.subject_keys().sections(&key.id)?;
                ids.push(key.id);
            }
        }
        Ok(Self { ids, sections, held })
    }
}

impl Engine {
    /// Destroys the keys of months whose time is over.
    pub(super) async fn forget_due(&self) -> Result<(), Error> {
        let now = self.now();
        loop {
            let due = self.inner.store.read(move |r| {
                let before = r.retention_policies().get(Stream::Audit)?.personal_before(now);
                before.map(|before| Ok::<_, Error>((before, Due::load(r, before)?))).transpose()
            });
            let Some((before, due)) = due.await? else { return Ok(()) };
            if due.ids.is_empty() {
                return Ok(());
            }
            let draft = self
                .draft(&Cx::system(), "retention.forget", "ledger:audit")
                .detail("before_month", month_of(before))
                .detail("keys", due.ids.len())
                .detail("sections", due.sections)
                .detail("held", due.held)
                .outcome(Outcome::Success, Severity::Notice);
            let held = due.held;
            let still = move |_: &Recorded<'_>, r: &Read<'_>| match Due::load(r, before)?.held == held {
                true => Ok(()),
                false => Err(Error::new(Code::Conflict, "A legal hold was placed meanwhile.")),
            };
            self.destroy_keys(draft, due.ids, still).await?;
        }
    }
}
