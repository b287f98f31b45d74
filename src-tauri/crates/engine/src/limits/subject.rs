//! Whose buckets a request draws on.

use crate::admission::Caller;
use crate::cx::Cx;
use reeve_core::id::{ApiKeyId, TenantId, UserId};
use reeve_core::limit::LimitScope;
use reeve_core::peer::one_caller;
use reeve_core::principal::Principal;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// Whose bucket.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// A tenant's.
    Tenant(TenantId),
    /// An API key's.
    ApiKey(ApiKeyId),
    /// An end user's of a tenant: the same name in another tenant is somebody else.
    User(TenantId, Arc<str>),
    /// Somebody's at the console.
    Person(UserId),
    /// A model's, over all tenants.
    Model(Arc<str>),
    /// A network address's at the gateway; `None` inside this process.
    Address(Option<IpAddr>),
    /// A network address's at the console. Apart from the gateway's, so that wrong keys there keep nobody from signing in.
    Visitor(Option<IpAddr>),
    /// Shared by all of a scope for whom there is no room.
    Rest(LimitScope, Option<TenantId>),
}

impl Subject {
    /// The scope.
    #[must_use]
    pub const fn scope(&self) -> LimitScope {
        match self {
            Self::Tenant(_) => LimitScope::Tenant,
            Self::ApiKey(_) => LimitScope::ApiKey,
            Self::User(..) | Self::Person(_) => LimitScope::User,
            Self::Model(_) => LimitScope::Model,
            Self::Address(_) | Self::Visitor(_) => LimitScope::Ip,
            Self::Rest(scope, _) => *scope,
        }
    }

    /// The tenant it belongs to, as far as the subject itself says.
    #[must_use]
    pub const fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Tenant(id) | Self::User(id, _) => Some(*id),
            Self::Rest(_, tenant) => *tenant,
            _ => None,
        }
    }

    /// As limits name it: an id, a name, an address; `None` where no limit can name it.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Tenant(id) => Some(id.to_string().into()),
            Self::ApiKey(id) => Some(id.to_string().into()),
            Self::User(_, name) | Self::Model(name) => Some(Cow::Borrowed(name)),
            Self::Person(id) => Some(id.to_string().into()),
            Self::Address(address) | Self::Visitor(address) => address.map(|a| a.to_string().into()),
            Self::Rest(..) => None,
        }
    }
}

/// Everybody whose limits count for a request.
#[derive(Clone, Debug, Default)]
pub struct Asker(pub(super) Vec<Subject>);

impl Asker {
    /// Somebody at the gateway who shows no good key.
    #[must_use]
    pub fn stranger(address: Option<IpAddr>) -> Self {
        Self(vec![Subject::Address(address.map(one_caller))])
    }

    /// Somebody at the console who is not signed in.
    #[must_use]
    pub fn visitor(address: Option<IpAddr>) -> Self {
        Self(vec![Subject::Visitor(address.map(one_caller))])
    }

    /// A tenant's key.
    #[must_use]
    pub fn caller(caller: Caller) -> Self {
        let mut subjects = Vec::with_capacity(4);
        subjects.extend([Subject::ApiKey(caller.key), Subject::Tenant(caller.tenant)]);
        Self(subjects)
    }

    /// A call for `user` to `model`.
    #[must_use]
    pub fn call(caller: Caller, user: Option<&str>, model: &str) -> Self {
        let mut asker = Self::caller(caller);
        asker.0.extend(user.map(|name| Subject::User(caller.tenant, name.into())));
        asker.0.push(Subject::Model(model.into()));
        asker
    }

    /// Whoever asks for a use case. Reeve itself has no limits.
    #[must_use]
    pub fn of(cx: &Cx) -> Self {
        match &cx.principal {
            Principal::System => Self::default(),
            Principal::User { id, .. } => Self(vec![Subject::Person(*id)]),
            Principal::ApiKey { id, tenant } => Self::caller(Caller { key: *id, tenant: *tenant }),
            Principal::Anonymous => Self::visitor(cx.ip.as_deref().and_then(|ip| ip.parse().ok())),
        }
    }
}
