//! `admin`: the first administrator, for machines that are set up by script; and the way back in without a second factor.

use crate::arguments::{AdminCommand, CreateAdminFlags, ResetSecondFactorFlags};
use crate::failure::Failure;
use crate::{data, output};
use reeve_core::period::Zone;
use reeve_engine::Cx;
use reeve_engine::identity::Register;
use std::io::BufRead as _;
use zeroize::Zeroizing;

pub(crate) async fn run(command: AdminCommand) -> Result<(), Failure> {
    match command {
        AdminCommand::Create(flags) => create(flags).await,
        AdminCommand::ResetSecondFactor(flags) => reset_second_factor(flags).await,
    }
}

async fn reset_second_factor(flags: ResetSecondFactorFlags) -> Result<(), Failure> {
    let engine = data::open(flags.folder.data).await?;
    let done = engine.reset_second_factor(&Cx::cli(), &flags.email).await;
    engine.close().await;
    done?;
    output::line(&format!("{} signs in with the password alone now.", flags.email))
}

async fn create(flags: CreateAdminFlags) -> Result<(), Failure> {
    let password = password()?;
    let register = register(&flags, password)?;
    let engine = data::open(flags.folder.data).await?;
    let created = engine.create_admin(&Cx::cli(), register).await;
    engine.close().await;
    output::line(&format!("{} may sign in now.", created?.email))
}

fn register(flags: &CreateAdminFlags, password: Zeroizing<String>) -> Result<Register, Failure> {
    let zone = flags.time_zone.parse::<Zone>().map_err(|e| Failure::Setting(e.to_string()))?;
    let mailbox = flags.email.split('@').next().unwrap_or_default();
    Ok(Register {
        workspace_name: flags.workspace.clone(),
        time_zone: zone,
        name: flags.name.clone().unwrap_or_else(|| mailbox.to_owned()),
        email: flags.email.clone(),
        password: Some(password),
    })
}

/// The first line of standard input. On the command line other people of this machine could read it.
fn password() -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::with_capacity(512));
    std::io::stdin().lock().read_line(&mut line).map_err(|e| Failure::NoPassword(Some(e)))?;
    let text = line.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(Failure::NoPassword(None)) } else { Ok(Zeroizing::new(text.to_owned())) }
}
