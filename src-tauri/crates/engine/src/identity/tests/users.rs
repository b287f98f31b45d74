//! Invitations, roles and sessions of others on a real store: somebody who may do everything stays, nothing is taken up twice, and
//! what ends is over at once.

use super::*;
use crate::identity::{Accept, Invite};
use reeve_core::id::UserId;
use reeve_core::role::RoleRef;

pub(super) const OTHER: &str = "other@example.com";

/// A house with its owner, signed in.
pub(super) async fn owned() -> (House, Cx) {
    let (house, signed_in) = registered().await;
    let cx = as_of(&house, &signed_in).await;
    (house, cx)
}

pub(super) async fn as_of(house: &House, signed_in: &SignedIn) -> Cx {
    Cx { principal: house.engine.authenticate(&signed_in.access_token).await.unwrap(), ..http() }
}

fn invite(email: &str, role: impl Into<RoleRef>) -> Invite {
    Invite { email: email.into(), role: role.into(), days: 7 }
}

fn accept(token: &str) -> Accept {
    Accept {
        token: Zeroizing::new(token.to_owned()),
        name: "The Other".into(),
        password: Zeroizing::new("seven brass doors hum".into()),
    }
}

/// Somebody else with that role, signed in.
pub(super) async fn joined(house: &House, cx: &Cx, email: &str, role: Role) -> SignedIn {
    joined_as(house, cx, email, role.into()).await
}

pub(super) async fn joined_as(house: &House, cx: &Cx, email: &str, role: RoleRef) -> SignedIn {
    let made = house.engine.invite(cx, invite(email, role)).await.unwrap();
    house.engine.accept_invitation(&http(), accept(&made.token)).await.unwrap()
}

#[tokio::test]
async fn an_invitation_brings_one_person_in_with_its_role() {
    let (house, cx) = owned().await;
    let made = house.engine.invite(&cx, invite(" other@example.com ", Role::Finance)).await.unwrap();
    let seen = house.engine.invitation(&made.token).await.unwrap();
    assert_eq!((seen.email.as_str(), seen.role), (OTHER, Role::Finance.into()));
    let weak = Accept { password: Zeroizing::new("short".into()), name: " ".into(), ..accept(&made.token) };
    let error = house.engine.accept_invitation(&http(), weak).await.unwrap_err();
    let fields: Vec<_> = error.fields.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["name", "password"]);
    let cx2 = http();
    let (a, b) = tokio::join!(
        house.engine.accept_invitation(&cx2, accept(&made.token)),
        house.engine.accept_invitation(&cx2, accept(&made.token))
    );
    assert_eq!([&a, &b].iter().filter(|r| r.is_ok()).count(), 1, "once");
    let in_now = a.or(b).unwrap();
    assert_eq!((in_now.user.role, in_now.user.email.as_str()), (Role::Finance.into(), OTHER));
    assert!(house.engine.invitations(&cx).await.unwrap().is_empty());
    assert_eq!(
        house.engine.accept_invitation(&http(), accept(&made.token)).await.unwrap_err().code,
        Code::NotFound
    );
    let taken = house.engine.invite(&cx, invite("OTHER@example.com", Role::User)).await.err().unwrap();
    assert_eq!(taken.fields[0].field, "email");
    let kinds = house.kinds().await;
    for kind in ["invitation.create", "user.create", "auth.login", "auth.failed"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} in {kinds:?}");
    }
    for entry in house.entries().await {
        let leaf = String::from_utf8_lossy(&entry.bytes).into_owned();
        assert!(!leaf.contains("other@") && !leaf.contains(made.token.as_str()), "{leaf}");
    }
}

#[tokio::test]
async fn an_invitation_ends_by_time_by_hand_and_by_the_next_one() {
    let (house, cx) = owned().await;
    let gone = |token: Zeroizing<String>| {
        let house = &house;
        async move { house.engine.invitation(&token).await.err().map(|e| e.code) }
    };
    let first = house.engine.invite(&cx, invite(OTHER, Role::User)).await.unwrap();
    let second = house.engine.invite(&cx, invite(OTHER, Role::Developer)).await.unwrap();
    assert_eq!(gone(first.token).await, Some(Code::NotFound), "replaced");
    assert_eq!(house.engine.invitations(&cx).await.unwrap().len(), 1);
    house.engine.revoke_invitation(&cx, second.invitation.id).await.unwrap();
    assert_eq!(gone(second.token).await, Some(Code::NotFound), "taken back");
    assert_eq!(
        house.engine.revoke_invitation(&cx, second.invitation.id).await.unwrap_err().code,
        Code::NotFound
    );
    let third = house.engine.invite(&cx, invite(OTHER, Role::User)).await.unwrap();
    house.later(7 * Millis::DAY);
    let late = house.engine.accept_invitation(&http(), accept(&third.token)).await.unwrap_err();
    assert_eq!(late.code, Code::NotFound, "over");
    for days in [0, 31] {
        let signed_in = house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
        let cx = as_of(&house, &signed_in).await;
        let wrong = Invite { email: "x".into(), days, role: Role::User.into() };
        let fields = house.engine.invite(&cx, wrong).await.err().unwrap().fields;
        assert_eq!(fields.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["email", "days"]);
    }
}

