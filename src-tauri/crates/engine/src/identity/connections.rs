//! Open connections for live events: who has one, what they hear by it, and who cuts it.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use crate::events::{Event, EventKind};
use parking_lot::Mutex;
use reeve_core::id::ConnectionId;
use reeve_core::permission::{KeyScope, Permission};
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// Connections of one person or key at the same time: a tab each, and then some.
const MOST_EACH: usize = 32;

/// How somebody came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entrance {
    /// With an access token or an API key among the headers.
    Header,
    /// With a ticket.
    Ticket,
    /// With an access token or an API key in the address, where that is allowed.
    Query,
    /// As nobody, where that is allowed.
    Anonymous,
    /// Through the app's own window.
    Window,
}

impl Entrance {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Ticket => "ticket",
            Self::Query => "query",
            Self::Anonymous => "anonymous",
            Self::Window => "window",
        }
    }
}

/// What somebody hears over a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hears {
    /// A person: what these permissions let them look at.
    Permitted {
        /// In the whole workspace.
        all: Vec<Permission>,
        /// Of the tenants they hold a grant for.
        granted: Vec<Permission>,
    },
    /// A tenant's application: the charges of its tenant.
    OwnCharges,
    /// Nobody known: that something changed, and not what.
    Hints,
}

impl Hears {
    /// What `who` hears; `None` for those who hear nothing.
    fn of(who: &Principal) -> Option<Self> {
        match who {
            Principal::ApiKey { .. } => Some(Self::OwnCharges),
            Principal::Anonymous => Some(Self::Hints),
            Principal::User { .. } | Principal::System => {
                let mut may: Vec<_> = EventKind::ALL.iter().map(|kind| kind.permission()).collect();
                may.dedup();
                may.retain(|permission| who.visible(*permission).is_some());
                let (all, granted): (Vec<_>, Vec<_>) = may.into_iter().partition(|p| who.may(*p));
                (!all.is_empty() || !granted.is_empty()).then_some(Self::Permitted { all, granted })
            }
        }
    }

    /// The scopes it amounts to, as they are spelled.
    #[must_use]
    pub fn scopes(&self) -> Vec<&'static str> {
        match self {
            Self::Permitted { all, granted } => all.iter().chain(granted).map(|p| p.as_str()).collect(),
            Self::OwnCharges => vec![KeyScope::EventRead.as_str()],
            Self::Hints => Vec::new(),
        }
    }
}

/// An open connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Id.
    pub id: ConnectionId,
    /// Whose.
    pub who: Principal,
    /// What they hear by it.
    pub hears: Hears,
    /// Since when.
    pub since: Millis,
    /// From which address.
    pub ip: Option<String>,
    /// With which program, as it calls itself.
    pub program: Option<String>,
}

struct Held {
    connection: Connection,
    cut: CancellationToken,
}

/// Those that are open, by id and so by age.
#[derive(Default)]
pub(super) struct Connections(Mutex<BTreeMap<ConnectionId, Held>>);

/// A connection, for as long as it is open.
pub struct Connected {
    engine: Engine,
    id: ConnectionId,
    who: Principal,
    hears: Hears,
    cut: CancellationToken,
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.engine.inner.sessions.connections.0.lock().remove(&self.id);
    }
}

impl Connected {
    /// Done once somebody cuts the connection.
    #[must_use]
    pub fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }

    /// Looks again at who this is: from here on with what they may by now. `false` once they are nobody, or may hear nothing.
    pub fn look_again(&mut self) -> bool {
        let Some(now) = self.engine.as_of_now(&self.who) else { return false };
        if now == self.who {
            return true;
        }
        let Some(hears) = Hears::of(&now) else { return false };
        if let Some(held) = self.engine.inner.sessions.connections.0.lock().get_mut(&self.id) {
            (held.connection.who, held.connection.hears) = (now.clone(), hears.clone());
        }
        (self.who, self.hears) = (now, hears);
        true
    }

    /// What of `event` is for these ears; `None` where nothing is.
    #[must_use]
    pub fn heard(&self, event: Event) -> Option<Event> {
        match (&self.hears, &self.who) {
            (Hears::Permitted { all, .. }, who) => {
                let of_a_grant = |tenant| who.may_for(event.kind.permission(), tenant);
                let heard = all.contains(&event.kind.permission()) || event.tenant.is_some_and(of_a_grant);
                heard.then_some(event)
            }
            (Hears::OwnCharges, Principal::ApiKey { tenant, .. }) => {
                let own = event.kind == EventKind::Charge && event.tenant == Some(*tenant);
                own.then_some(event)
            }
            (Hears::OwnCharges, _) => None,
            (Hears::Hints, _) => Some(Event { sequence: None, id: None, ..event }),
        }
    }

    /// Writes down that the connection is cut because its other side takes too long to read.
    pub async fn was_too_slow(&self) {
        let draft = self.engine.connection_end(&Cx::system(), self.id, "slow", self.who.who());
        if let Err(error) = self.engine.record(draft).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a cut connection could not be recorded"
            );
        }
    }
}

