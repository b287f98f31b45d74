//! Erasing a person of Reeve's: what is left in the files, in the trail, and in an old copy of the store.

use super::ErasureState;
use crate::audit::{EntryFilter, Stream};
use crate::identity::{Login, Register, User};
use crate::vault::VaultKeys;
use crate::{Code, Cx, Engine, OpenEngine, SystemClock, Via};
use reeve_core::id::UserId;
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use reeve_vault::{Keyring, MemoryKeyring};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use zeroize::Zeroizing;

const PASSWORD: &str = "marble otter forty lamps";
const NAME: &str = "Marked Leaver";
const EMAIL: &str = "marked.leaver@example.com";
const ADDRESS: &str = "203.0.113.201";

async fn open(folder: &Path, keyring: &Arc<MemoryKeyring>) -> Engine {
    let keyring = Arc::clone(keyring);
    let of: crate::vault::KeyringOf = Arc::new(move |_| Arc::clone(&keyring) as Arc<dyn Keyring>);
    let keys = VaultKeys { keyring: Some(of), ..VaultKeys::default() };
    Engine::open(OpenEngine { data_dir: folder.to_owned(), keys, clock: Arc::new(SystemClock) })
        .await
        .unwrap()
}

fn from(principal: Principal) -> Cx {
    let (ip, user_agent) = (Some(ADDRESS.to_owned()), Some("MarkedAgent/1".to_owned()));
    Cx { principal, via: Via::Api, ip, user_agent, ..Cx::system() }
}

/// An engine with an administrator, and a second person who has signed in from [`ADDRESS`].
async fn with_two(folder: &TempDir, keyring: &Arc<MemoryKeyring>) -> (Engine, Cx, User) {
    let engine = open(folder.path(), keyring).await;
    let register = Register {
        workspace_name: "Meridian".to_owned(),
        time_zone: "UTC".parse().unwrap(),
        name: "First Admin".to_owned(),
        email: "admin@example.com".to_owned(),
        password: Some(Zeroizing::new(PASSWORD.to_owned())),
    };
    let admin = engine
        .register(&Cx { via: Via::Api, principal: Principal::Anonymous, ..Cx::system() }, register)
        .await;
    let admin = admin.unwrap().user;
    let hash = {
        let id = admin.id;
        engine.inner.store.read(move |r| r.users().get(id)).await.unwrap().unwrap().password_hash
    };
    let now = engine.now();
    let leaver = User {
        id: UserId(engine.inner.ids.next()),
        subject: "u:k7m2pq3f2a".to_owned(),
        name: NAME.to_owned(),
        email: EMAIL.to_owned(),
        password_hash: hash,
        second_factor: false,
        disabled_at: None,
        role: Role::Operator.into(),
        created_at: now,
        updated_at: now,
    };
    let (draft, stored) = (engine.draft(&Cx::system(), "user.create", "user:test"), leaver.clone());
    let insert = move |tx: &mut reeve_store::Tx<'_>| draft.record(tx)?.users().insert(&stored);
    engine.inner.store.write(insert).await.unwrap();
    engine.load_sessions().await.unwrap();
    let login = Login { email: EMAIL.to_owned(), password: Zeroizing::new(PASSWORD.to_owned()), code: None };
    engine.login(&from(Principal::Anonymous), login).await.unwrap();
    let leaver_cx = from(Principal::User {
        id: leaver.id,
        subject: leaver.subject.clone(),
        may: Role::Operator.allowance(),
        grants: Arc::default(),
        session: None,
    });
    // Denied, and written down with where it came from.
    assert_eq!(engine.erasures(&leaver_cx, None, 1).await.unwrap_err().code, Code::Forbidden);
    let cx = Cx {
        principal: Principal::User {
            id: admin.id,
            subject: admin.subject,
            may: Role::Admin.allowance(),
            grants: Arc::default(),
            session: None,
        },
        via: Via::Api,
        ..Cx::system()
    };
    (engine, cx, leaver)
}

/// The IP addresses that the trail shows of what the leaver did.
async fn shown(engine: &Engine, cx: &Cx, subject: &str) -> (Vec<String>, Vec<String>) {
    let filter = EntryFilter { who: Some(subject.to_owned()), ..EntryFilter::default() };
    let page = engine.audit_page(cx, filter, 100).await.unwrap();
    let (mut ips, mut names) = (Vec::new(), Vec::new());
    for entry in page.entries {
        ips.extend(engine.audit_entry(cx, Stream::Audit, entry.sequence).await.unwrap().ip);
        names.push(entry.actor.name);
    }
    (ips, names)
}

