//! What is expected of each table when somebody changes it in the file. A table without a line fails the test, and so does a
//! column of a checked table that changes unseen without a reason here. docs/guides/tampering.md has the same in prose.

/// What is expected of a table.
pub(crate) enum Line {
    /// Every change is found, but for these: a column, or `*` for whole rows, with what is done to it, and why nothing is found.
    Found(&'static [(&'static str, &'static str)]),
    /// Changes are not found; why that is so, and what can be done.
    NotFound(&'static str),
}
use Line::{Found, NotFound};

const SETTING: &str = "state that people set: each change through Reeve is an entry with its fields before and after, so the trail \
    says what it should be; who can write to the file can set it, and the ledger cannot hinder that";
const IDENTITY: &str = "who may sign in: each change through Reeve is an entry; who can write to the file can let themselves in, \
    and what they then do is in the ledger under that name";
const CRYPTO: &str =
    "sealed or wrapped under the vault's key: another value does not open, and the vault says so";
const REFUSED: &str = "an index for lists and counts; the refusals themselves are entries of the audit ledger, which are checked";
const DERIVED: &str =
    "counted from what is checked elsewhere, and written anew as time goes on; shown, never charged by";
const BILLED: &str = "a copy of what the provider says, which can be fetched again: the last week is, every day; the sum of each import is \
    in its entry";

/// Every table of the schema.
pub(crate) const LINES: &[(&str, Line)] = &[
    // The ledger.
    ("entries", Found(&[])),
    ("tiles", Found(&[])),
    ("bundles", Found(&[])),
    ("checkpoints", Found(&[])),
    ("log_keys", Found(&[])),
    // There are none before 8,192 entries; the store's own tests change them.
    ("entry_sets", Found(&[])),
    ("entry_words", Found(&[])),
    (
        "log_state",
        Found(&[
            (
                "last_hlc",
                "only rises: a higher one makes later entries carry later clocks, never earlier ones",
            ),
            ("duplicate", "a third stream is nobody's: no entry leads to it"),
            (
                "pruned_by",
                "which entry says what was pruned: where something was, that entry is read and must say it",
            ),
            ("pruned_at", "shown beside the entry that says what was pruned, and when"),
        ]),
    ),
    ("witnesses", Found(&[])),
    (
        "cosignatures",
        Found(&[
            (
                "delete",
                "less is then witnessed than was, never more; the entry log.witnessed still has the signature, and the witness knows",
            ),
            (
                "truncate",
                "less is then witnessed than was, never more; the entries log.witnessed still have the signatures, and the witness knows",
            ),
        ]),
    ),
    ("dict", Found(&[("duplicate", "a word that no entry uses says nothing")])),
    ("private_sections", Found(&[])),
    // What follows from the usage ledger.
    (
        "charges",
        Found(&[
            ("user", "personal, so not in the ledger; what a user cost is compared with the sums"),
            ("stream", "not in the ledger: a note for the request log"),
            ("request_id", "not compared: a note for the request log"),
            ("trace_id", "not compared for imported charges; of calls it is in the entry"),
            ("import_id", "which file it came with: the import is an entry"),
            ("dedupe", "keeps a row from being imported twice"),
            ("attempts", "not compared: a note for the request log"),
            ("decisions", "what each budget had left then: a note for the request log"),
            ("sent_us", "a note for the request log"),
            ("added_us", "a note for the request log"),
        ]),
    ),
    (
        "usage_slots",
        Found(&[(
            "duplicate",
            "the copy is another slot of its own; it is found, unless it is one of nothing",
        )]),
    ),
    (
        "usage_facets",
        Found(&[
            ("requests", "shown; budgets are measured by cost, which is compared"),
            ("failures", "shown; budgets are measured by cost, which is compared"),
            ("unpriced", "shown; budgets are measured by cost, which is compared"),
            ("input_tokens", "shown; budgets are measured by cost, which is compared"),
            ("output_tokens", "shown; budgets are measured by cost, which is compared"),
            ("duplicate", "the copy may be one of nothing"),
            ("delete", "the row may be one of nothing"),
            ("facet", "the row may be one of nothing"),
            ("value", "the row may be one of nothing"),
            ("slot", "the row may be one of nothing"),
            ("tenant_id", "the row may be one of nothing"),
            ("swap", "two rows may cost the same"),
        ]),
    ),
    ("applied_prices", Found(&[("duplicate", "a price that no charge names")])),
    (
        "adjustments",
        NotFound(
            "which charge corrects which: the corrections are charges, which are compared, and their entries name the corrected one",
        ),
    ),
    (
        "exposures",
        NotFound(
            "how much may be on its way: counts too much after a crash, at most; it is an entry when it rises",
        ),
    ),
    ("holds", NotFound("opened and released by entries of the audit ledger")),
    // Lists and counts.
    ("refusals", NotFound(REFUSED)),
    ("refusal_slots", NotFound(REFUSED)),
    ("budget_refusals", NotFound(REFUSED)),
    ("limit_refusals", NotFound(REFUSED)),
    ("request_tags", NotFound(DERIVED)),
    ("unpriced_models", NotFound(DERIVED)),
    ("budget_thresholds", NotFound("which thresholds were told: each is an entry")),
    ("imports", NotFound("which files were imported: each is an entry, and so is every charge in it")),
    ("reratings", NotFound("which periods were rated again: each is an entry, and so is every correction")),
    (
        "entry_mentions",
        NotFound(
            "which entries name a resource: what is shown are the entries; the list finds one that is gone here",
        ),
    ),
    ("resource_links", NotFound("a link is shown only as the entry that made it tells it")),
    ("idempotency_keys", NotFound("what was sent before: changed, an entry is written twice at most")),
    ("deliveries", NotFound("the last attempts to deliver, for people to look at")),
    // State.
    ("listeners", NotFound(SETTING)),
    ("tenants", NotFound(SETTING)),
    ("budgets", NotFound(SETTING)),
    ("budget_overrides", NotFound(SETTING)),
    ("limits", NotFound(SETTING)),
    ("quota_overrides", NotFound(SETTING)),
    ("routes", NotFound(SETTING)),
    ("pools", NotFound(SETTING)),
    ("pool_credentials", NotFound(SETTING)),
    ("model_rules", NotFound(SETTING)),
    ("breaker_rules", NotFound(SETTING)),
    ("capture_rules", NotFound(SETTING)),
    ("own_prices", NotFound(SETTING)),
    ("price_lists", NotFound(SETTING)),
    ("settings", NotFound(SETTING)),
    ("users", NotFound(IDENTITY)),
    ("roles", NotFound(IDENTITY)),
    ("grants", NotFound(IDENTITY)),
    ("sessions", NotFound(IDENTITY)),
    ("invitations", NotFound(IDENTITY)),
    (
        "second_factors",
        NotFound(
            "who may sign in: another seed does not open, and the code is refused; one that is gone is asked for no more, \
             and the next sign-in is an entry that names no second factor",
        ),
    ),
    ("second_factor_codes", NotFound(IDENTITY)),
    (
        "known_devices",
        NotFound(
            "from what people signed in before: one that is gone makes the next sign-in from there an entry, one that was put there keeps it from being one; the sign-in itself is an entry in any case",
        ),
    ),
    ("saved_views", NotFound(SETTING)),
    ("api_keys", NotFound(IDENTITY)),
    ("credentials", NotFound(SETTING)),
    ("control_credentials", NotFound(CRYPTO)),
    ("key_versions", NotFound(CRYPTO)),
    ("key_fallbacks", NotFound("sums of who was served with an older key: each time they grew is an entry")),
    (
        "bill_imports",
        NotFound(
            "when bills were fetched and what they came to: each import is an entry with its days, lines and sum",
        ),
    ),
    ("bill_costs", NotFound(BILLED)),
    ("bill_usage", NotFound(BILLED)),
    ("bill_own_keys", NotFound(BILLED)),
    ("rotations", NotFound("where rotations stand: each step of one is an entry")),
    ("captures", NotFound(CRYPTO)),
    ("capture_keys", NotFound(CRYPTO)),
    ("sealed_items", NotFound(CRYPTO)),
    (
        "subject_keys",
        NotFound(
            "the keys of private sections: one that is gone or changed makes its sections unreadable, as an erasure does; what they said cannot be made to be something else",
        ),
    ),
    ("subjects", NotFound(SETTING)),
    ("erasures", NotFound(SETTING)),
    ("legal_holds", NotFound(SETTING)),
    ("retention_policies", NotFound(SETTING)),
    (
        "retention_runs",
        NotFound("when the nightly task last ran: another time makes it run again, or a day later"),
    ),
    ("erased_keys", NotFound("what is still to be overwritten; what it was sealed by is gone already")),
    ("vault_header", NotFound(CRYPTO)),
    ("vault_slots", NotFound(CRYPTO)),
    ("vault_next", NotFound(CRYPTO)),
    (
        "vault_seals",
        NotFound(
            "how much the master key has sealed, to rotate it in time: who can write the file needs no such detour",
        ),
    ),
    (
        "vault_backups",
        NotFound(
            "when backups of the keys were made, for a hint; each is an entry of the audit ledger, which is checked",
        ),
    ),
    (
        "vault_rewraps",
        NotFound(
            "how far a rotation of the master key has come: what is sealed says itself under which epoch it is",
        ),
    ),
];
