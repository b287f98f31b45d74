//! What calls are routed by, in the shape the hot path asks for it.

use super::credential::LiveCredential;
use reeve_core::breaker::BreakerRules;
use reeve_core::id::{CredentialId, TenantId};
use reeve_core::model_rules::ModelRules;
use reeve_core::route::Target;
use reeve_providers::catalogue::Catalogue;
use reeve_store::table::credentials::Credential;
use reeve_store::table::routes::Route;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

type Keys = Vec<Arc<LiveCredential>>;

/// Everything that decides where calls go.
#[derive(Default)]
pub(crate) struct Table {
    /// Live keys, oldest first.
    keys: Keys,
    /// Keys by the models they name.
    named: HashMap<String, Keys>,
    /// Keys that serve all models of their provider, the oldest provider first.
    whole: Vec<(String, Keys)>,
    /// Keys that name models, by provider and model.
    named_of: HashMap<String, HashMap<String, Keys>>,
    /// Routes by what callers ask for.
    routes: HashMap<String, Vec<Arc<LiveRoute>>>,
    rules: HashMap<TenantId, ModelRules>,
}

/// A route with the keys of its targets.
pub(crate) struct LiveRoute {
    pub(crate) route: Route,
    /// For each target, the keys that serve it.
    keys: Vec<Keys>,
}

impl LiveRoute {
    /// A target with its keys.
    pub(crate) fn target(&self, place: usize) -> Option<(&Target, &[Arc<LiveCredential>])> {
        self.route.targets.get(place).zip(self.keys.get(place).map(Vec::as_slice))
    }
}

impl Table {
    pub(super) fn new(
        credentials: Vec<Credential>,
        routes: Vec<Route>,
        rules: Vec<(TenantId, ModelRules)>,
        breaker: BreakerRules,
        before: &Self,
    ) -> Self {
        let keys: Keys = credentials
            .into_iter()
            .filter_map(|c| {
                let known = before.key(c.id).map(AsRef::as_ref);
                LiveCredential::new(c, known, breaker).map(Arc::new)
            })
            .collect();
        let (mut named, mut whole): (HashMap<_, Keys>, Vec<(String, Keys)>) = Default::default();
        let mut named_of: HashMap<String, HashMap<String, Keys>> = HashMap::new();
        for key in &keys {
            for model in key.names() {
                named.entry(model.to_owned()).or_default().push(Arc::clone(key));
                let of_provider = named_of.entry(key.provider.clone()).or_default();
                of_provider.entry(model.to_owned()).or_default().push(Arc::clone(key));
            }
            if key.models.is_empty() {
                match whole.iter_mut().find(|(provider, _)| *provider == key.provider) {
                    Some((_, same)) => same.push(Arc::clone(key)),
                    None => whole.push((key.provider.clone(), vec![Arc::clone(key)])),
                }
            }
        }
        let mut by_model: HashMap<String, Vec<Arc<LiveRoute>>> = HashMap::new();
        for route in routes {
            let keys = route.targets.iter().map(|target| serving(&keys, target)).collect();
            let asked = route.model.clone();
            by_model.entry(asked).or_default().push(Arc::new(LiveRoute { route, keys }));
        }
        Self { keys, named, whole, named_of, routes: by_model, rules: rules.into_iter().collect() }
    }

    /// Live keys, oldest first.
    pub(crate) fn keys(&self) -> &[Arc<LiveCredential>] {
        &self.keys
    }

    /// A live key.
    pub(crate) fn key(&self, id: CredentialId) -> Option<&Arc<LiveCredential>> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The route a tenant's calls for `model` take: the tenant's own, else that for all.
    pub(crate) fn route(&self, tenant: TenantId, model: &str) -> Option<&Arc<LiveRoute>> {
        if self.routes.is_empty() {
            return None;
        }
        let routes = self.routes.get(model)?;
        let own = routes.iter().find(|r| r.route.tenant_id == Some(tenant));
        own.or_else(|| routes.iter().find(|r| r.route.tenant_id.is_none()))
    }

    /// The keys that serve a model where no route says otherwise: those that name it, else those that serve all models of
    /// the provider that lists it; of the oldest one where none does.
    pub(crate) fn implicit(&self, model: &str) -> &[Arc<LiveCredential>] {
        if let Some(keys) = self.named.get(model) {
            return keys;
        }
        match self.whole.as_slice() {
            [] => &[],
            [(_, keys)] => keys,
            [(_, oldest), ..] => {
                let lists = |provider: &str| Catalogue::builtin().lookup(provider, model).is_some();
                let listed = self.whole.iter().find(|(provider, _)| lists(provider));
                listed.map_or(oldest, |(_, keys)| keys)
            }
        }
    }

    /// The same of one provider alone.
    pub(crate) fn implicit_of(&self, provider: &str, model: &str) -> &[Arc<LiveCredential>] {
        if let Some(keys) = self.named_of.get(provider).and_then(|own| own.get(model)) {
            return keys;
        }
        self.whole.iter().find(|(whose, _)| whose == provider).map_or(&[], |(_, keys)| keys)
    }

    /// What a tenant may call; `None` where nothing is ruled out.
    pub(crate) fn rules(&self, tenant: TenantId) -> Option<&ModelRules> {
        if self.rules.is_empty() {
            return None;
        }
        self.rules.get(&tenant).filter(|rules| !rules.is_empty())
    }

    /// What a tenant's calls may name, each with the provider that serves it: what keys name, what is listed of providers
    /// whose key serves all, and what routes make of it. `listed` gives a provider's models.
    pub(crate) fn models<'m>(
        &self,
        tenant: TenantId,
        listed: impl Fn(&str) -> Vec<&'m str>,
    ) -> Vec<(String, String)> {
        let mut models = BTreeMap::new();
        for (provider, _) in self.whole.iter().rev() {
            models.extend(listed(provider).into_iter().map(|m| (m.to_owned(), provider.clone())));
        }
        for (model, keys) in &self.named {
            models.extend(keys.first().map(|key| (model.clone(), key.provider.clone())));
        }
        let rules = self.rules(tenant);
        let may = |asked: &str, served: &str| rules.is_none_or(|r| r.check(asked, served).is_ok());
        models.retain(|model, _| may(model, model));
        for model in self.routes.keys() {
            let Some(live) = self.route(tenant, model) else { continue };
            let served = (0..).map_while(|place| live.target(place));
            let first = served.into_iter().find(|(t, keys)| !keys.is_empty() && may(model, &t.model));
            match first {
                Some((target, _)) => models.insert(model.clone(), target.provider.clone()),
                None => models.remove(model),
            };
        }
        models.into_iter().collect()
    }
}

/// The keys that serve a target.
fn serving(keys: &[Arc<LiveCredential>], target: &Target) -> Keys {
    let fits = |key: &&Arc<LiveCredential>| {
        key.provider == target.provider
            && key.serves(&target.model)
            && target.credential.is_none_or(|id| id == key.id)
    };
    keys.iter().filter(fits).cloned().collect()
}
