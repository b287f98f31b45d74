//! What security people look at first: failed sign-ins, denials, exports and the like, day by day, with the days that stand out.
//!
//! Each group is a filter of the trail, so that every figure is the length of a list that can be opened.

mod unusual;

use super::describe::{self, Actor, Described, People};
use super::kinds::Kinds;
use super::{EntryFilter, Stream};
use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use chrono::{Days, NaiveDate};
use reeve_core::period::{Zone, local_day, start_of};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_store::table::entries::ByActor;
use reeve_store::{Read, StoreError};

/// Days of a board at most.
pub const MOST_DAYS: u32 = 90;
/// Actors told of each group.
const ACTORS: usize = 5;
/// Entries looked at for the actors, the newest first.
const LOOKED_AT: u64 = 20_000;
/// Latest entries told of each group.
const LATEST: usize = 5;
/// Somebody exports for the first time only where the trail goes back long enough before.
const FIRST_AFTER: i64 = 7 * Millis::DAY;
const EXPORTS: &str = "exports";

/// How a day is found unusual, in words.
pub const RULE: &str = "A day is unusual if it has at least 5 entries and more than the mean of the 28 days before it plus three \
    standard deviations. It is not judged before the trail has 7 whole days.";

/// A group: which entries it counts.
struct Of {
    key: &'static str,
    event_types: &'static [&'static str],
    denied: bool,
}

const GROUPS: [Of; 6] = [
    Of { key: "failed_sign_ins", event_types: &["auth.failed"], denied: false },
    Of { key: "denials", event_types: &["-auth.failed", "-security.alert"], denied: true },
    Of { key: EXPORTS, event_types: &["audit.export", "data.export", "evidence.export"], denied: false },
    Of {
        key: "secrets",
        event_types: &[
            "data.access",
            "key.import",
            "key.restored",
            "key.probe",
            "key.revoke",
            "api_key.create",
            "api_key.revoke",
            "api_key.rotate",
            "api_key.end_previous",
            "vault.unlocked",
            "vault.key_create",
            "vault.slot_added",
            "vault.slot_reenrolled",
            "vault.slot_removed",
            "vault.kek_rotated",
            "vault.vrk_rotated",
            "vault.backup_exported",
            "vault.restored",
        ],
        denied: false,
    },
    Of { key: "new_devices", event_types: &["auth.new_device"], denied: false },
    Of {
        key: "alerts",
        event_types: &[
            "security.alert",
            "anchor.problem",
            "anchor.accept",
            "log.gap",
            "vault.rollback_detected",
            "vault.plaintext_keyring",
            "keyring.ambiguous",
        ],
        denied: false,
    },
];

/// The board.
#[derive(Clone, Debug)]
pub struct SecurityBoard {
    /// The first moment of the first day.
    pub from: Millis,
    /// The first moment after today.
    pub to: Millis,
    /// Whose days they are.
    pub zone: Zone,
    /// When the first entry that is kept was written.
    pub began: Option<Millis>,
    /// The groups, in the order of the board.
    pub groups: Vec<SecurityGroup>,
}

/// What is told of a group.
#[derive(Clone, Debug)]
pub struct SecurityGroup {
    /// Which.
    pub key: &'static str,
    /// The event types it counts; those with a minus are left out.
    pub event_types: &'static [&'static str],
    /// Whether it counts only what was denied.
    pub denied: bool,
    /// Entries in all its days.
    pub total: u64,
    /// Entries in as many days before them, if the trail goes back that far.
    pub before: Option<u64>,
    /// Its days, the oldest first; today is the last.
    pub days: Vec<SecurityDay>,
    /// Who did it most.
    pub actors: Vec<SecurityActor>,
    /// How many entries the actors were counted in: all, or the newest 20,000.
    pub actors_of: u64,
    /// The newest entries.
    pub latest: Vec<Described>,
}

