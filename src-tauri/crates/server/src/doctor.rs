//! `doctor`: how a data folder is.

use crate::arguments::DataFlag;
use crate::failure::Failure;
use crate::{data, output};
use reeve_engine::audit::{Stream, Verification};
use reeve_engine::{Cx, Engine};

pub(crate) async fn run(folder: DataFlag) -> Result<(), Failure> {
    let engine = data::open(folder.data).await?;
    let looked = look(&engine).await;
    engine.close().await;
    if looked? { Ok(()) } else { Err(Failure::NotInOrder) }
}

/// Tells what it finds; returns whether all is in order.
async fn look(engine: &Engine) -> Result<bool, Failure> {
    let workspace =
        engine.current_settings().map_or_else(|| "not set up yet".to_owned(), |s| s.workspace_name);
    output::line(&format!("Data        {}", engine.data_dir().display()))?;
    output::line(&format!("Version     {}", env!("CARGO_PKG_VERSION")))?;
    output::line(&format!("Workspace   {workspace}"))?;
    let locked = engine.vault_locked();
    let vault = locked.as_ref().map_or_else(|| "open".to_owned(), |l| format!("locked: {}", l.message));
    output::line(&format!("Vault       {vault}"))?;
    let mut intact = true;
    for stream in Stream::ALL {
        let verification = engine.verify(&Cx::cli(), stream).await?;
        intact &= verification.intact();
        output::line(&ledger(stream, &verification))?;
    }
    let (total, charges) = engine.settled_total(&Cx::cli()).await?;
    output::line(&format!("Charges     {charges}, ${total} together"))?;
    let holds = engine.holds(&Cx::cli()).await?.len();
    if holds > 0 {
        output::line(&format!("Holds       {holds} left by a crash; look at them in the console"))?;
    }
    Ok(intact && locked.is_none())
}

fn ledger(stream: Stream, verification: &Verification) -> String {
    let name = if stream == Stream::Audit { "Audit" } else { "Usage" };
    let ms = verification.took.as_millis();
    format!("{name:<12}{} ({ms} ms)", verification.statement())
}
