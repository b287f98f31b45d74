//! The keys the provider knows, and what was asked of it.

use super::bills::Reports;
use super::fault::{AdminFault, Step};
use super::{ORGANIZATION, PROJECT};
use std::collections::VecDeque;

/// 2026-11-21T12:00:00Z, when every test begins.
const START: i64 = 1_795_262_400;

/// As which provider's a key looks that a person makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// OpenAI's, or anybody's.
    ServiceAccount,
    /// OpenAI's admin key.
    AdminKey,
    /// OpenRouter's.
    Hash,
    /// A pair of an AWS user.
    AwsPair,
    /// A Bedrock API key of an AWS user.
    BedrockKey,
    /// Google's.
    GoogleKey,
    /// The first of the two of an Azure account.
    AzureKey,
}

impl Make {
    const fn prefix(self) -> &'static str {
        match self {
            Self::ServiceAccount => "svc_acct",
            Self::AdminKey => "key_admin",
            Self::Hash => "hash",
            Self::GoogleKey => "key",
            Self::AwsPair | Self::BedrockKey | Self::AzureKey => "",
        }
    }
}

/// A key at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKey {
    /// By which it is deleted: of a service account, or of the key where it has none.
    pub id: String,
    /// Its own id, where that is another.
    pub key_id: String,
    /// Its name.
    pub name: String,
    /// Its value.
    pub secret: String,
    /// Whether somebody else made it.
    pub foreign: bool,
    /// Whether it is an admin key.
    pub admin: bool,
    /// Switched off.
    pub disabled: bool,
    /// Deleted.
    pub deleted: bool,
    /// In Unix seconds.
    pub created_at: i64,
    /// In Unix seconds.
    pub last_used_at: Option<i64>,
    /// In Unix seconds.
    pub expires_at: Option<i64>,
    /// Whose it is.
    pub organization: String,
    /// The models it sees; all where absent.
    pub sees: Option<Vec<String>>,
    /// Calls it is still refused for.
    pub fails: usize,
    /// The number of the change that made it, and of the one that deleted it.
    pub(super) made_in: u64,
    pub(super) gone_in: Option<u64>,
}

impl AdminKey {
    /// Whether it works.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        !self.deleted && !self.disabled
    }

    /// What is shown of the value.
    #[must_use]
    pub fn redacted(&self) -> String {
        let tail = &self.secret[self.secret.len() - 4..];
        format!("{}…{tail}", &self.secret[..6])
    }
}

/// A call of the admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Such as `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body.
    pub body: String,
    /// The status it got; 0 where none came.
    pub status: u16,
}

#[derive(Debug)]
pub(super) struct Keys {
    pub(super) keys: Vec<AdminKey>,
    pub(super) asked: Vec<Asked>,
    pub(super) complaints: Vec<String>,
    pub(super) faults: VecDeque<(Step, AdminFault)>,
    pub(super) stale_lists: usize,
    pub(super) new_keys_fail: usize,
    pub(super) new_keys_see: Option<Vec<String>>,
    pub(super) organization: String,
    pub(super) room: Option<usize>,
    pub(super) page: usize,
    pub(super) now: i64,
    /// How often each operation was looked at.
    pub(super) operations: Vec<usize>,
    /// Public keys of service accounts.
    signers: Vec<Vec<u8>>,
    pub(super) reports: Reports,
    /// Counts changes, so that a stale list can show what was before the last.
    pub(super) changes: u64,
}

impl Keys {
    pub(super) fn new(admin: &str) -> Self {
        let mut keys = Self {
            keys: Vec::new(),
            asked: Vec::new(),
            complaints: Vec::new(),
            faults: VecDeque::new(),
            stale_lists: 0,
            new_keys_fail: 0,
            new_keys_see: None,
            organization: ORGANIZATION.to_owned(),
            room: None,
            page: 100,
            now: START,
            operations: Vec::new(),
            signers: Vec::new(),
            reports: Reports::default(),
            changes: 0,
        };
        let mut first = keys.made("key_admin", "first admin key");
        (first.secret, first.admin) = (admin.to_owned(), true);
        keys.keys.push(first);
        keys
    }

    /// A key that is not among the others yet. Values differ by their number and are told apart by their last four characters.
    pub(super) fn made(&mut self, prefix: &str, name: &str) -> AdminKey {
        let number = self.keys.len();
        AdminKey {
            id: format!("{prefix}_{number:04}"),
            key_id: format!("key_{number:04}"),
            name: name.to_owned(),
            secret: format!("sk-svcacct-scripted-{number:04x}-{:04x}", 0x51a7 ^ (number * 7_919) & 0xffff),
            foreign: false,
            admin: false,
            disabled: false,
            deleted: false,
            created_at: self.now,
            last_used_at: None,
            expires_at: None,
            organization: self.organization.clone(),
            sees: self.new_keys_see.clone(),
            fails: self.new_keys_fail,
            made_in: self.changes,
            gone_in: None,
        }
    }

    pub(super) fn foreign(&mut self, name: &str) -> String {
        let mut key = self.made("svc_acct", name);
        key.foreign = true;
        let id = key.id.clone();
        self.keys.push(key);
        id
    }

    pub(super) fn seeded(&mut self, name: &str) -> (String, String) {
        let mut key = self.made("svc_acct", name);
        (key.fails, key.sees) = (0, None);
        let told = (key.id.clone(), key.secret.clone());
        self.keys.push(key);
        told
    }

