//! Evidence packs: what an auditor asks for of a period, as one page to read and the entries to verify it by.
//!
//! The page holds no script and loads nothing; every text from the trail is escaped. It proves nothing by itself: the entries
//! beside it do, and each row names its own.

mod collect;
mod html;

use crate::Engine;
use crate::audit::{ExportAudit, ExportFormat, ExportRange, Stream};
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use collect::Found;
use reeve_bundle::archive::{ArchiveWriter, TooLarge};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;

/// Entries of a period at most: a pack is made in memory.
const MOST: u64 = 200_000;

/// Whose words the page uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framework {
    /// The trust services criteria of SOC 2.
    Soc2,
    /// The security rule of HIPAA.
    Hipaa,
}

impl Framework {
    /// The word on the wire and in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Soc2 => "soc2",
            Self::Hipaa => "hipaa",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct AskEvidence {
    /// Whose words.
    pub framework: Framework,
    /// From this moment.
    pub from: Millis,
    /// Before this moment.
    pub to: Millis,
}

/// A pack: a zip with `report.html`, `entries.zip` (a bundle to verify) and `README.txt`.
#[derive(Debug)]
pub struct EvidencePack {
    /// A name for its file.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Entries of the period.
    pub entries: u64,
}

const README: &str = "report.html   what happened in the period, to read and to print\n\
entries.zip   every entry of the period, with the signed checkpoint: verify it with\n\
              reeve-verify entries.zip --vkey KEY   or   python3 verify.py entries.zip --vkey KEY\n\
              (verify.py lies inside; take the key from somebody else than who gave you this file)\n\n\
The report is a reading of those entries and proves nothing by itself: every row names its entry.\n";

impl Engine {
    /// Makes the evidence pack of a period, and notes that in the trail. The whole stream is verified for it.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, the period is empty, pruned or too long, or the vault is locked.
    pub async fn evidence_pack(&self, cx: &Cx, ask: AskEvidence) -> Result<EvidencePack, Error> {
        self.require(cx, Permission::AuditRead).await?;
        if ask.from >= ask.to {
            return Err(Error::field("to", "must be after from"));
        }
        let run = self.inner.store.read(move |r| r.entries().run_of(Stream::Audit, ask.from, ask.to)).await?;
        let (first, end) =
            run.ok_or_else(|| Error::field("from", "begins a period in which nothing was recorded"))?;
        if end - first > MOST {
            return Err(Error::field(
                "from",
                "begins a period of more than 200,000 entries; choose a shorter one",
            ));
        }
        let entries = end - first;
        let draft = self
            .draft(cx, "evidence.export", "ledger:audit")
            .detail("framework", ask.framework.as_str())
            .detail("from", ask.from.to_string())
            .detail("until", ask.to.to_string())
            .detail("entries", entries)
            .outcome(Outcome::Success, Severity::Notice);
        self.record(draft).await?;
        let verification = self.verify(cx, Stream::Audit).await?;
        let found = Found::collect(self, &ask, first, end).await?;
        let bundle = self.bundle(cx, first, end).await?;
        let head = self.audit_head(&Cx::system(), Stream::Audit).await?;
        let page = html::page(&html::Sheet {
            ask: &ask,
            workspace: self.current_settings().map(|s| s.workspace_name).unwrap_or_default(),
            zone: self.zone(),
            at: self.now(),
            head: &head,
            verification: &verification,
            found: &found,
        });
        let day = |at: Millis| at.to_datetime().format("%Y-%m-%d").to_string();
        let file_name =
            format!("reeve-evidence-{}-{}-{}.zip", ask.framework.as_str(), day(ask.from), day(ask.to));
        Ok(EvidencePack { file_name, bytes: zipped(&page, &bundle).map_err(too_large)?, entries })
    }

    /// The entries as a bundle: by number, so that what the pack itself wrote moves nothing.
    async fn bundle(&self, cx: &Cx, first: u64, end: u64) -> Result<Vec<u8>, Error> {
        let ask = ExportAudit {
            stream: Stream::Audit,
            range: ExportRange::Sequence { first, end: Some(end) },
            filter: None,
            format: ExportFormat::Bundle,
            private: false,
        };
        let mut export = self.export_audit(cx, ask).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = export.piece().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

fn zipped(page: &str, bundle: &[u8]) -> Result<Vec<u8>, TooLarge> {
    let mut archive = ArchiveWriter::default();
    for (name, data) in
        [("report.html", page.as_bytes()), ("entries.zip", bundle), ("README.txt", README.as_bytes())]
    {
        archive.add(name, data)?;
    }
    archive.finish()?;
    Ok(archive.take())
}

fn too_large(source: TooLarge) -> Error {
    Error::new(Code::Invalid, "The pack would be larger than 4 GiB; choose a shorter period.").because(source)
}

#[cfg(test)]
mod tests;