/// Every file of the folder holds none of these.
fn nothing_of(folder: &Path, marks: &[&str]) {
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for mark in marks {
            let found = bytes.windows(mark.len()).any(|w| w.eq_ignore_ascii_case(mark.as_bytes()));
            assert!(!found, "{} holds {mark}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_with_name_account_sessions_and_addresses_and_the_chain_stays() {
    let (folder, keyring) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyring::new()));
    let (engine, cx, leaver) = with_two(&folder, &keyring).await;
    let (ips, names) = shown(&engine, &cx, &leaver.subject).await;
    assert!(ips.len() >= 2 && ips.iter().all(|ip| ip == ADDRESS), "{ips:?}");
    assert!(names.iter().all(|name| name == NAME));
    assert!(engine.audit_entry(&cx, Stream::Audit, 0).await.is_ok());

    let request = engine.request_erasure(&cx, &leaver.subject).await.unwrap();
    assert_eq!(request.state, ErasureState::Requested);
    assert_eq!(engine.request_erasure(&cx, &leaver.subject).await.unwrap_err().code, Code::Conflict);
    let done = engine.carry_out_erasure(&cx, request.id).await.unwrap();
    assert_eq!((done.state, done.keys), (ErasureState::Done, 1));
    assert!(done.sections >= 2, "{done:?}");
    // While it is open and without an orderly end: nothing is left in the file, its log, or beside it.
    nothing_of(folder.path(), &[NAME, EMAIL, ADDRESS, "MarkedAgent"]);

    let (ips, names) = shown(&engine, &cx, &leaver.subject).await;
    assert_eq!(ips, Vec::<String>::new());
    assert!(!names.is_empty() && names.iter().all(|name| name == "Erased person 3f2a"), "{names:?}");
    for stream in Stream::ALL {
        assert!(engine.verify(&cx, stream).await.unwrap().intact(), "{stream:?}");
    }
    let login = Login { email: EMAIL.to_owned(), password: Zeroizing::new(PASSWORD.to_owned()), code: None };
    let anonymous = Cx { principal: Principal::Anonymous, via: Via::Api, ..Cx::system() };
    assert_eq!(engine.login(&anonymous, login).await.unwrap_err().code, Code::Unauthenticated);
    assert_eq!(engine.carry_out_erasure(&cx, request.id).await.unwrap_err().code, Code::Conflict);
    assert_eq!(engine.request_erasure(&cx, &leaver.subject).await.unwrap_err().code, Code::Conflict);

    // The same after a start.
    engine.close().await;
    drop(engine);
    let engine = open(folder.path(), &keyring).await;
    assert_eq!(shown(&engine, &cx, &leaver.subject).await.0, Vec::<String>::new());
    assert!(engine.verify(&cx, Stream::Audit).await.unwrap().intact());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_store_from_before_does_not_bring_anybody_back() {
    let (folder, keyring) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyring::new()));
    let (engine, cx, leaver) = with_two(&folder, &keyring).await;
    engine.close().await;
    drop(engine);
    let copy = std::fs::read(folder.path().join("reeve.db")).unwrap();
    let engine = open(folder.path(), &keyring).await;
    let request = engine.request_erasure(&cx, &leaver.subject).await.unwrap();
    engine.carry_out_erasure(&cx, request.id).await.unwrap();
    // Somebody else's stay readable, under the new wrapping key.
    let anonymous = shown(&engine, &cx, "anonymous").await;
    engine.close().await;
    drop(engine);

    std::fs::write(folder.path().join("reeve.db"), copy).unwrap();
    let engine = open(folder.path(), &keyring).await;
    let (ips, names) = shown(&engine, &cx, &leaver.subject).await;
    assert_eq!(ips, Vec::<String>::new(), "an old copy opens what was erased");
    // What the copy held in the clear is in it, of course: the account.
    assert!(names.iter().all(|name| name == NAME));
    drop(anonymous);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_keys_and_the_sweep_is_finished_by_the_next_start() {
    let (folder, keyring) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyring::new()));
    let (engine, cx, leaver) = with_two(&folder, &keyring).await;
    // As `destroy_keys` does, up to its commit.
    engine.inner.privacy.begin_change_for_test();
    let key = {
        let read = |r: &reeve_store::Read<'_>| r.subject_keys().all();
        let all = engine.inner.store.read(read).await.unwrap();
        all.into_iter().find(|k| k.subject == leaver.subject).unwrap().id
    };
    let (draft, id) = (engine.draft(&Cx::system(), "privacy.done", "subject:x"), key.clone());
    let destroy = move |tx: &mut reeve_store::Tx<'_>| draft.record(tx)?.subject_keys().destroy(&id);
    engine.inner.store.write(destroy).await.unwrap();
    assert!(engine.inner.store.read(|r| r.unswept()).await.unwrap());
    engine.close().await;
    drop(engine);

    let engine = open(folder.path(), &keyring).await;
    for _ in 0..200 {
        if !engine.inner.store.read(|r| r.unswept()).await.unwrap()
            && !engine.inner.privacy.changing_for_test()
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(!engine.inner.store.read(|r| r.unswept()).await.unwrap());
    assert!(!engine.inner.privacy.changing_for_test());
    let text = std::fs::read_to_string(folder.path().join("privacy.key")).unwrap();
    assert_eq!(text.lines().count(), 2, "one key is left");
    // The administrator's own are wrapped by it.
    let admin = engine.audit_entry(&cx, Stream::Audit, 0).await;
    assert!(admin.is_ok());
    assert!(engine.verify(&cx, Stream::Audit).await.unwrap().intact());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_administrator_cannot_be_erased() {
    let (folder, keyring) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyring::new()));
    let (engine, cx, _) = with_two(&folder, &keyring).await;
    let Principal::User { subject, .. } = &cx.principal else { panic!("a person") };
    assert_eq!(engine.request_erasure(&cx, subject).await.unwrap_err().code, Code::PreconditionFailed);
    assert_eq!(engine.request_erasure(&cx, "u:nobody").await.unwrap_err().code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn restricted_is_kept_and_not_shown() {
    let (folder, keyring) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyring::new()));
    let (engine, cx, leaver) = with_two(&folder, &keyring).await;
    let known = engine.restrict_subject(&cx, &leaver.subject, true).await.unwrap();
    assert!(known.restricted_at.is_some());
    assert_eq!(shown(&engine, &cx, &leaver.subject).await.0, Vec::<String>::new());
    engine.restrict_subject(&cx, &leaver.subject, false).await.unwrap();
    assert!(!shown(&engine, &cx, &leaver.subject).await.0.is_empty());
}
