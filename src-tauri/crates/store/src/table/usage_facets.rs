//! Sums of charges by quarter-hour and facet: end user, tag, provider key. What these can be is not bounded, so they are
//! not part of the key of [`super::usage_slots`].

use super::handles;
use crate::error::StoreError;
use crate::sql;
use crate::table::charges::Charge;
use crate::table::usage_slots::{SLOT, Sums, slot_of};
use reeve_core::grant::Visible;
use reeve_core::id::TenantId;
use reeve_core::time::Millis;
use rusqlite::{Row, named_params, params};

handles!();

/// What charges are summed by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Facet {
    /// End user, as the caller named them.
    User,
    /// Label, as the caller gave it.
    Tag,
    /// Provider key, by its id.
    Credential,
    /// `chat`, `embeddings` …
    Operation,
}

impl Facet {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Tag => "tag",
            Self::Credential => "credential",
            Self::Operation => "operation",
        }
    }
}

/// One slot of one facet's value, of one tenant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsageFacet {
    /// Summed by what.
    pub facet: Facet,
    /// Which user, tag or provider key.
    pub value: String,
    /// UTC milliseconds / [`SLOT`].
    pub slot: i64,
    /// Whose calls.
    pub tenant_id: TenantId,
    /// The sums.
    pub sums: Sums,
}

impl Facet {
    const ALL: [Self; 4] = [Self::User, Self::Tag, Self::Credential, Self::Operation];

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == word)
    }
}

impl UsageFacet {
    /// The facets of one charge, each with its sums.
    pub fn of(charge: &Charge) -> impl Iterator<Item = Self> + '_ {
        let user = charge.user.iter().map(|user| (Facet::User, user.clone()));
        let tags = charge.tags.iter().map(|tag| (Facet::Tag, tag.clone()));
        let credential = charge.credential_id.iter().map(|id| (Facet::Credential, id.to_string()));
        let operation = std::iter::once((Facet::Operation, charge.operation.clone()));
        user.chain(tags).chain(credential).chain(operation).map(|(facet, value)| Self {
            facet,
            value,
            slot: slot_of(charge.time),
            tenant_id: charge.tenant_id,
            sums: Sums::of(charge),
        })
    }
}

fn sums(row: &Row<'_>) -> rusqlite::Result<Sums> {
    Ok(Sums {
        requests: sql::unsigned(row, "requests")?,
        failures: sql::unsigned(row, "failures")?,
        cost: sql::nano(row, "cost_nano")?,
        unpriced: sql::unsigned(row, "unpriced")?,
        input_tokens: sql::unsigned(row, "input_tokens")?,
        output_tokens: sql::unsigned(row, "output_tokens")?,
    })
}

const SUMS: &str = "coalesce(sum(requests), 0) AS requests, coalesce(sum(failures), 0) AS failures,
    coalesce(sum(cost_nano), 0) AS cost_nano, coalesce(sum(unpriced), 0) AS unpriced,
    coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens FROM usage_facets";

impl Reads<'_> {
    /// Hands every row to `visit`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn visit_all(&self, mut visit: impl FnMut(UsageFacet)) -> Result<(), StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT facet, value, slot, tenant_id, requests, failures, cost_nano, unpriced, input_tokens, output_tokens
             FROM usage_facets",
        )?;
        let rows = rows.query_map([], |r| {
            Ok(UsageFacet {
                facet: sql::word(r, "facet", Facet::parse)?,
                value: r.get("value")?,
                slot: r.get("slot")?,
                tenant_id: TenantId(sql::id(r, "tenant_id")?),
                sums: sums(r)?,
            })
        })?;
        for row in rows {
            visit(row?);
        }
        Ok(())
    }

    /// The sums of one value's charges in `[from, to)`, of one tenant or of all.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn sums(
        &self,
        facet: Facet,
        value: &str,
        tenant: Option<TenantId>,
        from: Millis,
        to: Millis,
    ) -> Result<Sums, StoreError> {
        let sql = const_str::concat!(
            "SELECT ",
            SUMS,
            " WHERE facet = ?1 AND value = ?2 AND slot >= ?3 AND slot < ?4 AND (?5 IS NULL OR tenant_id = ?5)"
        );
        let (first, end) = (slot_of(from), slot_of(to.plus(SLOT - 1)));
        let tenant = tenant.as_ref().map(|t| t.0.as_bytes());
        let mut statement = self.conn.prepare_cached(sql)?;
        Ok(statement.query_row(params![facet.as_str(), value, first, end, tenant], sums)?)
    }

    /// The dearest values of a facet in `[from, to)`, of one tenant or of all that are seen, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn dearest(
        &self,
        visible: &Visible,
        facet: Facet,
        tenant: Option<TenantId>,
        from: Millis,
        to: Millis,
        limit: usize,
    ) -> Result<Vec<(String, Sums)>, StoreError> {
        const ORDER: &str = " GROUP BY value ORDER BY cost_nano DESC, requests DESC, value LIMIT :limit";
        const SPAN: &str = const_str::concat!(" AND slot >= :first AND slot < :end AND ", sql::SEEN, ORDER);
        let of_tenant = const_str::concat!(
            "SELECT value, ",
            SUMS,
            " INDEXED BY usage_facets_tenant WHERE facet = :facet AND tenant_id = :tenant",
            SPAN
        );
        let of_all = const_str::concat!(
            "SELECT value, ",
            SUMS,
            " INDEXED BY usage_facets_slot WHERE facet = :facet AND :tenant IS NULL",
            SPAN
        );
        let (first, end) = (slot_of(from), slot_of(to.plus(SLOT - 1)));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &Row<'_>| Ok((row.get("value")?, sums(row)?));
        let mut statement = self.conn.prepare_cached(if tenant.is_some() { of_tenant } else { of_all })?;
        let asked = named_params! {
            ":facet": facet.as_str(), ":first": first, ":end": end, ":limit": limit,
            ":tenant": tenant.as_ref().map(|t| t.0.as_bytes()), ":seen": sql::seen(visible),
        };
        let rows = statement.query_map(asked, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds the sums of several charges of one slot.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn add(&self, of: &UsageFacet) -> Result<(), StoreError> {
        let sums = &of.sums;
        self.conn
            .prepare_cached(
                "INSERT INTO usage_facets (facet, value, slot, tenant_id, requests, failures, cost_nano, unpriced, input_tokens,
                   output_tokens)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (facet, value, slot, tenant_id) DO UPDATE SET
                   requests = requests + excluded.requests, failures = failures + excluded.failures,
                   cost_nano = cost_nano + excluded.cost_nano, unpriced = unpriced + excluded.unpriced,
                   input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens",
            )?
            .execute(params![
                of.facet.as_str(),
                of.value,
                of.slot,
                of.tenant_id.0.as_bytes(),
                sql::signed(sums.requests),
                sql::signed(sums.failures),
                sums.cost.0,
                sql::signed(sums.unpriced),
                sql::signed(sums.input_tokens),
                sql::signed(sums.output_tokens)
            ])?;
        Ok(())
    }

    /// Removes the sums of sample tenants.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM usage_facets WHERE tenant_id IN (SELECT id FROM tenants WHERE sample = 1)";
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