#[tokio::test]
async fn nobody_is_invited_who_would_shut_the_owner_out() {
    let house = House::new().await;
    house.engine.register(&cx(Via::Ui), register(None)).await.unwrap();
    let owner = Cx { principal: house.engine.window_principal(), ..cx(Via::Ui) };
    let refused = house.engine.invite(&owner, invite(OTHER, Role::User)).await.err().unwrap();
    assert_eq!(refused.code, Code::PreconditionFailed);
}

#[tokio::test]
async fn only_admins_say_who_may_what() {
    let (house, cx) = owned().await;
    for (n, role) in
        [Role::Security, Role::Operator, Role::Finance, Role::Developer, Role::User].into_iter().enumerate()
    {
        let other = joined(&house, &cx, &format!("p{n}@example.com"), role).await;
        let id = other.user.id;
        let other = as_of(&house, &other).await;
        for wanted in [Role::Admin, role] {
            let refused =
                house.engine.invite(&other, invite("friend@example.com", wanted)).await.err().unwrap();
            assert_eq!(refused.code, Code::Forbidden, "{role:?}");
            assert_eq!(
                house.engine.set_role(&other, id, wanted.into()).await.unwrap_err().code,
                Code::Forbidden
            );
        }
        assert_eq!(house.engine.disable_user(&other, id).await.unwrap_err().code, Code::Forbidden);
        assert_eq!(house.engine.enable_user(&other, id).await.unwrap_err().code, Code::Forbidden);
        assert_eq!(house.engine.take_second_factor_off(&other, id).await.unwrap_err().code, Code::Forbidden);
        let may_look = role == Role::Security;
        assert_eq!(house.engine.users(&other).await.is_ok(), may_look, "{role:?}");
        assert_eq!(house.engine.sessions(&other, Some(id)).await.is_ok(), may_look, "{role:?}");
        assert_eq!(house.engine.sessions(&other, None).await.unwrap().len(), 1, "one's own are everybody's");
    }
}

#[tokio::test]
async fn the_last_admin_stays() {
    let (house, cx) = owned().await;
    let Principal::User { id: owner, .. } = cx.principal else { panic!("a person") };
    assert_eq!(house.engine.set_role(&cx, owner, Role::User.into()).await.unwrap_err().code, Code::Conflict);
    let other = joined(&house, &cx, OTHER, Role::Admin).await;
    let other_cx = as_of(&house, &other).await;
    assert_eq!(house.engine.disable_user(&cx, owner).await.unwrap_err().code, Code::Conflict, "not oneself");
    // Each takes the other's role away at the same time: one of them stays.
    let (a, b) = tokio::join!(
        house.engine.set_role(&cx, other.user.id, Role::User.into()),
        house.engine.set_role(&other_cx, owner, Role::User.into())
    );
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1, "{:?} {:?}", a.err(), b.err());
    let people = house.engine.users(&Cx::system()).await.unwrap();
    assert_eq!(people.iter().filter(|p| p.user.role.is_admin()).count(), 1);
}

#[tokio::test]
async fn a_disabled_admin_does_not_count_as_one() {
    let (house, cx) = owned().await;
    let other = joined(&house, &cx, OTHER, Role::Admin).await;
    house.engine.disable_user(&cx, other.user.id).await.unwrap();
    let Principal::User { id: owner, subject, .. } = &cx.principal else { panic!("a person") };
    assert_eq!(house.engine.set_role(&cx, *owner, Role::User.into()).await.unwrap_err().code, Code::Conflict);
    let erased = house.engine.request_erasure(&cx, subject).await.unwrap_err();
    assert_eq!(erased.code, Code::PreconditionFailed);
}

