//! The workspace's settings.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use arc_swap::ArcSwap;
use reeve_core::money::PicoUsd;
use reeve_core::period::Zone;
use reeve_core::permission::Permission;
pub use reeve_store::table::settings::{Settings, Unpriced};
use std::sync::Arc;

/// The settings in force, for the hot path.
pub(crate) struct Live(ArcSwap<Option<Settings>>);

impl Default for Live {
    fn default() -> Self {
        Self(ArcSwap::from_pointee(None))
    }
}

impl Live {
    pub(crate) fn zone(&self) -> Zone {
        self.0.load().as_ref().as_ref().map_or(Zone::UTC, |s| s.time_zone)
    }

    pub(crate) fn get(&self) -> Option<Settings> {
        self.0.load().as_ref().clone()
    }

    pub(crate) fn set(&self, settings: Settings) {
        self.0.store(Arc::new(Some(settings)));
    }

    /// The ceiling rates for input and output, where unpriced calls go through.
    pub(crate) fn ceiling(&self) -> Option<(PicoUsd, PicoUsd)> {
        let settings = self.0.load();
        let s = settings.as_ref().as_ref().filter(|s| s.unpriced == Unpriced::Ceiling)?;
        s.ceiling_input.zip(s.ceiling_output)
    }
}

/// A change of the settings; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeSettings {
    /// Name of the workspace.
    pub workspace_name: Option<String>,
    /// Zone of the budget periods.
    pub time_zone: Option<Zone>,
    /// What happens to unpriced calls.
    pub unpriced: Option<Unpriced>,
    /// Pico-USD per input token; inner `None` clears it.
    pub ceiling_input: Option<Option<PicoUsd>>,
    /// Pico-USD per output token; inner `None` clears it.
    pub ceiling_output: Option<Option<PicoUsd>>,
}

impl Engine {
    pub(crate) async fn load_settings(&self) -> Result<(), Error> {
        if let Some(settings) = self.inner.store.read(|r| r.settings().get()).await? {
            self.inner.settings.set(settings);
        }
        Ok(())
    }

    /// The settings; `None` before set-up. Their name and zone are shown to anybody: the set-up page needs them.
    #[must_use]
    pub fn current_settings(&self) -> Option<Settings> {
        self.inner.settings.get()
    }

    /// The settings.
    ///
    /// # Errors
    /// If `cx` may not see them, or before set-up.
    pub async fn settings(&self, cx: &Cx) -> Result<Settings, Error> {
        self.require(cx, Permission::SettingsRead).await?;
        self.current_settings().ok_or_else(|| Error::not_found("workspace yet"))
    }

    /// Changes the settings. A new time zone moves the bounds of every budget period, so the meters are counted anew.
    ///
    /// # Errors
    /// If `cx` may not change them, or a value is wrong.
    pub async fn change_settings(&self, cx: &Cx, change: ChangeSettings) -> Result<Settings, Error> {
        self.require(cx, Permission::SettingsWrite).await?;
        let before = self.current_settings().ok_or_else(|| Error::not_found("workspace yet"))?;
        let after = changed(&before, change, self.now())?;
        let rate =
            |rate: Option<u64>| rate.map_or_else(|| "none".to_owned(), |r| format!("{r} pico-USD per token"));
        let draft = self
            .draft(cx, "config.changed", "workspace:settings")
            .change("workspace_name", &before.workspace_name, &after.workspace_name)
            .change("time_zone", before.time_zone.name(), after.time_zone.name())
            .change("unpriced", before.unpriced.as_str(), after.unpriced.as_str())
            .change("ceiling_input", rate(before.ceiling_input), rate(after.ceiling_input))
            .change("ceiling_output", rate(before.ceiling_output), rate(after.ceiling_output));
        let stored = after.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.settings().put(&stored)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.settings.set(after.clone());
        if before.time_zone != after.time_zone {
            self.rebuild_admission().await?;
        }
        self.told_of(crate::EventKind::Settings, sequence);
        Ok(after)
    }
}

fn changed(
    before: &Settings,
    change: ChangeSettings,
    now: reeve_core::time::Millis,
) -> Result<Settings, Error> {
    let after = Settings {
        workspace_name: match change.workspace_name {
            Some(name) => crate::tenants::name(&name, "workspace_name")?,
            None => before.workspace_name.clone(),
        },
        time_zone: change.time_zone.unwrap_or(before.time_zone),
        unpriced: change.unpriced.unwrap_or(before.unpriced),
        ceiling_input: change.ceiling_input.unwrap_or(before.ceiling_input),
        ceiling_output: change.ceiling_output.unwrap_or(before.ceiling_output),
        updated_at: now,
    };
    if after.unpriced == Unpriced::Ceiling {
        for (rate, field) in [
            (after.ceiling_input, "ceiling_input_usd_per_million"),
            (after.ceiling_output, "ceiling_output_usd_per_million"),
        ] {
            if rate.is_none_or(|r| r == 0) {
                return Err(Error::field(
                    field,
                    "needs a rate above zero, so that no call is free by accident",
                ));
            }
        }
    }
    Ok(after)
}