impl Engine {
    /// Opens a connection for `cx`.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for who hears nothing, [`Code::RateLimited`] beyond so many at the same time.
    pub async fn connect(&self, cx: &Cx, entrance: Entrance) -> Result<Connected, Error> {
        let nothing = || Error::new(Code::Unauthenticated, "There is nothing here that you may hear.");
        let who = self.as_of_now(&cx.principal).ok_or_else(nothing)?;
        if who == Principal::Anonymous && entrance != Entrance::Anonymous {
            return Err(nothing());
        }
        let hears = Hears::of(&who).ok_or_else(nothing)?;
        let id = ConnectionId(self.inner.ids.next());
        let cut = CancellationToken::new();
        let connection = Connection {
            id,
            who: who.clone(),
            hears: hears.clone(),
            since: self.now(),
            ip: cx.ip.clone(),
            program: cx.user_agent.clone(),
        };
        {
            let mut open = self.inner.sessions.connections.0.lock();
            if open.values().filter(|held| is_same(&held.connection.who, &who)).count() >= MOST_EACH {
                let message = format!("{MOST_EACH} connections are open already; close some first.");
                return Err(Error::new(Code::RateLimited, message).retry_after(30));
            }
            open.insert(id, Held { connection, cut: cut.clone() });
        }
        let connected = Connected { engine: self.clone(), id, who, hears, cut };
        let draft = self
            .draft(cx, "connection.begin", format_args!("connection:{id}"))
            .detail("with", entrance.as_str())
            .detail("hears", connected.hears.scopes());
        // Every page opens one: it belongs to the machinery, not among what people did.
        self.inner.store.write(move |tx| draft.meter(tx).map(|_| ()).map_err(Error::from)).await?;
        Ok(connected)
    }

    /// Writes down that a connection was refused, for `reason`.
    pub async fn refuse_connection(&self, cx: &Cx, reason: &'static str) {
        let draft = self
            .draft(cx, "auth.failed", "listener:events")
            .detail("reason", reason)
            .outcome(Outcome::Denied, Severity::Notice);
        if let Err(error) = self.record(draft).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
        }
    }

    /// Open connections, the oldest first: of `whose` id, where one is said, and those that hear `scope`.
    ///
    /// # Errors
    /// If `cx` may not see people.
    pub async fn connections(
        &self,
        cx: &Cx,
        whose: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Vec<Connection>, Error> {
        self.require(cx, Permission::UserRead).await?;
        let open = self.inner.sessions.connections.0.lock();
        let all = open.values().map(|held| &held.connection);
        let wanted = all.filter(|c| whose.is_none_or(|id| is_of(&c.who, id)));
        let wanted = wanted.filter(|c| scope.is_none_or(|scope| c.hears.scopes().contains(&scope)));
        Ok(wanted.cloned().collect())
    }

    /// Cuts a connection. Whoever had it may open another: what keeps them out is to end their session.
    ///
    /// # Errors
    /// If `cx` may not end sessions; [`Code::NotFound`] if it is closed.
    pub async fn cut_connection(&self, cx: &Cx, id: ConnectionId) -> Result<(), Error> {
        self.require(cx, Permission::SessionWrite).await?;
        let of = |id| {
            let open = self.inner.sessions.connections.0.lock();
            open.get(&id).map(|held| (held.connection.who.who(), held.cut.clone()))
        };
        let (who, cut) = of(id).ok_or_else(|| Error::not_found("connection"))?;
        self.record(self.connection_end(cx, id, "cut", who)).await?;
        cut.cancel();
        Ok(())
    }

    fn connection_end(&self, cx: &Cx, id: ConnectionId, reason: &'static str, of: String) -> Draft {
        self.draft(cx, "connection.end", format_args!("connection:{id}"))
            .detail("reason", reason)
            .detail("of", of)
            .outcome(Outcome::Success, Severity::Notice)
    }
}

fn is_same(one: &Principal, other: &Principal) -> bool {
    one.who() == other.who()
}

fn is_of(who: &Principal, id: &str) -> bool {
    match who {
        Principal::User { id: user, .. } => user.to_string() == id,
        Principal::ApiKey { id: key, .. } => key.to_string() == id,
        Principal::Anonymous | Principal::System => false,
    }
}
