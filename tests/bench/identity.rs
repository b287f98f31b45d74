//! Whether time tells who is a person here: wrong passwords of somebody known and of nobody, in turns.

use crate::Outcome;
use crate::load::percentile;
use crate::table::{Table, Target};
use reeve_core::time::Millis;
use reeve_engine::identity::{Login, Register};
use reeve_engine::{Cx, Via};
use reeve_tests::app::TestApp;
use std::time::Duration;
use tokio::time::Instant;
use zeroize::Zeroizing;

const TURNS: usize = 100;
const KNOWN: &str = "owner@example.com";
const UNKNOWN: &str = "nobody@example.com";

pub(crate) async fn measure(table: &mut Table) -> Outcome {
    let app = TestApp::start().await;
    let register = Register {
        workspace_name: "Meridian".to_owned(),
        time_zone: "UTC".parse()?,
        name: "The Owner".to_owned(),
        email: KNOWN.to_owned(),
        password: Some(Zeroizing::new("marble otter forty lamps".to_owned())),
    };
    let cx = Cx { via: Via::Api, ..Cx::system() };
    app.engine.register(&cx, register).await?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        // Nobody is turned away for guessing.
        app.clock.advance(Millis::DAY * 2);
        let mut both = [(KNOWN, &mut known), (UNKNOWN, &mut unknown)];
        // What the days that have passed bring about falls on the one and the other.
        if turn % 2 == 0 {
            both.reverse();
        }
        for (email, times) in both {
            let time = refused(&app, &cx, email).await?;
            // The first turn warms up.
            if turn > 0 {
                times.push(time);
            }
        }
    }
    known.sort_unstable();
    unknown.sort_unstable();
    for percent in [50, 95] {
        let (here, there) = (percentile(&known, percent), percentile(&unknown, percent));
        table.add(format!("wrong password of somebody, p{percent}"), here, "ms", Target::None);
        let target = if percent == 95 { Target::Below(5.0) } else { Target::None };
        table.add(format!("apart from that of nobody, p{percent}"), (here - there).abs(), "ms", target);
    }
    app.close().await;
    Ok(())
}

async fn refused(
    app: &TestApp,
    cx: &Cx,
    email: &str,
) -> Result<Duration, Box<dyn std::error::Error + Send + Sync>> {
    let login = Login {
        email: email.to_owned(),
        password: Zeroizing::new("wrong wrong wrong".to_owned()),
        code: None,
    };
    let begun = Instant::now();
    match app.engine.login(cx, login).await {
        Err(error) if error.code == reeve_engine::Code::Unauthenticated => Ok(begun.elapsed()),
        Err(error) => Err(error.into()),
        Ok(_) => Err("let in with a wrong password".into()),
    }
}