    /// A key made by a person, as this provider makes them: id and value.
    pub(super) fn by_hand(&mut self, make: Make, name: &str, foreign: bool) -> (String, String) {
        let mut key = self.made(make.prefix(), name);
        let number = self.keys.len();
        (key.fails, key.sees, key.foreign) = (0, None, foreign);
        match make {
            Make::ServiceAccount | Make::Hash => {}
            Make::AdminKey => key.admin = true,
            Make::AwsPair => {
                key.id = format!("AKIASCRIPTED{number:08}");
                key.secret = format!("{}:s3cr/et+{:032}", key.id, number * 7_919);
            }
            Make::BedrockKey => {
                key.id = format!("ACCASCRIPTED{number:08}");
                key.secret = format!("ABSKscripted{:032}", number * 7_919);
            }
            Make::GoogleKey => {
                key.secret = format!("AQ.scripted-{number:04x}-{:04x}", 0x51a7 ^ (number * 7_919))
            }
            Make::AzureKey => {
                super::azure::both(self);
                let first = self.keys.iter().find(|key| key.id == "Key1").expect("there are always two");
                return (first.id.clone(), first.secret.clone());
            }
        }
        let told = (key.id.clone(), key.secret.clone());
        self.add(key);
        told
    }

    pub(super) fn second_of(&mut self, id: &str) -> String {
        let owner = self.keys.iter().find(|key| key.id == id).expect("such an account").clone();
        let mut key = self.made("svc_acct", &owner.name);
        (key.id, key.foreign) = (owner.id, true);
        let id = key.key_id.clone();
        self.keys.push(key);
        id
    }

    pub(super) fn kill(&mut self, id: &str) {
        self.changes += 1;
        let (now, keys) = (self.changes, &mut self.keys);
        for key in keys.iter_mut().filter(|key| key.id == id || key.key_id == id) {
            (key.deleted, key.gone_in) = (true, Some(now));
        }
    }

    /// Adds a key that a call made.
    pub(super) fn add(&mut self, mut key: AdminKey) {
        self.changes += 1;
        key.made_in = self.changes;
        self.keys.push(key);
    }

    /// Keys as a list shows them right now, or showed them before the last change.
    pub(super) fn listed(&mut self, admin: bool) -> Vec<AdminKey> {
        let stale = self.stale_lists > 0;
        self.stale_lists = self.stale_lists.saturating_sub(1);
        let last = self.changes;
        let there = |key: &&AdminKey| match stale {
            true if key.made_in == last && last > 0 => false,
            true => !key.deleted || key.gone_in == Some(last),
            false => !key.deleted,
        };
        self.keys.iter().filter(|key| key.admin == admin).filter(there).cloned().collect()
    }

    /// Whether there is room for another key.
    pub(super) fn has_room(&self) -> bool {
        let there = self.keys.iter().filter(|key| !key.deleted && !key.admin).count();
        self.room.is_none_or(|room| there < room)
    }

    pub(super) fn takes(&mut self, is: &dyn Fn(&str) -> bool) -> bool {
        let now = self.now;
        let Some(key) = self.keys.iter_mut().find(|key| is(&key.secret)) else { return false };
        if !key.is_alive() || key.admin || key.expires_at.is_some_and(|end| end <= now) {
            return false;
        }
        if key.fails > 0 {
            key.fails -= 1;
            return false;
        }
        key.last_used_at = Some(now);
        true
    }

    /// Whether `said` is an admin key that is alive.
    pub(super) fn is_admin(&mut self, said: &str) -> bool {
        let now = self.now;
        let key = self.keys.iter_mut().find(|key| key.admin && key.is_alive() && key.secret == said);
        let Some(key) = key.filter(|key| key.expires_at.is_none_or(|end| end > now)) else { return false };
        if key.fails > 0 {
            key.fails -= 1;
            return false;
        }
        key.last_used_at = Some(now);
        true
    }

    /// A service account's key file whose assertions are taken from now on.
    pub(super) fn google_key_file(&mut self) -> String {
        use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
        use aws_lc_rs::rsa::{KeyPair, KeySize};
        use aws_lc_rs::signature::KeyPair as _;
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a pair of keys");
        self.signers.push(pair.public_key().as_ref().to_vec());
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("its encoding");
        let text = data_encoding::BASE64.encode(der.as_ref());
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).expect("text")).collect();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        serde_json::json!({"type": "service_account", "client_email": "reeve@scripted-project.iam.gserviceaccount.com",
            "private_key": pem, "token_uri": "https://elsewhere.example/token"})
        .to_string()
    }

    /// Whether an assertion is signed by a service account, for this place and this time.
    pub(super) fn assertion_is_good(&self, assertion: &str) -> bool {
        use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
        let decode = |text: &str| data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default();
        let Some((signed, signature)) = assertion.rsplit_once('.') else { return false };
        let Some((head, claims)) = signed.split_once('.') else { return false };
        let json =
            |text: &str| serde_json::from_slice::<serde_json::Value>(&decode(text)).unwrap_or_default();
        let (head, claims) = (json(head), json(claims));
        let in_time = claims["iat"].as_i64() == Some(self.now)
            && claims["exp"].as_i64().is_some_and(|end| end > self.now && end <= self.now + 3_600);
        head["alg"] == "RS256"
            && in_time
            && claims["iss"] == "reeve@scripted-project.iam.gserviceaccount.com"
            && claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
            && claims["aud"].as_str().is_some_and(|aud| aud.ends_with("/oauth2/token"))
            && self.signers.iter().any(|key| {
                let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
                key.verify(signed.as_bytes(), &decode(signature)).is_ok()
            })
    }

    /// What is scripted for a call of this kind.
    pub(super) fn fault(&mut self, step: Step) -> Option<AdminFault> {
        let at = self.faults.iter().position(|(wanted, _)| wanted.is_met_by(step))?;
        self.faults.remove(at).map(|(_, fault)| fault)
    }

    pub(super) fn is_project(name: &str) -> bool {
        name == PROJECT
    }
}
