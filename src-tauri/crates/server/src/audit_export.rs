//! `audit export`: entries as a file, from a data folder that no other Reeve has open.

use crate::arguments::{AuditCommand, EvidenceFlags, ExportFlags};
use crate::failure::Failure;
use crate::{data, output};
use reeve_core::time::Millis;
use reeve_engine::audit::{EntryFilter, Export, ExportAudit, ExportRange};
use reeve_engine::evidence::AskEvidence;
use reeve_engine::{Cx, Engine};
use std::path::Path;
use tokio::io::AsyncWriteExt as _;

pub(crate) async fn run(command: AuditCommand) -> Result<(), Failure> {
    let flags = match command {
        AuditCommand::Export(flags) => flags,
        AuditCommand::Evidence(flags) => return evidence(flags).await,
    };
    let (to, ask) = (flags.to.clone(), asked(&flags)?);
    // Before anything is noted: nobody's file is written over.
    let file = tokio::fs::File::create_new(&to)
        .await
        .map_err(|source| Failure::File { path: to.clone(), source })?;
    let written = match data::open(flags.folder.data).await {
        Ok(engine) => {
            let written = Box::pin(export(&engine, ask, file, &to)).await;
            engine.close().await;
            written
        }
        Err(failure) => Err(failure),
    };
    if written.is_err() {
        // Half an export is none.
        let _ = tokio::fs::remove_file(&to).await;
    }
    written
}

async fn evidence(flags: EvidenceFlags) -> Result<(), Failure> {
    let EvidenceFlags { folder, to, framework, since, until } = flags;
    let failed = |source| Failure::File { path: to.clone(), source };
    let file = tokio::fs::File::create_new(&to).await.map_err(failed)?;
    let ask = AskEvidence { framework: framework.into(), from: millis(since), to: millis(until) };
    let made = match data::open(folder.data).await {
        Ok(engine) => {
            let made = Box::pin(engine.evidence_pack(&Cx::cli(), ask)).await;
            engine.close().await;
            made.map_err(Failure::from)
        }
        Err(failure) => Err(failure),
    };
    let written = match made {
        Ok(pack) => written(file, &pack.bytes).await.map(|()| pack.entries).map_err(failed),
        Err(failure) => Err(failure),
    };
    if written.is_err() {
        // Half a pack is none.
        let _ = tokio::fs::remove_file(&to).await;
    }
    output::line(&format!("Evidence    {} entries in {}", written?, to.display()))
}

async fn written(mut file: tokio::fs::File, bytes: &[u8]) -> std::io::Result<()> {
    file.write_all(bytes).await?;
    file.flush().await?;
    file.sync_all().await
}

fn asked(flags: &ExportFlags) -> Result<ExportAudit, Failure> {
    let range = match (flags.first, flags.end, flags.since, flags.until) {
        (None, None, None, None) => ExportRange::All,
        (None, None, from, to) => ExportRange::Time { from: from.map(millis), to: to.map(millis) },
        (first, end, None, None) => ExportRange::Sequence { first: first.unwrap_or(0), end },
        _ => return Err(Failure::Setting("a range is given in numbers or in times, not in both".to_owned())),
    };
    let filter = flags
        .event_type
        .as_ref()
        .map(|kind| EntryFilter { kinds: vec![kind.clone()], ..EntryFilter::default() });
    Ok(ExportAudit {
        stream: flags.stream.into(),
        range,
        filter,
        format: flags.format.into(),
        private: flags.private,
    })
}

fn millis(at: chrono::DateTime<chrono::Utc>) -> Millis {
    Millis(at.timestamp_millis())
}

async fn export(engine: &Engine, ask: ExportAudit, file: tokio::fs::File, to: &Path) -> Result<(), Failure> {
    let mut export: Export = engine.export_audit(&Cx::cli(), ask).await?;
    let mut file = tokio::io::BufWriter::new(file);
    let failed = |source| Failure::File { path: to.to_path_buf(), source };
    while let Some(piece) = export.piece().await? {
        file.write_all(&piece).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    file.get_ref().sync_all().await.map_err(failed)?;
    let head = export.head();
    output::line(&format!("Exported    {} entries to {}", export.count(), to.display()))?;
    output::line(&format!("Signed head {} entries", head.size))?;
    output::line(&format!("Key         {}", head.vkey))
}