#[tokio::test]
async fn a_role_counts_from_the_next_request_on() {
    let (house, cx) = owned().await;
    let other = joined(&house, &cx, OTHER, Role::User).await;
    let mut changes = house.engine.sign_in_changes();
    let before = as_of(&house, &other).await.principal;
    house.engine.set_role(&cx, other.user.id, Role::Finance.into()).await.unwrap();
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    assert_eq!(as_of(&house, &other).await.principal.allowance(), Role::Finance.allowance());
    assert_eq!(house.engine.as_of_now(&before).unwrap().allowance(), Role::Finance.allowance());
    let count = house.entries().await.len();
    house.engine.set_role(&cx, other.user.id, Role::Finance.into()).await.unwrap();
    assert_eq!(house.entries().await.len(), count, "the same again changes nothing");
    let nobody = UserId(uuid::Uuid::from_u128(9));
    assert_eq!(house.engine.set_role(&cx, nobody, Role::User.into()).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_disabled_person_is_out_at_once_and_stays_out() {
    let (house, cx) = owned().await;
    let other = joined(&house, &cx, OTHER, Role::Finance).await;
    let ticket = house.engine.make_ticket(&as_of(&house, &other).await, None).unwrap();
    let principal = as_of(&house, &other).await.principal;
    house.engine.disable_user(&cx, other.user.id).await.unwrap();
    assert!(!house.engine.still_signed_in(&principal));
    assert!(house.engine.authenticate(&other.access_token).await.is_err());
    assert!(house.engine.redeem_ticket(&ticket, None).is_err());
    let house = house.restarted().await;
    assert!(house.engine.refresh(&http(), other.refresh_token.as_deref().unwrap()).await.is_err());
    let refused = house.engine.login(&http(), login(OTHER, "seven brass doors hum")).await.unwrap_err();
    assert_eq!(refused.code, Code::Unauthenticated);
    assert!(refused.message.contains("disabled"), "{}", refused.message);
    let wrong = house.engine.login(&http(), login(OTHER, "not the password of it")).await.unwrap_err();
    assert!(!wrong.message.contains("disabled"), "a stranger is told nothing");
    house.engine.enable_user(&cx, other.user.id).await.unwrap();
    house.engine.login(&http(), login(OTHER, "seven brass doors hum")).await.unwrap();
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_together() {
    let (house, signed_in) = registered().await;
    let cx = as_of(&house, &signed_in).await;
    let from = |agent: &str| Cx { user_agent: Some(agent.into()), ..http() };
    let phone = house.engine.login(&from("Phone/1"), login(EMAIL, GOOD)).await.unwrap();
    let desk = house.engine.login(&from("Desk/1"), login(EMAIL, GOOD)).await.unwrap();
    let open = house.engine.sessions(&cx, None).await.unwrap();
    let programs: Vec<_> = open.iter().map(|s| s.session.program.as_deref()).collect();
    assert!(programs.contains(&Some("Phone/1")) && programs.contains(&Some("Desk/1")), "{programs:?}");
    assert_eq!(
        open.iter().filter(|s| s.current).map(|s| s.session.id).collect::<Vec<_>>(),
        [signed_in.session]
    );
    house.engine.end_sessions(&cx, None, Some(phone.session)).await.unwrap();
    assert!(house.engine.authenticate(&phone.access_token).await.is_err());
    house.engine.authenticate(&desk.access_token).await.unwrap();
    let again = house.engine.end_sessions(&cx, None, Some(phone.session)).await.unwrap_err();
    assert_eq!(again.code, Code::NotFound);
    assert_eq!(house.engine.end_sessions(&cx, None, None).await.unwrap(), 1);
    assert!(house.engine.authenticate(&desk.access_token).await.is_err());
    house.engine.authenticate(&signed_in.access_token).await.unwrap();
    assert_eq!(house.engine.end_sessions(&cx, None, None).await.unwrap(), 0);
    let left =
        house.engine.inner.store.read(move |r| r.sessions().get(phone.session)).await.unwrap().unwrap();
    assert_eq!(left.program, None, "what was personal of it goes with it");
}

#[tokio::test]
async fn somebody_elses_session_is_ended_by_who_may_and_found_by_nobody_else() {
    let (house, cx) = owned().await;
    let other = joined(&house, &cx, OTHER, Role::Security).await;
    let third = joined(&house, &cx, "third@example.com", Role::User).await;
    let third_cx = as_of(&house, &third).await;
    let mine = house.engine.end_sessions(&third_cx, None, Some(other.session)).await.unwrap_err();
    assert_eq!(mine.code, Code::NotFound, "another's session is none of one's own");
    let denied = house.engine.end_sessions(&third_cx, Some(other.user.id), None).await.unwrap_err();
    assert_eq!(denied.code, Code::Forbidden);
    let other_cx = as_of(&house, &other).await;
    house.later(5 * Millis::MINUTE + 1);
    let stale = house.engine.end_sessions(&other_cx, Some(third.user.id), None).await.unwrap_err();
    assert_eq!(stale.code, Code::StepUpRequired);
    let give = StepUp::Password(Zeroizing::new("seven brass doors hum".into()));
    house.engine.step_up(&other_cx, give).await.unwrap();
    assert_eq!(house.engine.end_sessions(&other_cx, Some(third.user.id), None).await.unwrap(), 1);
    assert!(!house.engine.still_signed_in(&third_cx.principal));
    assert_eq!(house.kinds().await.last().unwrap(), "auth.session_end");
}