/// A day of the workspace.
#[derive(Clone, Debug)]
pub struct SecurityDay {
    /// Which.
    pub day: NaiveDate,
    /// Its first moment.
    pub start: Millis,
    /// The first moment after it.
    pub end: Millis,
    /// Entries.
    pub count: u64,
    /// Why it is unusual, if it is.
    pub unusual: Option<String>,
}

/// Somebody and how often.
#[derive(Clone, Debug)]
pub struct SecurityActor {
    /// Who.
    pub actor: Actor,
    /// Entries.
    pub count: u64,
    /// Nothing of this group by them is in the trail before these days, although it goes back a week further; told of exports.
    pub first_time: bool,
}

/// The days that are counted: those that are shown and, before them, those that they are compared with.
struct Calendar {
    days: Vec<NaiveDate>,
    /// The first moment of each day, and the first after the last.
    edges: Vec<Millis>,
    shown: usize,
}

impl Calendar {
    fn new(zone: Zone, now: Millis, shown: usize) -> Self {
        let (today, all) = (local_day(zone, now), shown + shown.max(unusual::WINDOW));
        let day = |back: usize| today.checked_sub_days(Days::new(back as u64)).unwrap_or(today);
        let days: Vec<_> = (0..all).rev().map(day).collect();
        let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
        let edges = days.iter().chain([&tomorrow]).map(|day| start_of(zone, *day)).collect();
        Self { days, edges, shown }
    }

    const fn first_shown(&self) -> usize {
        self.days.len() - self.shown
    }

    fn edge(&self, at: usize) -> Millis {
        self.edges.get(at).copied().unwrap_or_default()
    }

    fn from(&self) -> Millis {
        self.edge(self.first_shown())
    }

    fn to(&self) -> Millis {
        self.edge(self.days.len())
    }

    /// The first day that the trail holds whole.
    fn first_whole(&self, began: Option<Millis>) -> usize {
        began.map_or(self.days.len(), |began| self.edges.partition_point(|edge| *edge < began))
    }

    fn group(&self, of: &Of, found: Counted, began: Option<Millis>, said: &Said<'_>) -> SecurityGroup {
        let (first, whole) = (self.first_shown(), self.first_whole(began));
        let sum = |counts: &[u64]| counts.iter().sum::<u64>();
        let before = first.checked_sub(self.shown).filter(|start| *start >= whole);
        let day = |(i, day): (usize, &NaiveDate)| SecurityDay {
            day: *day,
            start: self.edge(i),
            end: self.edge(i + 1),
            count: found.days.get(i).copied().unwrap_or_default(),
            unusual: unusual::sentence(*day, &found.days, i, whole),
        };
        SecurityGroup {
            key: of.key,
            event_types: of.event_types,
            denied: of.denied,
            total: sum(found.days.get(first..).unwrap_or_default()),
            before: before.map(|start| sum(found.days.get(start..first).unwrap_or_default())),
            days: self.days.iter().enumerate().skip(first).map(day).collect(),
            actors: found
                .actors
                .iter()
                .map(|(who, count, first_time)| said.actor(who, *count, *first_time))
                .collect(),
            actors_of: found.actors_of,
            latest: found
                .latest
                .iter()
                .map(|entry| super::described(entry, said.people, said.engine))
                .collect(),
        }
    }
}

/// What the store tells of a group.
struct Counted {
    days: Vec<u64>,
    actors: Vec<(String, u64, bool)>,
    actors_of: u64,
    latest: Vec<super::Entry>,
}

/// What names are made of.
struct Said<'e> {
    people: &'e People,
    engine: &'e Engine,
}

impl Said<'_> {
    fn actor(&self, who: &str, count: u64, first_time: bool) -> SecurityActor {
        SecurityActor {
            actor: describe::actor(who, self.people, &self.engine.inner.admission),
            count,
            first_time,
        }
    }
}

