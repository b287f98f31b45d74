//! The security board: every figure is the length of the list that its filter gives, and days that stand out say why.

use crate::world::{World, ready};
use reeve_core::id::UserId;
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_engine::audit::{
    EntryFilter, ExportAudit, ExportFormat, ExportRange, Kinds, SecurityBoard, SecurityGroup, Stream,
};
use reeve_engine::identity::Login;
use reeve_engine::{Code, Cx, Engine};
use zeroize::Zeroizing;

fn of<'b>(board: &'b SecurityBoard, key: &str) -> &'b SecurityGroup {
    board.groups.iter().find(|group| group.key == key).unwrap()
}

/// Somebody who may do next to nothing.
fn stranger(cx: &Cx) -> Cx {
    let id = UserId("0199f3c0-0000-7000-8000-000000000001".parse().unwrap());
    let principal = Principal::User {
        id,
        subject: "u_other".to_owned(),
        may: Role::User.allowance(),
        grants: std::sync::Arc::default(),
        session: None,
    };
    Cx { principal, ..cx.clone() }
}

/// Is refused `times`.
async fn denied(engine: &Engine, cx: &Cx, times: u64) {
    for _ in 0..times {
        let refused = engine.security_board(&stranger(cx), 30).await.unwrap_err();
        assert_eq!(refused.code, Code::Forbidden);
    }
}

async fn exported(engine: &Engine, cx: &Cx) {
    let ask = ExportAudit {
        stream: Stream::Audit,
        range: ExportRange::All,
        filter: None,
        format: ExportFormat::Csv,
        private: false,
    };
    let mut export = engine.export_audit(cx, ask).await.unwrap();
    while export.piece().await.unwrap().is_some() {}
}

/// The list that a group leads to.
fn listed(group: &SecurityGroup, from: Millis, to: Millis) -> EntryFilter {
    let kinds = Kinds::read("event_type", group.event_types.iter().copied()).unwrap();
    EntryFilter { ok: group.denied.then_some(1), from: Some(from), to: Some(to), ..kinds.filter() }
}

async fn figures_are_lengths_of_lists(engine: &Engine, cx: &Cx, board: &SecurityBoard) {
    for group in &board.groups {
        let page = engine.audit_page(cx, listed(group, board.from, board.to), 1_000).await.unwrap();
        assert_eq!(page.matched, Some(group.total), "{}", group.key);
        assert_eq!(page.entries.len() as u64, group.total, "{}", group.key);
        let latest: Vec<_> = group.latest.iter().map(|entry| entry.sequence).collect();
        let newest: Vec<_> = page.entries.iter().take(5).map(|entry| entry.sequence).collect();
        assert_eq!(latest, newest, "{}", group.key);
        assert_eq!(group.actors_of, group.total, "{}", group.key);
        for day in &group.days {
            let page = engine.audit_page(cx, listed(group, day.start, day.end), 1).await.unwrap();
            assert_eq!(page.matched, Some(day.count), "{} on {}", group.key, day.day);
        }
        for actor in &group.actors {
            let by = page.entries.iter().filter(|entry| entry.actor.id == actor.actor.id).count();
            assert_eq!(actor.count, by as u64, "{} by {}", group.key, actor.actor.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_is_the_length_of_its_list() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let board = engine.security_board(&cx, 30).await.unwrap();
    assert_eq!((board.groups.len(), board.groups[0].days.len()), (6, 30));
    assert!(board.groups.iter().all(|group| group.before.is_none()));
    // It is 13:00 in Berlin: the last moment of the day, and the first of the next.
    world.clock.advance(11 * Millis::HOUR - 1);
    denied(&engine, &cx, 2).await;
    world.clock.advance(1);
    denied(&engine, &cx, 3).await;
    let wrong = Login {
        email: "nobody@example.com".to_owned(),
        password: Zeroizing::new("wrong".to_owned()),
        code: None,
    };
    let nobody = Cx { principal: Principal::Anonymous, ..cx.clone() };
    assert_eq!(engine.login(&nobody, wrong).await.unwrap_err().code, Code::Unauthenticated);
    exported(&engine, &cx).await;
    let board = engine.security_board(&cx, 30).await.unwrap();
    let denials = of(&board, "denials");
    let last: Vec<_> =
        denials.days.iter().rev().take(3).map(|day| (day.day.to_string(), day.count)).collect();
    assert_eq!(
        last,
        [("2026-11-21".to_owned(), 3), ("2026-11-20".to_owned(), 2), ("2026-11-19".to_owned(), 0)]
    );
    assert_eq!(
        (denials.total, denials.actors[0].count, denials.actors[0].actor.id.as_str()),
        (5, 5, "u_other")
    );
    let failed = of(&board, "failed_sign_ins");
    assert_eq!((failed.total, failed.actors[0].actor.kind), (1, "anonymous"));
    assert_eq!(of(&board, "exports").total, 1);
    figures_are_lengths_of_lists(&engine, &cx, &board).await;
    assert_eq!(engine.security_board(&cx, 1).await.unwrap().groups[1].total, 3);
    for days in [0, 91] {
        assert_eq!(engine.security_board(&cx, days).await.unwrap_err().code, Code::Invalid);
    }
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_stand_out_say_why_and_a_first_export_is_told() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    for day in 0..20 {
        world.clock.advance(Millis::DAY);
        denied(&engine, &cx, 1 + day % 2).await;
    }
    exported(&engine, &cx).await;
    let board = engine.security_board(&cx, 7).await.unwrap();
    assert!(of(&board, "denials").days.iter().all(|day| day.unusual.is_none()));
    assert_eq!(of(&board, "denials").before, Some(10));
    assert!(of(&board, "exports").actors[0].first_time);
    // The first day of all is not whole, so it is the days since that are compared with.
    world.clock.advance(Millis::DAY);
    denied(&engine, &cx, 6).await;
    let board = engine.security_board(&cx, 7).await.unwrap();
    let today = of(&board, "denials").days.last().unwrap();
    assert_eq!(
        today.unusual.as_deref().unwrap(),
        "6 on 11 Dec. In the 20 days before there were 1.5 a day on average, and up to 3.0 would be usual."
    );
    figures_are_lengths_of_lists(&engine, &cx, &board).await;
    // A week later the same person has exported before.
    world.clock.advance(8 * Millis::DAY);
    exported(&engine, &cx).await;
    let board = engine.security_board(&cx, 7).await.unwrap();
    assert_eq!((of(&board, "exports").total, of(&board, "exports").actors[0].first_time), (1, false));
    engine.close().await;
}
