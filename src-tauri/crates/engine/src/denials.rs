//! Requests that a listener refuses before anybody asks who sends them: those of other sites' pages, and those that call
//! it by a name that is not its own. The first is an entry of its own; what follows is gathered and written as one with a
//! number, so that a page somewhere cannot fill the ledger.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use parking_lot::Mutex;
use reeve_ledger::leaf::Ok as Outcome;

/// Why a listener refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Foreign {
    /// A page of another site sent it.
    Page,
    /// It called the listener by another name (DNS rebinding).
    Name,
}

impl Foreign {
    const ALL: [Self; 2] = [Self::Page, Self::Name];

    const fn reason(self) -> &'static str {
        match self {
            Self::Page => "foreign_page",
            Self::Name => "other_name",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Page => "Refused a request that another site's page sent",
            Self::Name => "Refused a request that called the listener by another name",
        }
    }
}

/// Refusals since they were last written.
#[derive(Default)]
pub(crate) struct Denials(Mutex<[u64; 2]>);

impl Denials {
    /// Whether this one is the first.
    fn is_first(&self, why: Foreign) -> bool {
        let count = &mut self.0.lock()[why as usize];
        *count += 1;
        *count == 1
    }

    /// How many came behind the first; from now on the next is the first.
    fn take(&self) -> impl Iterator<Item = (Foreign, u64)> {
        let counts = std::mem::take(&mut *self.0.lock());
        Foreign::ALL
            .into_iter()
            .zip(counts)
            .map(|(why, n)| (why, n.saturating_sub(1)))
            .filter(|(_, n)| *n > 0)
    }
}

impl Engine {
    /// Notes that a listener refused a request.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn note_foreign(&self, cx: &Cx, why: Foreign) -> Result<(), Error> {
        if self.inner.denials.is_first(why) {
            self.write_foreign(cx, why, 1).await?;
        }
        Ok(())
    }

    /// Writes what was gathered.
    pub(crate) async fn flush_foreign(&self) {
        for (why, calls) in self.inner.denials.take() {
            let cx = Cx { principal: reeve_core::principal::Principal::Anonymous, ..Cx::system() };
            if let Err(error) = self.write_foreign(&cx, why, calls).await {
                tracing::error!(error = &error as &dyn std::error::Error, "refusals could not be recorded");
            }
        }
    }

    async fn write_foreign(&self, cx: &Cx, why: Foreign, calls: u64) -> Result<(), Error> {
        let message = match calls {
            1 => why.sentence().to_owned(),
            n => format!("{}, {n} times", why.sentence()),
        };
        let draft = self
            .draft(cx, "access.denied", "listener:api")
            .outcome(Outcome::Denied, Severity::Warning)
            .detail("reason", why.reason())
            .detail("calls", calls)
            .detail("message", message);
        self.record(draft).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_rest_as_a_number() {
        let denials = Denials::default();
        let first: Vec<_> = (0..5).map(|_| denials.is_first(Foreign::Page)).collect();
        assert_eq!(first, [true, false, false, false, false]);
        assert!(denials.is_first(Foreign::Name));
        assert_eq!(denials.take().collect::<Vec<_>>(), [(Foreign::Page, 4)]);
        assert_eq!(denials.take().count(), 0);
        assert!(denials.is_first(Foreign::Page));
    }
}