impl Of {
    fn filter(&self) -> Result<EntryFilter, Error> {
        let kinds = Kinds::read("event_types", self.event_types.iter().copied())?;
        let ok = self.denied.then_some(super::DENIED);
        Ok(EntryFilter { stream: Some(Stream::Audit), ok, ..kinds.filter() })
    }

    fn counted(
        &self,
        r: &Read<'_>,
        filter: &EntryFilter,
        calendar: &Calendar,
        began: Option<Millis>,
    ) -> Result<Counted, StoreError> {
        let (entries, from) = (r.entries(), calendar.from());
        let days = entries.count_in_spans(filter, &calendar.edges)?.iter().map(|day| day.count).collect();
        let shown = EntryFilter { from: Some(from), to: Some(calendar.to()), ..filter.clone() };
        let ByActor { counts, looked_at } = entries.count_by_actor(&shown, LOOKED_AT)?;
        let long = self.key == EXPORTS && began.is_some_and(|began| began <= from.plus(-FIRST_AFTER));
        let mut actors = Vec::with_capacity(ACTORS);
        for (who, count) in counts.into_iter().take(ACTORS) {
            let earlier = EntryFilter { who: Some(who.clone()), to: Some(from), ..filter.clone() };
            let first_time = long && entries.count(&earlier)? == 0;
            actors.push((who, count, first_time));
        }
        Ok(Counted { days, actors, actors_of: looked_at, latest: entries.page(&shown, LATEST)?.entries })
    }
}

impl Engine {
    /// The security board of the last `days` days of the workspace, today among them.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or `days` is not from 1 to [`MOST_DAYS`].
    pub async fn security_board(&self, cx: &Cx, days: u32) -> Result<SecurityBoard, Error> {
        self.require(cx, Permission::AuditRead).await?;
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(Error::field("days", format!("must be from 1 to {MOST_DAYS}")));
        }
        let zone = self.zone();
        let calendar = Calendar::new(zone, self.now(), days as usize);
        let filters = GROUPS.iter().map(Of::filter).collect::<Result<Vec<_>, _>>()?;
        let (calendar, began, counted) = self
            .inner
            .store
            .read(move |r| {
                let entries = r.entries();
                let first = entries.get(Stream::Audit, entries.head(Stream::Audit)?.min_index)?;
                let began = first.map(|entry| Millis(entry.leaf.t));
                let groups = GROUPS.iter().zip(&filters);
                let counted = groups.map(|(of, filter)| of.counted(r, filter, &calendar, began));
                let counted = counted.collect::<Result<Vec<_>, _>>()?;
                Ok::<_, Error>((calendar, began, counted))
            })
            .await?;
        let people = self.people().await?;
        let said = Said { people: &people, engine: self };
        let groups = GROUPS.iter().zip(counted).map(|(of, found)| calendar.group(of, found, began, &said));
        Ok(SecurityBoard { from: calendar.from(), to: calendar.to(), zone, began, groups: groups.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_zone_over_a_change_of_its_clocks() {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        let calendar = Calendar::new(zone, "2026-10-26T11:00:00Z".parse().unwrap(), 3);
        assert_eq!(calendar.days.len(), 3 + unusual::WINDOW);
        let at = |text: &str| text.parse::<Millis>().unwrap();
        assert_eq!(calendar.from(), at("2026-10-23T22:00:00Z"));
        // The Sunday in between has 25 hours.
        let hours: Vec<_> =
            calendar.edges.windows(2).rev().take(3).map(|w| (w[1].0 - w[0].0) / Millis::HOUR).collect();
        assert_eq!((hours, calendar.to()), (vec![24, 25, 24], at("2026-10-26T23:00:00Z")));
        assert_eq!(calendar.first_whole(None), calendar.days.len());
        assert_eq!(calendar.first_whole(Some(calendar.from())), calendar.first_shown());
        assert_eq!(calendar.first_whole(Some(calendar.from().plus(1))), calendar.first_shown() + 1);
    }
}
